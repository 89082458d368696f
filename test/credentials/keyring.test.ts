import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NONCE_SECONDS } from '#shared/approvals/decision-nonce.ts';
import {
  dropKey,
  Keyring,
  type KeyringTiming,
  MAX_KEYS,
  newKeyring,
  overlapMs,
  rotateKeyring,
  signWithKeyring,
  verifyWithKeyring,
} from '#shared/credentials/keyring.ts';
import { KEYRING_TIMING } from '#shared/credentials/rotation/keyring-document.ts';
import { recordFigures } from '../proof/figures.ts';
import { DEFAULT_SEED, SEED } from '../support/seed.ts';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const HOUR = 3_600_000;
const timing: KeyringTiming = { cacheMs: 300_000, lifeMs: 24 * HOUR, skewMs: 30_000 };
const key = (n: number) => ({
  id: `key-${String(n).padStart(6, '0')}`,
  bytes: createHash('sha256').update(`made up ${n}`).digest(),
});
const rotated = (ring: Keyring, n: number, now: number, with_ = timing): Keyring => {
  const result = rotateKeyring(ring, key(n), now, with_);
  if (result.kind === 'full') throw new Error('full');
  return result.ring;
};
/** The one timing that the stack uses has room for everything that is signed with it. */
test('whatever is signed lives no longer than the ring promises', () => {
  expect(NONCE_SECONDS * 1_000).toBeLessThanOrEqual(KEYRING_TIMING.lifeMs);
  expect(KEYRING_TIMING.cacheMs).toBeLessThan(overlapMs(KEYRING_TIMING));
});

const what = { purpose: 'webhook', text: 'body' };

describe('a keyring', () => {
  const ring = newKeyring(key(0), T0);
  const signature = signWithKeyring(ring, what, T0, HOUR);

  test('signs at once, and verifies by the id of the key', () => {
    expect(verifyWithKeyring(ring, what, signature, T0 + HOUR, timing)).toBe('valid');
    expect(Keyring.parse(JSON.parse(JSON.stringify(ring)))).toEqual(ring);
  });

  test.each<[string, () => string]>([
    ['expired', () => verifyWithKeyring(ring, what, signature, T0 + HOUR + 1, timing)],
    ['not-yet', () => verifyWithKeyring(ring, what, signature, T0 - 60_001, timing)],
    ['forged', () => verifyWithKeyring(ring, { ...what, text: 'other' }, signature, T0, timing)],
    ['forged', () => verifyWithKeyring(ring, { ...what, purpose: 'session' }, signature, T0, timing)],
    [
      'forged',
      () =>
        verifyWithKeyring(
          ring,
          what,
          signature.replace(/\.(\d+)\.(\d+)\./, (_, a, b) => `.${a}.${Number(b) + 1}.`),
          T0,
          timing,
        ),
    ],
    ['unknown-key', () => verifyWithKeyring(newKeyring(key(1), T0), what, signature, T0, timing)],
    ['malformed', () => verifyWithKeyring(ring, what, `${signature}x`, T0, timing)],
    ['malformed', () => verifyWithKeyring(ring, what, '', T0, timing)],
  ])('%s', (verdict, run) => {
    expect(run()).toBe(verdict);
  });

  test('a new key signs one cache life and the skew after it was published, the old one until then', () => {
    const next = rotated(ring, 1, T0 + HOUR);
    const begins = T0 + HOUR + timing.cacheMs + timing.skewMs;
    expect(signWithKeyring(next, what, begins - 1, HOUR)).toContain('key-000000');
    expect(signWithKeyring(next, what, begins, HOUR)).toContain('key-000001');
    expect(Date.parse(next.keys[0]?.notAfter ?? '')).toBe(begins + overlapMs(timing));
  });

  test('keys overlap for a life, a cache life and the skew of both clocks (security B3)', () => {
    expect(overlapMs({ cacheMs: 1, lifeMs: 10, skewMs: 100 })).toBe(211);
  });

  test('a dropped key forgets what it signed; the last one is not dropped', () => {
    const next = rotated(ring, 1, T0);
    expect(verifyWithKeyring(dropKey(next, 'key-000000', T0), what, signature, T0, timing)).toBe(
      'unknown-key',
    );
    expect(() => dropKey(ring, 'key-000000', T0)).toThrow('KEYRING_LAST_KEY');
    expect(() => dropKey(next, 'key-000009', T0)).toThrow('KEYRING_KEY_UNKNOWN');
  });

  test('rotated too often it is full instead of killing something live, and later has room again', () => {
    let now = ring;
    for (let n = 1; n < MAX_KEYS; n += 1) now = rotated(now, n, T0 + n);
    expect(rotateKeyring(now, key(99), T0 + 100, timing)).toEqual({ kind: 'full' });
    expect(verifyWithKeyring(now, what, signature, T0 + HOUR, timing)).toBe('valid');
    const later = T0 + 3 * 24 * HOUR;
    expect(rotated(now, 99, later).keys.map(({ id }) => id)).toEqual(['key-000019', 'key-000099']);
  });
});

