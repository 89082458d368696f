import type { OutgoingRequest, ProviderReply } from '../../providers/provider.ts';
import type { Credential } from '../credential.ts';
import { fieldOf, isRefusal, isSuccess, KEY, keyRequest } from '../key-api.ts';
import type { Renewal } from '../renewal.ts';
import { SecretDocument } from '../secret.ts';
import { fitsHost } from '../secret-fields.ts';
import { documentOf } from './keyring-document.ts';
import { type RotatedSecret, RotationError, type RotationKind, type TestVerdict } from './kind.ts';
import { CURRENT, PREVIOUS, type ReadVersion } from './versions.ts';

/** One request, nothing followed. `undefined`: no complete reply, so that whether it had an effect is not known. */
export type AskApi = (request: OutgoingRequest) => Promise<ProviderReply | undefined>;

export interface ApiKeyDeps {
  readonly readVersion: ReadVersion;
  readonly ask: AskApi;
}

/** Answers of an API that is busy, or still at the same request: they say nothing about a key. */
const BUSY: ReadonlySet<number> = new Set([408, 409, 423, 425, 429]);
/** The key is not there any more, whoever ended it. */
const ENDED: ReadonlySet<number> = new Set([401, 404, 410]);

/** The document and its key; undefined where there is none that could be sent. */
const keyOf = (text: string): { readonly document: SecretDocument; readonly key: string } | undefined => {
  const document = SecretDocument.safeParse(documentOf(text)).data;
  const key = document?.['token'];
  return document !== undefined && key !== undefined && KEY.test(key) ? { document, key } : undefined;
};

const cannotTell = (detail: string): RotationError => new RotationError('CANNOT_TELL', detail);
const currentRefused = (): RotationError =>
  new RotationError(
    'CURRENT_REFUSED',
    'the API refuses the current key; put a key that works into the secret',
  );

/** What the answer to the renewal says. @throws RotationError where it brings no new key */
export const newKeyOf = (reply: ProviderReply | undefined, tokenField: string, current: string): string => {
  if (reply === undefined || reply.status >= 500 || BUSY.has(reply.status))
    throw cannotTell(`the API did not make a new key (${reply?.status ?? 'no complete answer'})`);
  if (isRefusal(reply)) throw currentRefused();
  const key = isSuccess(reply) ? fieldOf(reply, tokenField) : undefined;
  if (key === undefined)
    throw new RotationError(
      'VALUE_DOES_NOT_FIT',
      `the API answered ${reply.status} without a new key in the field "${tokenField}"; correct the renewal of the credential`,
    );
  if (!KEY.test(key))
    throw new RotationError('VALUE_DOES_NOT_FIT', 'the API answered a key that no header can carry');
  if (key === current)
    throw new RotationError(
      'VALUE_DOES_NOT_FIT',
      'the API answered the key that it was asked with, not a new one',
    );
  return key;
};

/** What the probe says about a key, and whose it is where the API says that. */
const probed = async (
  key: string,
  { probeUrl, accountField }: Renewal,
  ask: AskApi,
): Promise<{ readonly verdict: TestVerdict; readonly account: string | undefined }> => {
  const reply = await ask(keyRequest('GET', probeUrl, key));
  if (reply === undefined) return { verdict: 'cannot-tell', account: undefined };
  if (isSuccess(reply))
    return {
      verdict: 'works',
      account: accountField === undefined ? undefined : fieldOf(reply, accountField),
    };
  return { verdict: isRefusal(reply) ? 'refused' : 'cannot-tell', account: undefined };
};

/**
 * Ends the key that this rotation pushes out of `AWSPREVIOUS`: only while the current one is seen to work, and never
 * the current one, whatever a late read said about it. Ending it again changes nothing.
 */
const endPrevious = async (
  { secretId, token }: RotatedSecret,
  currentKey: string,
  renewal: Renewal,
  { readVersion, ask }: ApiKeyDeps,
): Promise<void> => {
  if (renewal.revokeUrl === undefined) return;
  const previous = keyOf((await readVersion(secretId, { stage: PREVIOUS }))?.value ?? '');
  if (previous === undefined || previous.key === currentKey) return;
  const { verdict } = await probed(currentKey, renewal, ask);
  if (verdict === 'refused') throw currentRefused();
  if (verdict === 'cannot-tell') throw cannotTell('the API could not be asked about the current key');
  const now = await readVersion(secretId, { stage: CURRENT });
  if (now === undefined || now.versionId === token || keyOf(now.value)?.key !== currentKey)
    throw new RotationError(
      'STAGE_MOVED',
      'another version became current meanwhile; nothing was ended or made',
    );
  const reply = await ask(keyRequest(renewal.revokeMethod ?? 'DELETE', renewal.revokeUrl, previous.key));
  if (reply === undefined || !(isSuccess(reply) || ENDED.has(reply.status)))
    throw cannotTell(
      `the API did not end the key before the current one (${reply?.status ?? 'no complete answer'})`,
    );
};

/**
 * A key that its own API renews, as its registration declares. Making one has an effect there: it is asked for under
 * the token of the rotation, so that an API which honours `Idempotency-Key` makes one however often it is asked, and
 * is stored with nothing in between. The key before it stays `AWSPREVIOUS` until the rotation after this one.
 */
export const apiKeyKind = (credential: Credential, renewal: Renewal, deps: ApiKeyDeps): RotationKind => ({
  async create(secret, current) {
    if (!fitsHost(credential.standIn, false))
      throw new RotationError('NOT_ROTATED_HERE', 'a credential of a stand-in is not sent to a real host');
    const before = keyOf(current);
    if (before === undefined)
      throw new RotationError('VALUE_DOES_NOT_FIT', 'the current value has no key in its field "token"');
    await endPrevious(secret, before.key, renewal, deps);
    const reply = await deps.ask(
      keyRequest('POST', renewal.url, before.key, { 'idempotency-key': secret.token }),
    );
    return JSON.stringify({ ...before.document, token: newKeyOf(reply, renewal.tokenField, before.key) });
  },
  set: async () => undefined,
  async test(value) {
    const { key } = keyOf(value) ?? {};
    if (key === undefined) return 'refused';
    return fitsHost(credential.standIn, false)
      ? (await probed(key, renewal, deps.ask)).verdict
      : 'cannot-tell';
  },
  async sameAccount(current, pending) {
    const before = keyOf(current);
    const after = keyOf(pending);
    if (before === undefined || after === undefined || !fitsHost(credential.standIn, false))
      return 'cannot-tell';
    const { token: _before, ...kept } = before.document;
    const { token: _after, ...keeps } = after.document;
    const fields = new Set([...Object.keys(kept), ...Object.keys(keeps)]);
    if ([...fields].some((field) => kept[field] !== keeps[field])) return 'different';
    const next = await probed(after.key, renewal, deps.ask);
    if (next.verdict !== 'works') return next.verdict;
    const known = await probed(before.key, renewal, deps.ask);
    if (known.verdict !== 'works') return 'cannot-tell';
    // An API that has no accounts to tell apart made this key for the one that asked.
    if (renewal.accountField === undefined) return 'same';
    if (known.account === undefined || next.account === undefined) return 'cannot-tell';
    return known.account === next.account ? 'same' : 'different';
  },
  /** Nothing: the key before stays at hand as `AWSPREVIOUS`. */
  finish: async () => undefined,
});
