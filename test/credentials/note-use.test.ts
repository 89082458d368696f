import { describe, expect, test } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import type { CredentialCondition } from '#shared/credentials/condition.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { answerOf, type CredentialUse, noteUse } from '#shared/credentials/note-use.ts';
import { aCondition, aCredential } from './rows.ts';

const T0 = Date.parse('2026-11-21T10:00:00.000Z');
const HOUR = 3_600_000;
const REF = { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' } as const;

const desk = (over: Partial<Credential> = {}, first: Partial<CredentialCondition> | null = {}) => {
  const state = {
    now: T0,
    grant: aCredential(over) as Credential | undefined,
    condition: first === null ? undefined : aCondition(first),
    reads: 0,
    writes: 0,
    /** Runs once before the next write: somebody else was faster. */
    between: undefined as (() => void) | undefined,
  };
  const note = noteUse({
    now: () => state.now,
    readStanding: async () => {
      state.reads += 1;
      return { grant: state.grant, condition: state.condition };
    },
    putCondition: async (from, to) => {
      const { between } = state;
      state.between = undefined;
      between?.();
      if (state.condition?.version !== from?.version) return 'refused';
      state.writes += 1;
      state.condition = to;
      return 'stored';
    },
  });
  return {
    state,
    use: (answer: CredentialUse['answer'], again = false, readAt = state.now) =>
      note({ project: 'demo', credential: REF, readAt, answer, again }),
  };
};

describe('the use of a credential', () => {
  test('is noted at most once an hour, however often it is used (CRE-05)', async () => {
    const at = desk();
    for (let minute = 0; minute < 120; minute += 1) {
      at.state.now = T0 + minute * 60_000;
      await at.use('accepted');
    }
    expect([at.state.reads, at.state.writes]).toEqual([2, 2]);
    expect(at.state.condition).toMatchObject({
      lastUsedAt: timestamp(T0 + HOUR),
      lastValidatedAt: timestamp(T0 + HOUR),
      version: 3,
    });
  });

  test('that another process has just noted is read and not written', async () => {
    const at = desk({}, { lastUsedAt: timestamp(T0 - HOUR / 2) });
    await at.use('accepted');
    expect([at.state.reads, at.state.writes]).toEqual([1, 0]);
  });

  test('that proves nothing leaves the last proof where it is', async () => {
    const at = desk();
    await at.use('sent');
    expect(at.state.condition).toMatchObject({
      lastUsedAt: timestamp(T0),
      lastValidatedAt: '2026-01-01T00:00:00.000Z',
      status: 'PRESENT',
    });
  });

  test('makes the first row where nobody looked yet, and none for a credential that is not registered', async () => {
    const at = desk({}, null);
    await at.use('accepted');
    expect(at.state.condition).toMatchObject({ version: 1, status: 'UNKNOWN', lastUsedAt: timestamp(T0) });
    const nobody = desk({}, null);
    nobody.state.grant = undefined;
    await nobody.use('accepted');
    expect(nobody.state.condition).toBeUndefined();
  });

  test('goes on from what another writer wrote in between', async () => {
    const at = desk();
    at.state.between = () => {
      at.state.condition = aCondition({ version: 7, rotationCount: 4 });
    };
    await at.use('accepted');
    expect(at.state.condition).toMatchObject({ version: 8, rotationCount: 4, lastUsedAt: timestamp(T0) });
  });
});

describe('a refusal by the provider', () => {
  test('of a key condemns it the second time in a row, not the first', async () => {
    const at = desk();
    await at.use('refused');
    expect(at.state.condition?.status).toBe('PRESENT');
    await at.use('refused', true);
    expect(at.state.condition).toMatchObject({ status: 'INVALID', detail: null, since: timestamp(T0) });
  });

  test('is noted however lately the last use was', async () => {
    const at = desk();
    await at.use('accepted');
    at.state.now += 1000;
    await at.use('refused', true);
    expect(at.state.condition?.status).toBe('INVALID');
  });

  test.each(['oauth', 'client-credentials'] as const)(
    'of what is renewed by %s asks for its renewal at once, and is no death (a 401 alone)',
    async (kind) => {
      const at = desk({ kind, oauthProvider: 'etsy' });
      await at.use('refused');
      expect(at.state.condition).toMatchObject({ status: 'EXPIRED', detail: 'expired-refreshable' });
    },
  );

  test.each([{ lastValidatedAt: timestamp(T0 + 1) }, { rotatedAt: timestamp(T0 + 1), rotationCount: 1 }])(
    'of a value that was replaced since, %j, says nothing about the new one',
    async (first) => {
      const at = desk({}, first);
      at.state.now = T0 + 5000;
      await at.use('refused', true, T0);
      expect(at.state.condition?.status).toBe('PRESENT');
    },
  );

  test.each(['NEEDS_REAUTH', 'MISSING', 'INVALID', 'EXPIRED'] as const)(
    'of what is known to be %s changes nothing',
    async (status) => {
      const at = desk({ kind: 'oauth', oauthProvider: 'etsy' }, { status });
      await at.use('refused', true);
      expect([at.state.condition?.status, at.state.writes]).toEqual([status, 0]);
    },
  );
});

test('a verdict says what the provider thinks of the credential', () => {
  const base = { summary: '' };
  expect(answerOf({ ...base, kind: 'applied', code: 'HTTP_OK' })).toBe('accepted');
  expect(answerOf({ ...base, kind: 'notApplied', retryable: false, code: 'CREDENTIAL_REFUSED' })).toBe(
    'refused',
  );
  expect(answerOf({ ...base, kind: 'notApplied', retryable: false, code: 'HTTP_REFUSED' })).toBe('sent');
  expect(answerOf({ ...base, kind: 'ambiguous', code: 'PROVIDER_FAILED' })).toBe('sent');
});
