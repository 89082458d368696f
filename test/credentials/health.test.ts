import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import {
  CONDITION_DETAILS,
  CREDENTIAL_STATUSES,
  type CredentialCondition,
} from '#shared/credentials/condition.ts';
import { CREDENTIAL_KINDS, type Credential } from '#shared/credentials/credential.ts';
import { conditionAfterProbe, healthNow, rankOf, worstHealth } from '#shared/credentials/health.ts';
import { nextStep } from '#shared/credentials/health-words.ts';
import type { ProbeFinding } from '#shared/credentials/probes/probe.ts';
import { ROTATED, rotationPolicyOf } from '#shared/credentials/rotation-policies.ts';
import { warningMail } from '#shared/credentials/warning-mail.ts';
import { ageOf, withWarning } from '#shared/credentials/warnings.ts';
import { aCondition, aCredential } from './rows.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const DAY = 86_400_000;
const at = (ms: number) => timestamp(NOW + ms);

const after = (
  finding: ProbeFinding,
  from: Partial<CredentialCondition> | undefined = {},
  grant: Partial<Credential> = {},
) => {
  const before = aCondition({ providerAccount: 'one', ...from });
  const { status, detail } = conditionAfterProbe(aCredential(grant), before, finding, NOW);
  return detail === null ? status : `${status} ${detail}`;
};
const OAUTH: Partial<Credential> = { kind: 'oauth', provider: 'etsy', scopes: ['READ', 'WRITE'] };
const works = (account: string | null = 'one', scopes?: readonly string[]): ProbeFinding => ({
  kind: 'works',
  account,
  ...(scopes === undefined ? {} : { scopes }),
});

describe('what a look makes of a credential (CRE-11)', () => {
  test.each<[string, ProbeFinding, Partial<CredentialCondition>, Partial<Credential>, string]>([
    ['it works', works(), { status: 'UNKNOWN' }, {}, 'PRESENT'],
    ['it works again', works(), { status: 'INVALID' }, {}, 'PRESENT'],
    ['it works, and says not who', works(null), {}, {}, 'PRESENT'],
    ['it is there, no more can be asked', { kind: 'readable' }, { status: 'UNKNOWN' }, {}, 'PRESENT'],
    ['there is no secret', { kind: 'missing' }, {}, {}, 'MISSING'],
    ['the secret lacks a field', { kind: 'malformed' }, {}, {}, 'INVALID'],
    ['a key is refused', { kind: 'refused' }, {}, {}, 'INVALID'],
    [
      'an access token is refused: no more than over',
      { kind: 'refused' },
      {},
      OAUTH,
      'EXPIRED expired-refreshable',
    ],
    [
      'a minted token is refused',
      { kind: 'refused' },
      {},
      { kind: 'client-credentials', provider: 'shopify' },
      'EXPIRED expired-refreshable',
    ],
    ['it may do less', { kind: 'limited', account: 'one' }, {}, {}, 'PRESENT insufficient-scope'],
    ['scopes that do not cover it', works('one', ['listings_r']), {}, OAUTH, 'PRESENT insufficient-scope'],
    [
      'scopes that cover it',
      works('one', ['listings_r', 'listings_w']),
      { detail: 'insufficient-scope' },
      OAUTH,
      'PRESENT',
    ],
    ['somebody else', works('two'), { status: 'UNKNOWN' }, {}, 'PRESENT wrong-environment'],
    ['the right one again', works('one'), { detail: 'wrong-environment' }, {}, 'PRESENT'],
    ['somebody else, registered anew since', works('two'), {}, { createdAt: at(-1) }, 'PRESENT'],
    ['no host for it', { kind: 'wrong-environment' }, { status: 'UNKNOWN' }, {}, 'UNKNOWN wrong-environment'],
    ['its access ended, and is renewed', { kind: 'lapsed' }, {}, OAUTH, 'PRESENT'],
    ['nobody could tell', { kind: 'cannot-tell' }, {}, {}, 'PRESENT probe-failed'],
    [
      'nobody could tell, what is known stays',
      { kind: 'cannot-tell' },
      { detail: 'wrong-environment' },
      {},
      'PRESENT wrong-environment',
    ],
    [
      'nobody could tell of an invalid one',
      { kind: 'cannot-tell' },
      { status: 'INVALID' },
      {},
      'INVALID probe-failed',
    ],
  ])('%s', (_, finding, from, grant, expected) => {
    expect(after(finding, from, grant)).toBe(expected);
  });

  test('the first look of all makes a condition of its own, and remembers who it was', () => {
    const first = conditionAfterProbe(aCredential(), undefined, works('PA1'), NOW);
    expect(first).toMatchObject({
      version: 1,
      status: 'PRESENT',
      providerAccount: 'PA1',
      lastValidatedAt: at(0),
    });
  });
});

