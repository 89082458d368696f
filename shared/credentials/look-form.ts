import { createHash } from 'node:crypto';
import type { CredentialRef } from '../actions/dry-run.ts';
import { canonicalJson } from '../actions/canonical-json.ts';
import { formNonce, newNonce, nonceCookie, nonceCookieName, nonceFits } from '../approvals/decision-nonce.ts';
import type { Keyring } from './keyring.ts';
import type { UseKeyring } from './use-keyring.ts';

/** The page that the forms are on: one cookie for all of them. */
const PAGE = 'credentials';

/** Which credential a form is about. */
export interface LookPlace extends CredentialRef {
  readonly project: string;
}

/** A decision form of its own kind: the credential stands where a request's hash stands for an approval. */
const shownOf = ({ project, provider, account, environment }: LookPlace, csrf: string) => ({
  approvalId: PAGE,
  requestHash: createHash('sha256')
    .update(
      canonicalJson({
        domain: 'autopack.credential-look',
        v: 1,
        project,
        provider,
        account,
        environment,
      }),
    )
    .digest('hex'),
  version: 1,
  csrf,
});

/** The text of the page's cookie: the one that the browser has, so that pages in several tabs all hold, or a new one. */
export const lookNonce = (
  cookies: Readonly<Record<string, string>>,
  randomBytes: (count: number) => Uint8Array,
): string => {
  const name = nonceCookieName(PAGE);
  const kept = Object.hasOwn(cookies, name) ? cookies[name] : undefined;
  return kept !== undefined && /^[A-Za-z0-9_-]{43}$/.test(kept) ? kept : newNonce(randomBytes);
};

/** Complete Set-Cookie value. */
export const lookNonceCookie = (nonce: string): string => nonceCookie(PAGE, nonce);

/** The value of a form's hidden field. */
export const lookFormNonce = (
  ring: Keyring,
  nonce: string,
  place: LookPlace,
  csrf: string,
  now: number,
): string => formNonce(ring, nonce, shownOf(place, csrf), now);

/** Whether cookie and form belong together, and are about this credential. */
export const lookNonceFits = (
  useKeyring: UseKeyring,
  cookies: Readonly<Record<string, string>>,
  posted: string,
  place: LookPlace,
  csrf: string,
  now: number,
): Promise<boolean> => nonceFits(useKeyring, cookies, posted, shownOf(place, csrf), now);
