import { createHash, timingSafeEqual } from 'node:crypto';
import { localPath } from './return-path.ts';
import { sha256 } from '../actions/canonical-json.ts';

/** Lives in the browser between /sign-in and /signed-in. */
export const SIGN_IN_COOKIE = '__Host-autopack-sign-in';
/** How long a person may take at the identity provider. */
export const SIGN_IN_MAX_MS = 10 * 60_000;

/**
 * One attempt to sign in. All of it is in the cookie, so that starting one writes nothing (a mail scanner may
 * follow the link); `state`, `nonce` and the PKCE verifier are derived from it and never stored. The cookie needs
 * no signature: changing it changes `state`, which comes back from the identity provider.
 */
export interface SignInTransaction {
  /** 256 bits of randomness, base64url. */
  readonly token: string;
  readonly startedAtMs: number;
  readonly fresh: boolean;
  /** Already checked path of our own. */
  readonly returnTo: string;
}

const FORM = /^([A-Za-z0-9_-]{43})\.(\d{13})\.([01])\.([A-Za-z0-9_-]+)$/;

const encode = (transaction: SignInTransaction): string =>
  [
    transaction.token,
    transaction.startedAtMs,
    transaction.fresh ? 1 : 0,
    Buffer.from(transaction.returnTo).toString('base64url'),
  ].join('.');

/** The transaction of a cookie; undefined where it is none of ours or names a place that is not ours. */
export const readTransaction = (cookie: string | undefined): SignInTransaction | undefined => {
  const [, token, startedAt, fresh, place] = FORM.exec(cookie ?? '') ?? [];
  if (token === undefined || place === undefined) return undefined;
  const returnTo = localPath(Buffer.from(place, 'base64url').toString('utf8'));
  if (returnTo === undefined) return undefined;
  return { token, startedAtMs: Number(startedAt), fresh: fresh === '1', returnTo };
};

const derived = (what: string, transaction: SignInTransaction): string =>
  createHash('sha256')
    .update(`autopack.sign-in.${what}.v1\n${encode(transaction)}`)
    .digest('base64url');

export const stateOf = (transaction: SignInTransaction): string => derived('state', transaction);
export const nonceOf = (transaction: SignInTransaction): string => derived('nonce', transaction);
export const verifierOf = (transaction: SignInTransaction): string => derived('verifier', transaction);
/** Under which its use is recorded. */
export const signInDigest = (transaction: SignInTransaction): string =>
  sha256(derived('digest', transaction));

/** Compares in constant time. */
export const sameText = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** Complete Set-Cookie value; without a transaction it deletes the cookie. */
export const signInCookie = (transaction: SignInTransaction | null): string =>
  transaction === null
    ? `${SIGN_IN_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`
    : `${SIGN_IN_COOKIE}=${encode(transaction)}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${SIGN_IN_MAX_MS / 1000}`;

/** Records that a transaction was used. False where it was before: one sign-in, one use. */
export type UseSignIn = (digest: string, usedAtMs: number) => Promise<boolean>;
