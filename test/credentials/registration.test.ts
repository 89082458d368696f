import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CredentialStanding } from '#shared/credentials/condition.ts';
import { Credential, CREDENTIAL_KINDS } from '#shared/credentials/credential.ts';
import { checkRegistration, registeredAs, type Registration } from '#shared/credentials/registration.ts';
import type { Renewal } from '#shared/credentials/renewal.ts';
import { aCondition, aCredential } from './rows.ts';

const body = (over: Partial<Credential> = {}): Registration => {
  const { schemaVersion: _v, project: _p, createdAt: _c, ...rest } = aCredential(over);
  return rest;
};
const standing = (grant: Partial<Credential> = {}, account: string | null = 'PA1'): CredentialStanding => ({
  grant: aCredential(grant),
  condition: aCondition({ providerAccount: account }),
});
const HOSTS = ['api.example.test'];
const RENEWAL: Renewal = {
  url: 'https://api.example.test/keys',
  tokenField: 'token',
  probeUrl: 'https://api.example.test/me',
};
const renewed = (over: Partial<Renewal> = {}): Partial<Credential> => ({
  provider: 'http',
  kind: 'api-key',
  renewal: { ...RENEWAL, ...over },
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
    [
      'a key that is renewed at a host that the project may not call',
      renewed({ url: 'https://evil.example.test/keys' }),
      false,
      'renewal.url',
    ],
    [
      'a key that is renewed at another port',
      renewed({ url: 'https://api.example.test:8443/keys' }),
      false,
      'renewal.url',
    ],
    ['a stand-in that a real API renews', { ...renewed(), standIn: true }, false, 'standIn'],
  ])('%s is refused, and the field named', (_, over, production, field) => {
    const { faults } = checkRegistration(body(over), undefined, production, HOSTS);
    expect(faults.map(([name]) => name)).toEqual([field]);
    expect(faults[0]?.[1].length).toBeGreaterThan(20);
  });

  test('a good new one has no faults and no warnings', () => {
    expect(checkRegistration(body(), undefined, true, HOSTS)).toEqual({ faults: [], warnings: [] });
    expect(checkRegistration(body(renewed()), undefined, true, HOSTS)).toEqual({ faults: [], warnings: [] });
    expect(checkRegistration(body(renewed()), standing(renewed()), true, HOSTS).warnings).toEqual([
      'It replaces the registration of 2026-01-01T00:00:00.000Z.',
    ]);
    const http = { provider: 'http', kind: 'oauth', oauthProvider: 'shopify' } as const;
    expect(checkRegistration(body(http), undefined, true, HOSTS).faults).toEqual([]);
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
    ['that it was of another kind', renewed(), standing(), /was of the kind operator-staged/],
    [
      'where its key goes',
      renewed(),
      standing(),
      /key goes to https:\/\/api\.example\.test\/keys to be renewed/,
    ],
    [
      'that its key is renewed in another way',
      renewed({ revokeUrl: 'https://api.example.test/keys/self' }),
      standing(renewed()),
      /key goes to/,
    ],
    ['that it is retired', { retired: true }, standing(), /waits? for it are denied/],
    ['that it comes back', {}, standing({ retired: true }), /was retired/],
  ])('both operators are warned of %s', (_, over, before, words) => {
    const { faults, warnings } = checkRegistration(body(over), before, false, HOSTS);
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
          HOSTS,
        );
        const wider = next.scopes.some((scope) => !before.scopes.includes(scope));
        expect(warnings.some((line) => line.startsWith('It may do more'))).toBe(wider);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a credential of kind "api-key" says how its API renews it, and no other kind does', () => {
  const faultsOf = (over: object): string[] => {
    const parsed = Credential.safeParse({ ...aCredential(), ...over });
    return parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };
  const withRenewal = (over: object): object => ({ ...renewed(), renewal: { ...RENEWAL, ...over } });

  test('one that says so is taken, with the field of the new key by default', () => {
    const { tokenField: _default, ...short } = RENEWAL;
    const taken = Credential.parse({ ...aCredential(), ...renewed(), renewal: short });
    expect(taken.renewal).toEqual(RENEWAL);
    expect(
      faultsOf(
        withRenewal({
          accountField: 'account',
          revokeUrl: 'https://api.example.test/keys/self',
          revokeMethod: 'POST',
        }),
      ),
    ).toEqual([]);
  });

  test.each<[string, object, RegExp]>([
    ['without a renewal', { ...renewed(), renewal: undefined }, /^renewal: say how the API renews/],
    ['of another provider', { ...renewed(), provider: 'alpaca' }, /^kind: only an API behind "http"/],
    ['of another kind with one', { ...renewed(), kind: 'operator-staged' }, /^renewal: is for the kind/],
    ['over http', withRenewal({ url: 'http://api.example.test/keys' }), /^renewal\.url: an https URL/],
    [
      'with user info',
      withRenewal({ url: 'https://me:pw@api.example.test/keys' }),
      /^renewal\.url: an https/,
    ],
    [
      'with a fragment',
      withRenewal({ probeUrl: 'https://api.example.test/me#x' }),
      /^renewal\.probeUrl: an https/,
    ],
    [
      'with an empty fragment',
      withRenewal({ url: 'https://api.example.test/keys#' }),
      /^renewal\.url: an https/,
    ],
    [
      'that is not in normal form',
      withRenewal({ url: 'https://API.example.test/a/../keys' }),
      /^renewal\.url/,
    ],
    ['that is no URL', withRenewal({ url: 'keys' }), /^renewal\.url: an https URL/],
    [
      'whose probe is on another host',
      withRenewal({ probeUrl: 'https://evil.example.test/me' }),
      /^renewal\.probeUrl: the key goes to one host only/,
    ],
    [
      'that ends keys on another port',
      withRenewal({ revokeUrl: 'https://api.example.test:8443/keys' }),
      /^renewal\.revokeUrl: the key goes to one host only/,
    ],
    ['that ends keys nowhere', withRenewal({ revokeMethod: 'POST' }), /^renewal\.revokeMethod: .*revokeUrl/],
    [
      'that reads a path',
      withRenewal({ tokenField: 'data.token' }),
      /^renewal\.tokenField: the name of one field/,
    ],
    ['with a field that there is not', withRenewal({ header: 'x-key' }), /^renewal: .*header/],
  ])('one %s is refused, and the field named', (_what, over, words) => {
    const faults = faultsOf(over);
    expect(faults.join('\n')).toMatch(words);
    expect(faults).toHaveLength(1);
  });
});
