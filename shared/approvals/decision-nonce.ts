import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from '../actions/canonical-json.ts';

/**
 * Binds a decision form to the browser that was shown the page, without storing anything: a random key lives only
 * in a cookie of the page (`__Host-`, Secure, HttpOnly, Strict), and the form carries the key's MAC over the
 * session, the approval and exactly what was shown. Nobody who lacks the cookie can make the form; a form of
 * another approval, hash, version or session does not fit the cookie.
 */

/** What the form is bound to. */
export interface Shown {
  readonly approvalId: string;
  readonly requestHash: string;
  readonly version: number;
  /** The session's CSRF token: a form of another session does not fit. */
  readonly csrf: string;
}

const NONCE_BYTES = 32;
const NONCE = /^[A-Za-z0-9_-]{43}$/;
/** A page that lies open longer has to be opened again; the cookie goes by itself. */
export const NONCE_SECONDS = 3600;

/** One cookie per approval, so that pages in several tabs do not disturb each other. */
export const nonceCookieName = (approvalId: string): string =>
  `__Host-autopack-decide-${approvalId.slice(0, 16)}`;

/** A fresh key. */
export const newNonce = (randomBytes: (count: number) => Uint8Array): string =>
  Buffer.from(randomBytes(NONCE_BYTES)).toString('base64url');

/** Complete Set-Cookie value. */
export const nonceCookie = (approvalId: string, nonce: string): string =>
  `${nonceCookieName(approvalId)}=${nonce}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${NONCE_SECONDS}`;

/** The value of the form's hidden field. */
export const formNonce = (nonce: string, shown: Shown): string =>
  createHmac('sha256', nonce)
    .update(canonicalJson({ domain: 'autopack.decision-form', v: 1, ...shown }))
    .digest('base64url');

/** Whether cookie and form belong together; constant time in the form's value. */
export const nonceFits = (
  cookies: Readonly<Record<string, string>>,
  posted: string,
  shown: Shown,
): boolean => {
  const name = nonceCookieName(shown.approvalId);
  const nonce = Object.hasOwn(cookies, name) ? cookies[name] : undefined;
  if (nonce === undefined || !NONCE.test(nonce)) return false;
  const expected = Buffer.from(formNonce(nonce, shown));
  const given = Buffer.from(posted);
  return given.length === expected.length && timingSafeEqual(given, expected);
};
