import { createHash } from 'node:crypto';
import { canonicalJson } from '../actions/canonical-json.ts';
import { formNonce, nonceCookie, nonceFits } from '../approvals/decision-nonce.ts';
import type { Keyring } from '../credentials/keyring.ts';
import type { UseKeyring } from '../credentials/use-keyring.ts';

/** What an acknowledge form is bound to: the change, both hashes that were shown, and the session. */
export interface ShownChange {
  readonly changeId: string;
  readonly fromSemantic: string | null;
  readonly toCanonical: string;
  readonly csrf: string;
}

/** A decision form of its own kind: the pair of hashes stands where a request's hash stands for an approval. */
const shownOf = ({ changeId, fromSemantic, toCanonical, csrf }: ShownChange) => ({
  approvalId: changeId,
  requestHash: createHash('sha256')
    .update(canonicalJson({ domain: 'autopack.policy-change', v: 1, fromSemantic, toCanonical }))
    .digest('hex'),
  version: 1,
  csrf,
});

/** The value of the form's hidden field, for a cookie from `newNonce`. */
export const changeFormNonce = (ring: Keyring, nonce: string, shown: ShownChange, now: number): string =>
  formNonce(ring, nonce, shownOf(shown), now);

/** Complete Set-Cookie value. */
export const changeNonceCookie = (changeId: string, nonce: string): string => nonceCookie(changeId, nonce);

/** Whether cookie and form belong together. */
export const changeNonceFits = (
  useKeyring: UseKeyring,
  cookies: Readonly<Record<string, string>>,
  posted: string,
  shown: ShownChange,
  now: number,
): Promise<boolean> => nonceFits(useKeyring, cookies, posted, shownOf(shown), now);
