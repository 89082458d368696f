import { hkdfSync } from 'node:crypto';
import * as z from 'zod';
import { Keyring, type KeyringTiming, newKeyring } from '../keyring.ts';

/**
 * What a deployment puts into a house secret: text that Secrets Manager made up, in no template. The first key is
 * derived from it, so that a stage works from its first minute and its first rotation is a person's decision.
 */
export const SeedDocument = z.strictObject({ v: z.literal(0), seed: z.string().min(43).max(200) });

/** 32 bytes of a seed for one purpose; other purposes learn nothing from them. */
export const derivedBytes = (seed: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', seed, 'autopack.house-secret.v1', purpose, 32));

/** A secret as JSON; undefined where it is none, without a word of it in any error. */
export const documentOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/**
 * The ring in the value of a keyring secret: the ring itself, or the one key that its seed stands for.
 * @throws Error KEYRING_INVALID, without a word of the value
 */
export const openKeyring = (text: string): Keyring => {
  const document = documentOf(text);
  const seeded = SeedDocument.safeParse(document);
  if (seeded.success)
    return newKeyring({ id: 'first-key', bytes: derivedBytes(seeded.data.seed, 'keyring') }, 0);
  const ring = Keyring.safeParse(document);
  if (!ring.success)
    throw new Error('KEYRING_INVALID: the secret holds neither a ring of keys nor the seed of one');
  return ring.data;
};

/**
 * The one timing of the ring. Whoever signs asks for no longer life, and whoever reads keeps the ring no longer than
 * this: otherwise a rotation would kill what is live.
 */
export const KEYRING_TIMING: KeyringTiming = {
  cacheMs: 5 * 60_000,
  lifeMs: 7 * 86_400_000,
  skewMs: 2 * 60_000,
};