const findings: fc.Arbitrary<ProbeFinding> = fc.oneof(
  fc.constantFrom<ProbeFinding>(
    ...(
      ['refused', 'cannot-tell', 'missing', 'malformed', 'readable', 'lapsed', 'wrong-environment'] as const
    ).map((kind) => ({ kind }) as ProbeFinding),
  ),
  fc.record({
    kind: fc.constantFrom('works' as const, 'limited' as const),
    account: fc.constantFrom('one', 'two', null),
  }),
);
const conditions = fc.record({
  status: fc.constantFrom(...CREDENTIAL_STATUSES),
  detail: fc.option(fc.constantFrom(...CONDITION_DETAILS)),
  providerAccount: fc.constantFrom('one', null),
  accessExpiresAt: fc.option(fc.integer({ min: -30, max: 30 }).map((days) => at(days * DAY))),
  refreshExpiresAt: fc.option(fc.integer({ min: -30, max: 30 }).map((days) => at(days * DAY))),
});
const kinds = fc.constantFrom(...CREDENTIAL_KINDS);
const runs = { numRuns: 3_000 };

describe('for every look, condition and kind', () => {
  test('no look ever says NEEDS_REAUTH, and none takes it back', () => {
    fc.assert(
      fc.property(findings, conditions, kinds, (finding, from, kind) => {
        const { status } = conditionAfterProbe(aCredential({ kind }), aCondition(from), finding, NOW);
        expect(status === 'NEEDS_REAUTH').toBe(from.status === 'NEEDS_REAUTH');
      }),
      runs,
    );
  });

  test('a look that could not tell changes no status and hides no flaw', () => {
    fc.assert(
      fc.property(conditions, kinds, (from, kind) => {
        const before = aCondition(from);
        const { status, detail, lastValidatedAt } = conditionAfterProbe(
          aCredential({ kind }),
          before,
          { kind: 'cannot-tell' },
          NOW,
        );
        expect([status, lastValidatedAt]).toEqual([before.status, before.lastValidatedAt]);
        if (before.detail === 'insufficient-scope' || before.detail === 'wrong-environment')
          expect(detail).toBe(before.detail);
      }),
      runs,
    );
  });

  test('a dead access token hides no flaw: renewing it would mend none', () => {
    for (const detail of ['insufficient-scope', 'wrong-environment'] as const)
      expect(after({ kind: 'refused' }, { detail }, OAUTH)).toBe(`PRESENT ${detail}`);
  });

  test('time mends nothing', () => {
    fc.assert(
      fc.property(conditions, kinds, fc.integer({ min: 0, max: 60 }), (from, kind, days) => {
        const condition = aCondition(from);
        const now = healthNow({ kind }, condition, NOW);
        expect(rankOf(healthNow({ kind }, condition, NOW + days * DAY))).toBeGreaterThanOrEqual(rankOf(now));
      }),
      runs,
    );
  });

  test('the worst of several stands for all, whatever their order', () => {
    const health = fc.record({
      status: fc.constantFrom(...CREDENTIAL_STATUSES),
      detail: fc.option(fc.constantFrom(...CONDITION_DETAILS)),
    });
    fc.assert(
      fc.property(fc.array(health, { minLength: 1 }), (all) => {
        const worst = rankOf(worstHealth(all));
        expect(worst).toBe(Math.max(0, ...all.map(rankOf)));
        expect(rankOf(worstHealth(all.toReversed()))).toBe(worst);
      }),
      runs,
    );
    expect(worstHealth([])).toEqual({ status: 'PRESENT', detail: null });
    expect(rankOf({ status: 'NEEDS_REAUTH', detail: null })).toBeGreaterThan(
      rankOf({ status: 'MISSING', detail: null }),
    );
  });
});

