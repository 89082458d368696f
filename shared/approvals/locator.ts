import { createHash } from 'node:crypto';

/** Bytes of randomness in a mail link. */
export const LOCATOR_BYTES = 16;

const LOCATOR = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const APPROVAL_ID = /^[0-9a-f]{32}$/;

/** A fresh locator from 16 random bytes: 22 characters of base64url. */
export const newLocator = (randomBytes: (count: number) => Uint8Array): string =>
  Buffer.from(randomBytes(LOCATOR_BYTES)).toString('base64url');

/** What is stored of a locator; 64 hex digits. */
export const locatorDigest = (locator: string): string => createHash('sha256').update(locator).digest('hex');

/** The link in a mail. */
export const mailLink = (publicUrl: string, locator: string): string =>
  `${publicUrl.replace(/\/+$/, '')}/a/${locator}`;

/**
 * What stands after `/a/`: a locator from a mail, or the id of an approval from the inbox (which opens nothing
 * without a session). Anything else was cut off or mistyped.
 */
export const readPath = (
  segment: string,
):
  | { readonly kind: 'locator'; readonly digest: string }
  | { readonly kind: 'id'; readonly approvalId: string }
  | null => {
  if (LOCATOR.test(segment)) return { kind: 'locator', digest: locatorDigest(segment) };
  if (APPROVAL_ID.test(segment)) return { kind: 'id', approvalId: segment };
  return null;
};
