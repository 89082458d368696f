import { describe, expect, test } from 'vitest';
import { watchRotations } from '#functions/credentials/watch-rotations.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { ROTATION_TIMEOUT_MS, stuckPending } from '#shared/credentials/rotation/stuck-pending.ts';
import type { SecretDescription } from '#shared/credentials/rotation/versions.ts';
import { aCredential } from './rows.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const LIMIT = 2 * ROTATION_TIMEOUT_MS;
const described = (
  stages: SecretDescription['stages'],
  ageMs: number,
  name = 'secret',
): SecretDescription => ({
  arn: `arn:${name}`,
  name,
  stages,
  rotationEnabled: true,
  rotationLambdaArn: null,
  lastChangedAt: NOW - ageMs,
  lastRotatedAt: null,
  deleted: false,
});
const PENDING = { old: ['AWSCURRENT'], new: ['AWSPENDING'] };
const DONE = { old: ['AWSPREVIOUS'], new: ['AWSCURRENT', 'AWSPENDING'] };

const run = async (
  secrets: Readonly<Record<string, SecretDescription | Error>>,
  grants: readonly Credential[] = [],
) => {
  const asked: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const result = await watchRotations({
    listCredentials: async () => grants,
    describeSecret: async (secretId) => {
      asked.push(secretId);
      const found = secrets[secretId];
      if (found instanceof Error) throw found;
      return found;
    },
    house: ['keyring', 'signing'],
    stage: 'dev',
    now: () => NOW,
    log: (line) => void lines.push({ ...line }),
  });
  return { ...result, asked: asked.toSorted(), lines };
};
const idle = described({ old: ['AWSCURRENT'] }, 1e9);

describe('a pending version', () => {
  test.each([
    ['for longer than twice the time of a rotation is stuck', PENDING, LIMIT + 1, true],
    ['for exactly that long is not', PENDING, LIMIT, false],
    ['on the current version is what a rotation leaves behind', DONE, 1e9, false],
    ['that is not there is not stuck', { old: ['AWSCURRENT'] }, 1e9, false],
  ])('%s', (_name, stages, ageMs, isStuck) => {
    expect(stuckPending(described(stages, ageMs), NOW) !== undefined).toBe(isStuck);
  });
});

describe('the watch over rotations', () => {
  test('looks once at every secret that is in use, those of the stack too, and at none that was retired', async () => {
    const grants = [
      aCredential({ secretId: 'a' }),
      aCredential({ secretId: 'a', project: 'other' }),
      aCredential({ secretId: 'b', retired: true }),
    ];
    const { asked, looked } = await run({ a: idle, keyring: idle, signing: idle }, grants);
    expect([asked, looked]).toEqual([['a', 'keyring', 'signing'], 3]);
  });

  test('raises the alarm by a number that every run says, and names secret and version', async () => {
    const { stuck, lines } = await run({
      keyring: described(PENDING, LIMIT + 60_000, 'house/keyring'),
      signing: idle,
    });
    expect(stuck).toBe(1);
    expect(lines).toContainEqual({
      level: 'ERROR',
      event: 'rotation-stuck',
      secret: 'house/keyring',
      version: 'new',
      seconds: (LIMIT + 60_000) / 1000,
    });
    expect(lines.at(-1)).toMatchObject({ Stage: 'dev', StuckRotations: 1 });
    const quiet = await run({ keyring: idle, signing: idle });
    expect(quiet.lines).toMatchObject([{ StuckRotations: 0 }]);
  });

  test('goes on where one secret cannot be seen, and says which', async () => {
    const { stuck, unseen, lines } = await run({
      keyring: Object.assign(new Error('not for you'), { name: 'AccessDeniedException' }),
      signing: described(PENDING, LIMIT + 1),
    });
    expect([stuck, unseen]).toEqual([1, 1]);
    expect(lines).toContainEqual({
      level: 'WARN',
      event: 'rotation-not-seen',
      secret: 'keyring',
      error: 'AccessDeniedException',
    });
  });
});
