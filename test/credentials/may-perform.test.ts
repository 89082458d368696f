import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EFFECT_TYPES } from '#shared/actions/effects.ts';
import { timestamp } from '#shared/actions/identity.ts';
import {
  CONDITION_DETAILS,
  CREDENTIAL_STATUSES,
  type CredentialCondition,
} from '#shared/credentials/condition.ts';
import { CREDENTIAL_KINDS, CREDENTIAL_SCOPES, type Credential } from '#shared/credentials/credential.ts';
import { mayPerform, type PerformFacts, type PerformNeeds } from '#shared/credentials/may-perform.ts';
import { aCondition, aCredential } from './rows.ts';

const NOW = Date.parse('2026-02-01T00:00:00.000Z');
const DAY = 86_400_000;
const OLD = '2025-01-01T00:00:00.000Z';
const ENVIRONMENTS = ['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER'] as const;

const needs = (over: Partial<PerformNeeds> = {}): PerformNeeds => ({
  credential: { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' },
  operation: 'alpaca/order.submit',
  effects: ['trade'],
  hostIsOverridden: false,
  ...over,
});
const facts = (over: Partial<PerformFacts> = {}): PerformFacts => ({
  now: timestamp(NOW),
  taskMs: 60_000,
  approval: 'present',
  ...over,
});
const codes = (
  grant: Credential | undefined,
  condition: CredentialCondition | undefined = aCondition(),
  more: { needs?: Partial<PerformNeeds>; facts?: Partial<PerformFacts> } = {},
) => mayPerform(grant, condition, needs(more.needs), facts(more.facts)).reasons.map(({ code }) => code);

describe('may this credential do this? (CRE-09, CRE-21)', () => {
  test('a grant that names scope and operation, in good condition, with an approval: yes', () => {
    expect(mayPerform(aCredential(), aCondition(), needs(), facts())).toEqual({ allowed: true, reasons: [] });
  });

  test('nothing registered: no', () => {
    expect(codes(undefined)).toEqual(['CREDENTIAL_UNKNOWN']);
  });

  test.each<[string, Partial<Credential>, Partial<PerformNeeds>, string]>([
    ['retired', { retired: true }, {}, 'CREDENTIAL_RETIRED'],
    ['no scopes', { scopes: [] }, {}, 'CREDENTIAL_SCOPE'],
    [
      'every scope but the one',
      { scopes: ['READ', 'WRITE', 'DELETE', 'PUBLISH', 'ADMIN'] },
      {},
      'CREDENTIAL_SCOPE',
    ],
    ['ADMIN implies nothing', { scopes: ['ADMIN'] }, { effects: ['read'] }, 'CREDENTIAL_SCOPE'],
    ['effects that nobody knows', {}, { effects: [] }, 'CREDENTIAL_SCOPE'],
    ['no operations', { operations: [] }, {}, 'CREDENTIAL_OPERATION'],
    ['another operation', { operations: ['alpaca/order.cancel'] }, {}, 'CREDENTIAL_OPERATION'],
    ['a prefix is not a name', { operations: ['alpaca/order.sub'] }, {}, 'CREDENTIAL_OPERATION'],
    ['all of another provider', { operations: ['alpac/*', 'etsy/*'] }, {}, 'CREDENTIAL_OPERATION'],
    ['a stand-in for a real host', { standIn: true }, {}, 'CREDENTIAL_STAND_IN'],
    ['a real one for a stand-in', {}, { hostIsOverridden: true }, 'CREDENTIAL_STAND_IN'],
    [
      'PAPER for a live trade (CRE-02)',
      {},
      { credential: { provider: 'alpaca', account: 'paper-demo', environment: 'PRODUCTION' } },
      'CREDENTIAL_ENVIRONMENT',
    ],
    [
      'another account',
      {},
      { credential: { provider: 'alpaca', account: 'other', environment: 'PAPER' } },
      'CREDENTIAL_ENVIRONMENT',
    ],
  ])('%s: refused for good', (_, grant, need, code) => {
    const { allowed, reasons } = mayPerform(aCredential(grant), aCondition(), needs(need), facts());
    expect(allowed).toBe(false);
    expect(reasons).toMatchObject([{ code, remedy: 'refuse' }]);
  });

  test.each<[string, Partial<CredentialCondition>, Partial<Credential>, string]>([
    ['NEEDS_REAUTH', { status: 'NEEDS_REAUTH' }, {}, 'CREDENTIAL_UNHEALTHY'],
    ['EXPIRED', { status: 'EXPIRED' }, {}, 'CREDENTIAL_UNHEALTHY'],
    ['INVALID', { status: 'INVALID' }, {}, 'CREDENTIAL_UNHEALTHY'],
    ['MISSING', { status: 'MISSING' }, {}, 'CREDENTIAL_UNHEALTHY'],
    ['too few scopes at the provider', { detail: 'insufficient-scope' }, {}, 'CREDENTIAL_UNHEALTHY'],
    [
      'a refresh token that ends within the task',
      { refreshExpiresAt: timestamp(NOW + 60_000) },
      { kind: 'oauth' },
      'CREDENTIAL_EXPIRES',
    ],
    [
      'a key that ends within the task',
      { accessExpiresAt: timestamp(NOW + 60_000) },
      {},
      'CREDENTIAL_EXPIRES',
    ],
    [
      'older than critical',
      { rotatedAt: timestamp(NOW - 135 * DAY) },
      { createdAt: OLD },
      'CREDENTIAL_OVERDUE',
    ],
  ])('%s: waits', (_, condition, grant, code) => {
    const { reasons } = mayPerform(aCredential(grant), aCondition(condition), needs(), facts());
    expect(reasons).toMatchObject([{ code, remedy: 'wait' }]);
  });

  test('what could not be told yet, an access token that is refreshed, a millisecond before the limit: usable', () => {
    expect(codes(aCredential(), aCondition({ status: 'UNKNOWN', detail: 'probe-failed' }))).toEqual([]);
    expect(mayPerform(aCredential(), undefined, needs(), facts()).allowed).toBe(true);
    expect(
      codes(aCredential({ kind: 'oauth' }), aCondition({ accessExpiresAt: timestamp(NOW - 1) })),
    ).toEqual([]);
    expect(codes(aCredential(), aCondition({ accessExpiresAt: timestamp(NOW + 60_001) }))).toEqual([]);
    const young = aCondition({ rotatedAt: timestamp(NOW - 135 * DAY + 1) });
    expect(codes(aCredential({ createdAt: OLD }), young)).toEqual([]);
    // Registered anew, perhaps with another secret: the age of the one before is over.
    expect(codes(aCredential(), aCondition({ rotatedAt: timestamp(0) }))).toEqual([]);
  });

  test('an approval is needed inside Execute, and not yet before the wait', () => {
    expect(codes(aCredential(), aCondition(), { facts: { approval: 'absent' } })).toEqual([
      'CREDENTIAL_UNAPPROVED',
    ]);
    expect(codes(aCredential(), aCondition(), { facts: { approval: 'not-yet' } })).toEqual([]);
  });

  test('every reason is in the answer, not the first one', () => {
    expect(
      codes(
        aCredential({ scopes: [], operations: [], retired: true, standIn: true, createdAt: OLD }),
        aCondition({ status: 'INVALID', rotatedAt: timestamp(0) }),
        { facts: { approval: 'absent' } },
      ),
    ).toEqual([
      'CREDENTIAL_RETIRED',
      'CREDENTIAL_STAND_IN',
      'CREDENTIAL_SCOPE',
      'CREDENTIAL_OPERATION',
      'CREDENTIAL_UNHEALTHY',
      'CREDENTIAL_OVERDUE',
      'CREDENTIAL_UNAPPROVED',
    ]);
  });
});

const grants = fc.record({
  environment: fc.constantFrom(...ENVIRONMENTS),
  kind: fc.constantFrom(...CREDENTIAL_KINDS),
  scopes: fc.uniqueArray(fc.constantFrom(...CREDENTIAL_SCOPES)),
  operations: fc.uniqueArray(fc.constantFrom('alpaca/*', 'alpaca/order.submit', 'http/request', 'http/*')),
  standIn: fc.boolean(),
  retired: fc.boolean(),
});
const conditions = fc.record({
  status: fc.constantFrom(...CREDENTIAL_STATUSES),
  detail: fc.option(fc.constantFrom(...CONDITION_DETAILS)),
  rotatedAt: fc.integer({ min: 0, max: 200 }).map((days) => timestamp(NOW - days * DAY)),
});
const demands = fc.record({
  operation: fc.constantFrom('alpaca/order.submit', 'http/request'),
  effects: fc.uniqueArray(fc.constantFrom(...EFFECT_TYPES)),
  hostIsOverridden: fc.boolean(),
  environment: fc.constantFrom(...ENVIRONMENTS),
});
const ask = (
  grant: Partial<Credential>,
  condition: Partial<CredentialCondition>,
  demand: { environment: (typeof ENVIRONMENTS)[number] } & Partial<PerformNeeds>,
) => {
  const { environment, ...rest } = demand;
  return mayPerform(
    aCredential(grant),
    aCondition(condition),
    needs({ ...rest, credential: { provider: 'alpaca', account: 'paper-demo', environment } }),
    facts(),
  );
};

describe('for every grant, condition and demand', () => {
  test('another scope or operation never turns an allow into a deny, and takes no reason in', () => {
    fc.assert(
      fc.property(
        grants,
        conditions,
        demands,
        fc.constantFrom(...CREDENTIAL_SCOPES),
        (grant, condition, demand, scope) => {
          const before = ask(grant, condition, demand).reasons.map(({ code }) => code);
          const wider = {
            ...grant,
            scopes: [...new Set([...grant.scopes, scope])],
            operations: [...grant.operations, demand.operation],
          };
          const after = ask(wider, condition, demand).reasons.map(({ code }) => code);
          expect(before).toEqual(expect.arrayContaining(after));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('nothing but PRODUCTION ever serves production, and production serves nothing else', () => {
    fc.assert(
      fc.property(grants, conditions, demands, (grant, condition, demand) => {
        const { allowed } = ask(grant, condition, demand);
        if (allowed) expect(grant.environment).toBe(demand.environment);
      }),
      { numRuns: 2_000 },
    );
  });

  test('an allow means: each effect has its scope, the operation is named, nothing is unhealthy', () => {
    let allows = 0;
    fc.assert(
      fc.property(grants, conditions, demands, (grant, condition, demand) => {
        if (!ask(grant, condition, demand).allowed) return;
        allows += 1;
        expect(demand.effects.length).toBeGreaterThan(0);
        expect(grant.retired).toBe(false);
        expect(['PRESENT', 'UNKNOWN']).toContain(condition.status);
      }),
      { numRuns: 20_000 },
    );
    expect(allows).toBeGreaterThan(10);
  });
});
