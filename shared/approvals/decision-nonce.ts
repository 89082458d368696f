import { canonicalJson } from '../actions/canonical-json.ts';
import {
  type Keyring,
  type KeyringVerdict,
  signWithKeyring,
  verifyWithKeyring,
} from '../credentials/keyring.ts';
import { KEYRING_TIMING } from '../credentials/rotation/keyring-document.ts';
import type { UseKeyring } from '../credentials/use-keyring.ts';

/**
 * Binds a decision form to the browser that was shown the page, without storing anything: a random text lives only in
 * a cookie of the page (`__Host-`, Secure, HttpOnly, Strict), and the form carries our signature over it, the session,
 * the approval and exactly what was shown. Nobody but us can make the form, not even who holds the session; nobody who
 * lacks the cookie can send it; a form of another approval, hash, version or session does not fit; and after an hour
 * it is over, whatever the browser does.
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

/** A fresh text for the cookie. */
export const newNonce = (randomBytes: (count: number) => Uint8Array): string =>
  Buffer.from(randomBytes(NONCE_BYTES)).toString('base64url');

/** Complete Set-Cookie value. */
export const nonceCookie = (approvalId: string, nonce: string): string =>
  `${nonceCookieName(approvalId)}=${nonce}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${NONCE_SECONDS}`;

const signed = (nonce: string, shown: Shown) => ({
  purpose: 'decision-form',
  text: canonicalJson({ nonce, ...shown }),
});

/** The value of the form's hidden field; holds for an hour from now. */
export const formNonce = (ring: Keyring, nonce: string, shown: Shown, now: number): string =>
  signWithKeyring(ring, signed(nonce, shown), now, NONCE_SECONDS * 1000);

/** The longest value of that field. */
export const FORM_NONCE_MAX = 150;

const verdictOf = (
  ring: Keyring,
  cookies: Readonly<Record<string, string>>,
  posted: string,
  shown: Shown,
  now: number,
): KeyringVerdict => {
  const name = nonceCookieName(shown.approvalId);
  const nonce = Object.hasOwn(cookies, name) ? cookies[name] : undefined;
  if (nonce === undefined || !NONCE.test(nonce)) return 'malformed';
  return verifyWithKeyring(ring, signed(nonce, shown), posted, now, KEYRING_TIMING);
};

/** Whether cookie and form belong together and were made by us within the hour. */
export const nonceFits = async (
  useKeyring: UseKeyring,
  cookies: Readonly<Record<string, string>>,
  posted: string,
  shown: Shown,
  now: number,
): Promise<boolean> => {
  const verdict = await useKeyring(
    (ring) => verdictOf(ring, cookies, posted, shown, now),
    (outcome) => outcome === 'unknown-key',
  );
  return verdict === 'valid';
};
