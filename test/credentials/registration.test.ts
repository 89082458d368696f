import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CredentialStanding } from '#shared/credentials/condition.ts';
import { CREDENTIAL_KINDS, type Credential } from '#shared/credentials/credential.ts';
import { checkRegistration, registeredAs, type Registration } from '#shared/credentials/registration.ts';
import { aCondition, aCredential } from './rows.ts';

const body = (over: Partial<Credential> = {}): Registration => {
  const { schemaVersion: _v, project: _p, createdAt: _c, ...rest } = aCredential(over);
  return rest;
};
const standing = (grant: Partial<Credential> = {}, account: string | null = 'PA1'): CredentialStanding => ({
  grant: aCredential(grant),
  condition: aCondition({ providerAccount: account }),
});
const AT = '2026-11-21T10:00:00.000Z';

describe('registering, replacing and retiring a credential (CRE-06)', () => {
  test.each<[string, Partial<Credential>, boolean, string]>([
    ['a stand-in in production', { standIn: true }, true, 'standIn'],
    ['a scope twice', { scopes: ['READ', 'READ'] }, false, 'scopes'],
    ['an operation twice', { operations: ['alpaca/*', 'alpaca/*'] }, false, 'operations'],
    ['OAuth of nobody', { kind: 'oauth' }, false, 'oauthProvider'],
    ['client credentials of who has none', { kind: 'client-credentials', provider: 'etsy' }, false, 'kind'],
    ['a key with an OAuth provider', { oauthProvider: 'etsy' }, false, 'oauthProvider'],
  ])('%s is refused, and the field named', (_, over, production, field) => {
    const { faults } = checkRegistration(body(over), undefined, production);
    expect(faults.map(([name]) => name)).toEqual([field]);
    expect(faults[0]?.[1].length).toBeGreaterThan(20);
  });

  test('a good new one has no faults and no warnings', () => {
    expect(checkRegistration(body(), undefined, true)).toEqual({ faults: [], warnings: [] });
    const http = { provider: 'http', kind: 'oauth', oauthProvider: 'shopify' } as const;
    expect(checkRegistration(body(http), undefined, true).faults).toEqual([]);
  });

  test.each<[string, Partial<Credential>, CredentialStanding | undefined, RegExp]>([
    ['no scopes', { scopes: [] }, undefined, /no scopes/],
    ['no operations', { operations: [] }, undefined, /no operations/],
    ['operations of another provider', { operations: ['etsy/*'] }, undefined, /only operations of alpaca/],
    ['what it replaces', {}, standing(), /replaces the registration of 2026-01-01/],
    [
      'another secret of a known account',
      { secretId: 'autopack/new' },
      standing(),
      /account was PA1: make sure/,
    ],
    [
      'another secret of an account not known',
      { secretId: 'autopack/new' },
      standing({}, null),
      /not known yet/,
    ],
    [
      'that it may do more',
      {},
      standing({ scopes: ['READ'] }),
      /more than before: WRITE, DELETE, PUBLISH, TRADE\./,
    ],
    ['that it goes elsewhere', { standIn: true }, standing(), /goes to stand-ins/],
    ['that it was of another kind', { kind: 'api-key' }, standing(), /was of the kind operator-staged/],
    ['that it is retired', { retired: true }, standing(), /waits? for it are denied/],
    ['that it comes back', {}, standing({ retired: true }), /was retired/],
  ])('both operators are warned of %s', (_, over, before, words) => {
    const { faults, warnings } = checkRegistration(body(over), before, false);
    expect(faults).toEqual([]);
    expect(warnings.join('\n')).toMatch(words);
  });

  test('in place: the same secret keeps its age, another one begins anew', () => {
    const before = aCredential();
    expect(registeredAs(body({ scopes: ['READ'] }), before, 'demo', AT).createdAt).toBe(before.createdAt);
    expect(registeredAs(body({ secretId: 'autopack/new' }), before, 'demo', AT).createdAt).toBe(AT);
    expect(registeredAs(body(), undefined, 'demo', AT).createdAt).toBe(AT);
  });

  test('whatever is registered over whatever: less never warns of more, and nothing new is always said', () => {
    const scopes = fc.uniqueArray(fc.constantFrom('READ', 'WRITE', 'DELETE', 'PUBLISH', 'TRADE', 'ADMIN'));
    const some = fc.record({ scopes, kind: fc.constantFrom(...CREDENTIAL_KINDS), retired: fc.boolean() });
    fc.assert(
      fc.property(some, some, (before, next) => {
        const { warnings } = checkRegistration(
          body(next as Partial<Credential>),
          standing(before as Partial<Credential>),
          false,
        );
        const wider = next.scopes.some((scope) => !before.scopes.includes(scope));
        expect(warnings.some((line) => line.startsWith('It may do more'))).toBe(wider);
      }),
      { seed: 20_261_121, numRuns: 1_000 },
    );
  });
});