/**
 * A fleet over one secret: rotations happen at random times, and readers with clocks that are off and rings that are
 * up to one cache life old sign and verify. Whatever is live for every clock verifies everywhere, and whatever is past
 * its life for every clock verifies nowhere.
 */
/** What is signed for a while, and whose signature never fits another's. */
const PURPOSES = ['decision-form', 'session', 'webhook'] as const;

describe('for every schedule of rotation, issue, cache age and clock skew', () => {
  const span = 10 * 24 * HOUR;
  const thousandths = (min: number, max: number) => fc.integer({ min, max }).map((n) => n / 1_000);
  test('the live verify, the dead do not', () => {
    const seen = Object.fromEntries(PURPOSES.map((purpose) => [purpose, { live: 0, dead: 0 }]));
    fc.assert(
      fc.property(
        fc.record({
          cacheMs: fc.integer({ min: 0, max: HOUR }),
          lifeMs: fc.integer({ min: 1_000, max: 48 * HOUR }),
          skewMs: fc.integer({ min: 0, max: 300_000 }),
        }),
        fc.array(fc.integer({ min: 0, max: span }), { maxLength: 12 }),
        fc.array(
          fc.record({
            at: fc.integer({ min: 0, max: span }),
            signerAge: thousandths(0, 1_000),
            signerSkew: thousandths(-1_000, 1_000),
            life: thousandths(1, 1_000),
            purpose: fc.constantFrom(...PURPOSES),
            after: thousandths(0, 1_500),
            verifierAge: thousandths(0, 1_000),
            verifierSkew: thousandths(-1_000, 1_000),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        (rules, rotations, uses) => {
          // What the secret held, and from when on.
          const versions = [{ from: Number.NEGATIVE_INFINITY, ring: newKeyring(key(0), T0 - HOUR) }];
          for (const [index, at] of rotations.toSorted((a, b) => a - b).entries()) {
            const last = versions.at(-1);
            if (last === undefined) throw new Error('no version');
            const result = rotateKeyring(last.ring, key(index + 1), T0 + at, rules);
            if (result.kind === 'rotated') versions.push({ from: T0 + at, ring: result.ring });
          }
          const seenAt = (real: number, age: number): Keyring => {
            const found = versions.findLast(({ from }) => from <= real - age * rules.cacheMs);
            if (found === undefined) throw new Error('nothing to see');
            return found.ring;
          };
          for (const use of uses) {
            const signedAt = T0 + use.at;
            const lifeMs = Math.max(1, Math.floor(use.life * rules.lifeMs));
            const signerClock = Math.round(signedAt + use.signerSkew * rules.skewMs);
            const signed = { ...what, purpose: use.purpose };
            const signature = signWithKeyring(seenAt(signedAt, use.signerAge), signed, signerClock, lifeMs);
            const verifiedAt = signedAt + Math.round(use.after * lifeMs);
            const verifierClock = Math.round(verifiedAt + use.verifierSkew * rules.skewMs);
            const ring = seenAt(verifiedAt, use.verifierAge);
            const verdict = verifyWithKeyring(ring, signed, signature, verifierClock, rules);
            const counts = seen[use.purpose] as { live: number; dead: number };
            const ends = signerClock + lifeMs;
            if (verifierClock <= ends) {
              counts.live += 1;
              expect(verdict).toBe('valid');
            } else {
              counts.dead += 1;
              expect(verdict).not.toBe('valid');
            }
            for (const purpose of PURPOSES)
              if (purpose !== use.purpose)
                expect(
                  verifyWithKeyring(ring, { ...signed, purpose }, signature, verifierClock, rules),
                ).not.toBe('valid');
          }
        },
      ),
      { numRuns: 3_000 },
    );
    for (const { live, dead } of Object.values(seen)) expect(Math.min(live, dead)).toBeGreaterThan(1_000);
    console.log(`signatures of the keyring under random schedules: ${JSON.stringify(seen)}`);
    if (SEED === DEFAULT_SEED) recordFigures('keyring-schedules', { schedules: 3_000, ...seen });
  });
});
