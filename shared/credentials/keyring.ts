import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../actions/canonical-json.ts';
import { epochMs, Timestamp, timestamp } from '../actions/identity.ts';

/**
 * HMAC keys that sign what lives for a while. A secret's AWSPREVIOUS keeps one generation only, so that two rotations
 * inside one life would kill what is live; therefore the ring itself is the secret's value and holds every key that
 * anything live may still need.
 */
const KeyringKey = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{8,32}$/),
  /** Signs from here on: one cache life and the skew after it was published. */
  notBefore: Timestamp,
  /** Verifies until here; null for the newest, whose end is not known yet. */
  notAfter: Timestamp.nullable(),
  /** 32 bytes, base64url. */
  key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
type KeyringKey = z.infer<typeof KeyringKey>;

/** At most this many keys; a ring that is full is not rotated. */
export const MAX_KEYS = 20;

export const Keyring = z
  .strictObject({ v: z.literal(1), keys: z.array(KeyringKey).min(1).max(MAX_KEYS) })
  .refine(({ keys }) => new Set(keys.map(({ id }) => id)).size === keys.length, 'key ids are unique');
export type Keyring = z.infer<typeof Keyring>;

/** All in milliseconds. */
export interface KeyringTiming {
  /** The longest that a reader keeps a ring before it reads the secret again. */
  readonly cacheMs: number;
  /** The longest life of anything that is signed. */
  readonly lifeMs: number;
  /** The furthest that any clock is off, in either direction. */
  readonly skewMs: number;
}

export interface NewKey {
  readonly id: string;
  /** 32 random bytes. */
  readonly bytes: Uint8Array;
}

const keyOf = ({ id, bytes }: NewKey, notBefore: number): KeyringKey => ({
  id,
  notBefore: timestamp(notBefore),
  notAfter: null,
  key: Buffer.from(bytes).toString('base64url'),
});

/** The first ring: nothing is live yet, so its key signs at once. */
export const newKeyring = (key: NewKey, now: number): Keyring => ({ v: 1, keys: [keyOf(key, now)] });

/** How long a key verifies after its successor began to sign: life + cache + twice the skew of the two clocks. */
export const overlapMs = ({ cacheMs, lifeMs, skewMs }: KeyringTiming): number =>
  lifeMs + cacheMs + 2 * skewMs;

/**
 * Publishes one more key. It begins to sign when every cache has it; the keys before it verify until nothing that
 * they may have signed is alive; what is dead for every clock is dropped.
 * @returns `full` where the ring holds as many live keys as it may: rotate less often
 */
export const rotateKeyring = (
  ring: Keyring,
  key: NewKey,
  now: number,
  timing: KeyringTiming,
): { readonly kind: 'rotated'; readonly ring: Keyring } | { readonly kind: 'full' } => {
  const begins = Math.max(
    now + timing.cacheMs + timing.skewMs,
    // Keys take over in the order of their publication, also where a clock went back.
    ...ring.keys.map(({ notBefore }) => epochMs(notBefore)),
  );
  const ends = begins + overlapMs(timing);
  const kept = ring.keys
    .map((old) => ({ ...old, notAfter: old.notAfter ?? timestamp(ends) }))
    .filter(({ notAfter }) => epochMs(notAfter) + timing.skewMs >= now);
  if (kept.length >= MAX_KEYS) return { kind: 'full' };
  return { kind: 'rotated', ring: { v: 1, keys: [...kept, keyOf(key, begins)] } };
};

/** The key that signs now: the last one published of those that have begun; before any has, the first. */
const signer = (ring: Keyring, now: number): KeyringKey => {
  const begun = ring.keys.filter(({ notBefore }) => epochMs(notBefore) <= now);
  const [first] = ring.keys;
  const chosen = begun.at(-1) ?? first;
  if (chosen === undefined) throw new Error('KEYRING_EMPTY: a ring holds at least one key');
  return chosen;
};

/**
 * Emergency: forgets a key at once, and all that it signed with it. The newest takes over where the key that signs now
 * goes: one before it may be at its end, and the readers that do not know the newest yet read the ring again. Never the
 * newest itself, after which nobody could sign any more: rotate first.
 * @throws Error KEYRING_LAST_KEY, KEYRING_KEY_UNKNOWN
 */
export const dropKey = (ring: Keyring, id: string, now: number): Keyring => {
  const kept = ring.keys.filter((key) => key.id !== id);
  if (kept.length === ring.keys.length) throw new Error(`KEYRING_KEY_UNKNOWN: the ring has no key ${id}`);
  if (!kept.some(({ notAfter }) => notAfter === null))
    throw new Error('KEYRING_LAST_KEY: this is the newest key; rotate the ring first, then drop it');
  const signed = signer(ring, now).id === id;
  const keys = kept.map((key) =>
    signed && key.notAfter === null && epochMs(key.notBefore) > now
      ? { ...key, notBefore: timestamp(now) }
      : key,
  );
  return { v: 1, keys };
};

/** Which key signs now, by its id. */
export const signingKeyId = (ring: Keyring, now: number): string => signer(ring, now).id;

/** What a signature is for. A signature of one purpose never fits another. */
export interface Signed {
  readonly purpose: string;
  readonly text: string;
}

const mac = (key: KeyringKey, signed: Signed, from: number, until: number): Buffer =>
  createHmac('sha256', Buffer.from(key.key, 'base64url'))
    .update(canonicalJson({ domain: 'autopack.keyring', v: 1, kid: key.id, from, until, ...signed }))
    .digest();

/** Signs for `lifeMs` from now: `v1.<key id>.<from>.<until>.<mac>`, times in epoch milliseconds. */
export const signWithKeyring = (ring: Keyring, signed: Signed, now: number, lifeMs: number): string => {
  const key = signer(ring, now);
  const until = now + lifeMs;
  return `v1.${key.id}.${now}.${until}.${mac(key, signed, now, until).toString('base64url')}`;
};

export type KeyringVerdict = 'valid' | 'malformed' | 'unknown-key' | 'not-yet' | 'expired' | 'forged';

const SIGNATURE = /^v1\.([A-Za-z0-9_-]{8,32})\.(\d{1,15})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/;

/**
 * Verifies by the key id that the signature names, in constant time; other keys are not tried, so that a retired
 * key still in use shows.
 */
export const verifyWithKeyring = (
  ring: Keyring,
  signed: Signed,
  signature: string,
  now: number,
  timing: KeyringTiming,
): KeyringVerdict => {
  const [, id, from, until, given] = SIGNATURE.exec(signature) ?? [];
  if (id === undefined || given === undefined) return 'malformed';
  const key = ring.keys.find((candidate) => candidate.id === id);
  if (key === undefined) return 'unknown-key';
  const expected = mac(key, signed, Number(from), Number(until));
  const actual = Buffer.from(given, 'base64url');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return 'forged';
  if (now > Number(until)) return 'expired';
  if (key.notAfter !== null && now > epochMs(key.notAfter) + timing.skewMs) return 'expired';
  // Signer and verifier may be off in opposite directions.
  return now < Number(from) - 2 * timing.skewMs ? 'not-yet' : 'valid';
};
