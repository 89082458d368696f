import { epochMs } from '../../actions/identity.ts';
import {
  type Keyring,
  type KeyringTiming,
  rotateKeyring,
  signWithKeyring,
  verifyWithKeyring,
} from '../keyring.ts';
import { openKeyring } from './keyring-document.ts';
import { type RotationKind, RotationError, type TestVerdict } from './kind.ts';
import {
  openSigningKeys,
  rotateSigningKeys,
  type SigningKeys,
  type SigningTiming,
  signReceipt,
  verifyReceipt,
} from './signing-keys.ts';

export interface RingDeps {
  readonly now: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

const newKey = ({ randomBytes }: RingDeps) => ({
  id: Buffer.from(randomBytes(9)).toString('base64url'),
  bytes: randomBytes(32),
});

const full = (): RotationError =>
  new RotationError(
    'KEYRING_FULL',
    'every key of the ring may still be needed, so none can be added; rotate less often',
  );

/** Rings are made and read here alone: nothing to set, nobody whose account it could be, nothing to tidy up. */
const ours: Pick<RotationKind, 'set' | 'sameAccount' | 'finish'> = {
  set: async () => undefined,
  sameAccount: async () => 'same',
  finish: async () => undefined,
};

const PROOF = { purpose: 'rotation-test', text: 'a ring has to verify what it signs' };

const opened = <Ring>(open: (text: string) => Ring, text: string): Ring | undefined => {
  try {
    return open(text);
  } catch {
    return undefined;
  }
};

/**
 * A rotation adds one key. A ring with more that the current one lacks was made from a ring before it, and would bring
 * back a key that was dropped since.
 */
const addsOne = (
  ring: { readonly keys: readonly { readonly id: string }[] },
  before: { readonly keys: readonly { readonly id: string }[] },
): boolean => {
  const known = new Set(before.keys.map(({ id }) => id));
  return ring.keys.filter(({ id }) => !known.has(id)).length <= 1;
};

const keyringWorks = (ring: Keyring, before: Keyring, now: number, timing: KeyringTiming): boolean => {
  const live = before.keys.filter(
    ({ notAfter }) => notAfter === null || epochMs(notAfter) + timing.skewMs >= now,
  );
  const kept = live.every((old) => ring.keys.some(({ id, key }) => id === old.id && key === old.key));
  const verifies = (signer: Keyring): boolean =>
    verifyWithKeyring(ring, PROOF, signWithKeyring(signer, PROOF, now, timing.lifeMs), now, timing) ===
    'valid';
  return kept && addsOne(ring, before) && verifies(ring) && verifies(before);
};

/** Keys for signatures that live for a while. A ring works when it verifies what it and the ring before it sign. */
export const hmacKeyringKind = (timing: KeyringTiming, deps: RingDeps): RotationKind => ({
  ...ours,
  async create(_secret, current) {
    const ring = opened(openKeyring, current);
    if (ring === undefined)
      throw new RotationError('VALUE_DOES_NOT_FIT', 'the current value is not a ring of keys');
    const rotated = rotateKeyring(ring, newKey(deps), deps.now(), timing);
    if (rotated.kind === 'full') throw full();
    return JSON.stringify(rotated.ring);
  },
  async test(value, current): Promise<TestVerdict> {
    const ring = opened(openKeyring, value);
    const before = opened(openKeyring, current);
    if (ring === undefined || before === undefined) return 'refused';
    return keyringWorks(ring, before, deps.now(), timing) ? 'works' : 'refused';
  },
});

const signingKeysWork = (ring: SigningKeys, before: SigningKeys, now: number): boolean => {
  const kept = before.keys.every((old) =>
    ring.keys.some(({ id, publicKey }) => id === old.id && publicKey === old.publicKey),
  );
  const verifies = (signer: SigningKeys, at: number): boolean =>
    verifyReceipt(ring, PROOF, signReceipt(signer, PROOF, at)) === 'valid';
  const newest = Math.max(...ring.keys.map(({ notBefore }) => epochMs(notBefore)));
  return (
    kept && addsOne(ring, before) && verifies(ring, now) && verifies(ring, newest) && verifies(before, now)
  );
};

/** Ed25519 keys of receipts. The public half of every key there ever was has to stay. */
export const signingKeyKind = (timing: SigningTiming, deps: RingDeps): RotationKind => ({
  ...ours,
  async create(_secret, current) {
    const ring = opened(openSigningKeys, current);
    if (ring === undefined)
      throw new RotationError('VALUE_DOES_NOT_FIT', 'the current value holds no signing keys');
    const rotated = rotateSigningKeys(ring, newKey(deps), deps.now(), timing);
    if (rotated.kind === 'full') throw full();
    return JSON.stringify(rotated.ring);
  },
  async test(value, current): Promise<TestVerdict> {
    const ring = opened(openSigningKeys, value);
    const before = opened(openSigningKeys, current);
    if (ring === undefined || before === undefined) return 'refused';
    return signingKeysWork(ring, before, deps.now()) ? 'works' : 'refused';
  },
});