describe('how old it is (CRE-03, CRE-04, CRE-08)', () => {
  const aged = (provider: string, ms: number) => {
    const grant = aCredential({ provider, createdAt: timestamp(NOW - 4000 * DAY) });
    return ageOf(grant, aCondition({ rotatedAt: timestamp(NOW - ms) }), NOW);
  };
  test.each(ROTATED)(
    '%s: each threshold is reached with its first millisecond, and not before',
    (provider) => {
      const { notifyDays, maxDays, criticalDays } = rotationPolicyOf(provider);
      for (const day of new Set([...notifyDays, maxDays, criticalDays])) {
        expect(aged(provider, day * DAY).reached, String(day)).toBe(day);
        expect(aged(provider, day * DAY - 1).reached ?? 0, String(day)).toBeLessThan(day);
        expect(aged(provider, day * DAY - 1).next).toBe(day);
      }
      expect(aged(provider, maxDays * DAY - 1).rotation).toBe('due');
      expect(aged(provider, maxDays * DAY).rotation).toBe('overdue');
      expect(aged(provider, criticalDays * DAY - 1).rotation).toBe('overdue');
      expect(aged(provider, criticalDays * DAY).rotation).toBe('critical');
      expect(aged(provider, -DAY)).toMatchObject({ days: 0, rotation: 'fresh', reached: null });
    },
  );

  test('over a life, each threshold is written down once, and anew after a rotation', () => {
    const grant = aCredential({ createdAt: timestamp(NOW) });
    let condition = aCondition({ rotatedAt: timestamp(NOW) });
    const told: number[] = [];
    for (let hour = 0; hour < 24 * 400; hour += 1) {
      const now = NOW + hour * 3_600_000;
      if (hour === 24 * 200) condition = { ...condition, rotatedAt: timestamp(now), warnedAtDays: null };
      const next = withWarning(grant, condition, now);
      if (next === undefined) continue;
      told.push(next.warnedAtDays ?? -1);
      condition = next;
    }
    expect(told).toEqual([68, 81, 90, 135, 68, 81, 90, 135]);
  });
});

test.each([
  ['INVALID', 'operator-staged', /Hand in a new value and rotate/],
  ['EXPIRED', 'operator-staged', /Hand in a new value and rotate/],
  ['INVALID', 'api-key', /Put a key that works into Secrets Manager/],
  ['EXPIRED', 'api-key', /Put a key that works into Secrets Manager/],
] as const)('what is to be done about %s of %s can be done', (status, kind, words) => {
  expect(nextStep({ status, detail: null, rotation: 'fresh', kind, waits: [] })).toMatch(words);
});

test('the warning of a key that its API renews says that a rotation failed, and asks for no value', () => {
  const grant = aCredential({ provider: 'http', account: 'api', kind: 'api-key' });
  const age = ageOf(grant, aCondition(), Date.UTC(2026, 4, 20));
  const { text } = warningMail(grant, age, {
    recipientName: 'Olivia',
    publicUrl: 'https://autopack.example.test',
  });
  expect(text).toContain('Its API should have renewed it by now.');
  expect(text).toContain('npx autopack credentials rotate http/api/PAPER --project demo');
  expect(text).not.toContain('credentials stage');
});
