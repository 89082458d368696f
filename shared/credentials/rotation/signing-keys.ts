import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../../actions/canonical-json.ts';
import { epochMs, Timestamp, timestamp } from '../../actions/identity.ts';
import { derivedBytes, documentOf, SeedDocument } from './keyring-document.ts';

const Bytes32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const SigningKey = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{8,32}$/),
  /** Signs from here on: when every reader has it. */
  notBefore: Timestamp,
  /** Ed25519, base64url. Kept for good: a receipt is verified years later. */
  publicKey: Bytes32,
  /** Ed25519 seed, base64url; null once its successor signs everywhere. */
  privateKey: Bytes32.nullable(),
});
type SigningKey = z.infer<typeof SigningKey>;

/** At one rotation a year this is a hundred years; a ring that is full is not rotated, since no public key is dropped. */
const MAX_SIGNING_KEYS = 100;

/** The keys that receipts are signed with: one secret, public keys of all times in it. */
export const SigningKeys = z
  .strictObject({ v: z.literal(1), keys: z.array(SigningKey).min(1).max(MAX_SIGNING_KEYS) })
  .refine(({ keys }) => new Set(keys.map(({ id }) => id)).size === keys.length, 'key ids are unique');
export type SigningKeys = z.infer<typeof SigningKeys>;

/** Both in milliseconds: the longest that a reader keeps the secret, and the furthest that a clock is off. */
export interface SigningTiming {
  readonly cacheMs: number;
  readonly skewMs: number;
}

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

const privateKeyOf = (seed: string): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, Buffer.from(seed, 'base64url')]),
    format: 'der',
    type: 'pkcs8',
  });

const publicKeyOf = (raw: string): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw }, format: 'jwk' });

const keyOf = (id: string, bytes: Uint8Array, notBefore: number): SigningKey => {
  const privateKey = Buffer.from(bytes).toString('base64url');
  const publicKey = createPublicKey(privateKeyOf(privateKey)).export({ format: 'jwk' }).x ?? '';
  return { id, notBefore: timestamp(notBefore), publicKey, privateKey };
};

/**
 * The keys in the value of a signing secret: themselves, or the one that its seed stands for.
 * @throws Error SIGNING_KEYS_INVALID, without a word of the value
 */
export const openSigningKeys = (text: string): SigningKeys => {
  const document = documentOf(text);
  const seeded = SeedDocument.safeParse(document);
  if (seeded.success)
    return { v: 1, keys: [keyOf('first-key', derivedBytes(seeded.data.seed, 'signing'), 0)] };
  const ring = SigningKeys.safeParse(document);
  if (!ring.success)
    throw new Error('SIGNING_KEYS_INVALID: the secret holds neither signing keys nor the seed of one');
  return ring.data;
};

/**
 * Publishes one more key. It begins to sign when every reader has it; private halves that nobody signs with any more
 * are forgotten, public ones never.
 */
export const rotateSigningKeys = (
  ring: SigningKeys,
  key: { readonly id: string; readonly bytes: Uint8Array },
  now: number,
  { cacheMs, skewMs }: SigningTiming,
): { readonly kind: 'rotated'; readonly ring: SigningKeys } | { readonly kind: 'full' } => {
  if (ring.keys.length >= MAX_SIGNING_KEYS) return { kind: 'full' };
  const begins = Math.max(
    now + cacheMs + skewMs,
    // Keys take over in the order of their publication, also where a clock went back.
    ...ring.keys.map(({ notBefore }) => epochMs(notBefore)),
  );
  const kept = ring.keys.map((old, index) => {
    const successor = ring.keys[index + 1];
    const retired = successor !== undefined && epochMs(successor.notBefore) + cacheMs + 2 * skewMs <= now;
    return retired ? { ...old, privateKey: null } : old;
  });
  return { kind: 'rotated', ring: { v: 1, keys: [...kept, keyOf(key.id, key.bytes, begins)] } };
};

/** The key that signs now: the last that has begun of those that can. */
const signer = (ring: SigningKeys, now: number): SigningKey | undefined => {
  const usable = ring.keys.filter(({ privateKey }) => privateKey !== null);
  return usable.findLast(({ notBefore }) => epochMs(notBefore) <= now) ?? usable[0];
};

/** Which key signs now, by its id; undefined where none can. */
export const receiptKeyId = (ring: SigningKeys, now: number): string | undefined => signer(ring, now)?.id;

/**
 * Emergency: forgets a key at once, its public half too, since whoever has the private one signs what they like. Never
 * the last one that can sign: rotate first.
 * @throws Error SIGNING_KEYS_LAST_KEY, SIGNING_KEYS_KEY_UNKNOWN
 */
export const dropSigningKey = (ring: SigningKeys, id: string): SigningKeys => {
  const keys = ring.keys.filter((key) => key.id !== id);
  if (keys.length === ring.keys.length)
    throw new Error(`SIGNING_KEYS_KEY_UNKNOWN: the ring has no key ${id}`);
  if (!keys.some(({ privateKey }) => privateKey !== null))
    throw new Error('SIGNING_KEYS_LAST_KEY: no other key can sign; rotate the keys first, then drop it');
  return { v: 1, keys };
};

/** What a signature is for. A signature of one purpose never fits another. */
export interface Receipt {
  readonly purpose: string;
  readonly text: string;
}

const signedBytes = (id: string, receipt: Receipt): Buffer =>
  Buffer.from(
    canonicalJson({
      domain: 'autopack.receipt',
      v: 1,
      kid: id,
      purpose: receipt.purpose,
      text: receipt.text,
    }),
  );

/** Signs with the last key that has begun: `e1.<key id>.<signature>`. @throws Error SIGNING_KEYS_EMPTY */
export const signReceipt = (ring: SigningKeys, receipt: Receipt, now: number): string => {
  const key = signer(ring, now);
  if (key === undefined || key.privateKey === null)
    throw new Error('SIGNING_KEYS_EMPTY: no key of the ring can sign');
  const signature = sign(null, signedBytes(key.id, receipt), privateKeyOf(key.privateKey));
  return `e1.${key.id}.${signature.toString('base64url')}`;
};

const SIGNATURE = /^e1\.([A-Za-z0-9_-]{8,32})\.([A-Za-z0-9_-]{86})$/;

/** Verifies by the key id that the signature names; needs public halves only. */
export const verifyReceipt = (
  ring: { readonly keys: readonly Pick<SigningKey, 'id' | 'publicKey'>[] },
  receipt: Receipt,
  signature: string,
): 'valid' | 'malformed' | 'unknown-key' | 'forged' => {
  const [, id, given] = SIGNATURE.exec(signature) ?? [];
  if (id === undefined || given === undefined) return 'malformed';
  const key = ring.keys.find((candidate) => candidate.id === id);
  if (key === undefined) return 'unknown-key';
  const genuine = verify(
    null,
    signedBytes(id, receipt),
    publicKeyOf(key.publicKey),
    Buffer.from(given, 'base64url'),
  );
  return genuine ? 'valid' : 'forged';
};
