import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authorize, type AuthorizeDeps } from '#functions/operators/authorize.ts';
import { flagIsOpen } from '#shared/config/flags.ts';
import { discover, verifyToken } from '#shared/operators/oidc.http.ts';
import { IssuerUnreachableError } from '#shared/operators/oidc.ts';
import { personClaims, startIssuer, type TestIssuer } from './issuer.ts';
import { memoryRegistry, type MemoryRegistry, person } from './memory-registry.ts';

const OLIVIA = 'olivia@example.test';
const AGENT = {
  schemaVersion: 1 as const,
  clientId: 'agent-1',
  name: 'Demo agent',
  projects: ['demo'],
  roles: ['agent' as const],
  owner: 'person:ada@example.test',
  active: true,
  createdAt: '2026-01-01T00:00:00.000Z',
};

let issuer: TestIssuer;
let registry: MemoryRegistry;
let deps: AuthorizeDeps;
const now = (): number => Date.now();

beforeEach(async () => {
  issuer = await startIssuer();
  registry = memoryRegistry([person(OLIVIA)], [AGENT]);
  deps = {
    ...registry,
    verify: verifyToken(issuer.url, discover(issuer.url, now), now),
    rules: { audiences: ['console', 'cli'], operatorGroup: 'operators' },
    publicRead: false,
  };
});
afterEach(() => issuer.close());

const ask = (token: string | undefined, method = 'POST') =>
  authorize({ method, authorization: token === undefined ? undefined : `Bearer ${token}` }, deps);
const seconds = (): number => Math.floor(Date.now() / 1000);

describe('a person', () => {
  test.each(['console', 'cli'])(
    'is who the ID token for the %s names, with roles and projects of the registry',
    async (aud) => {
      const token = await issuer.sign(
        personClaims(OLIVIA, { aud, auth_time: 1_700_000_000, name: 'Mallory', projects: ['other'] }),
      );
      expect(await ask(token)).toEqual({
        kind: 'person',
        subject: `person:${OLIVIA}`,
        email: OLIVIA,
        name: 'olivia',
        projects: ['demo'],
        roles: ['operator', 'viewer'],
        authTimeMs: 1_700_000_000_000,
      });
    },
  );

  test('is bound to the subject of the first sign-in, and another subject with the same address is refused', async () => {
    expect(await ask(await issuer.sign(personClaims(OLIVIA, { sub: 'first' })))).not.toBeNull();
    expect(registry.people.get(OLIVIA)?.issuerSubject).toBe('first');
    expect(await ask(await issuer.sign(personClaims(OLIVIA, { sub: 'second' })))).toBeNull();
    expect(registry.people.get(OLIVIA)?.issuerSubject).toBe('first');
  });

  test('who loses the race to be bound first is refused', async () => {
    const token = await issuer.sign(personClaims(OLIVIA, { sub: 'late' }));
    const racing = { ...deps, bindPersonSubject: async () => 'refused' as const };
    expect(await authorize({ method: 'GET', authorization: `Bearer ${token}` }, racing)).toBeNull();
  });

  test('is an operator only where the registry and the issuer both say so', async () => {
    const outside = await ask(await issuer.sign(personClaims(OLIVIA, { 'cognito:groups': ['people'] })));
    expect(outside).toMatchObject({ roles: ['viewer'] });
    registry.people.set(OLIVIA, person(OLIVIA, { roles: ['viewer'] }));
    expect(await ask(await issuer.sign(personClaims(OLIVIA)))).toMatchObject({ roles: ['viewer'] });
  });

  test('whose row was switched off is nobody at once', async () => {
    const token = await issuer.sign(personClaims(OLIVIA));
    expect(await ask(token)).not.toBeNull();
    registry.people.set(OLIVIA, person(OLIVIA, { active: false }));
    expect(await ask(token)).toBeNull();
  });

  test.each<[string, Record<string, unknown>]>([
    ['without a verified address', { email_verified: false }],
    ['without a row', { email: 'eve@example.test' }],
    ['for another application', { aud: 'shop' }],
    ['for several applications', { aud: ['console', 'shop'] }],
    ['with an access token', { token_use: 'access', client_id: 'console', username: 'olivia' }],
    [
      'with an access token in the name of an agent',
      { token_use: 'access', client_id: 'agent-1', username: 'olivia', sub: 'agent-1' },
    ],
    ['with a token of another use', { token_use: 'refresh' }],
    ['with a token that has ended', { exp: 1_700_000_000 }],
    ['with a token that is not valid yet', { nbf: seconds() + 600 }],
    ['with a token without an end', { exp: undefined }],
    ['with a token of another issuer', { iss: 'https://elsewhere.example.test' }],
    ['with a token of an issuer that looks alike', { iss: 'http://127.0.0.1' }],
  ])('%s is nobody', async (_what, claims) => {
    expect(await ask(await issuer.sign(personClaims(OLIVIA, claims)))).toBeNull();
  });

  test('a few seconds of skew do not end a token', async () => {
    expect(await ask(await issuer.sign(personClaims(OLIVIA, { exp: seconds() - 10 })))).not.toBeNull();
    expect(await ask(await issuer.sign(personClaims(OLIVIA, { exp: seconds() - 60 })))).toBeNull();
  });
});

describe('an agent', () => {
  const access = { token_use: 'access', client_id: 'agent-1', sub: 'agent-1', scope: 'autopack/agent' };
  test('is who the client-credentials token names', async () => {
    expect(await ask(await issuer.sign(access))).toEqual({
      kind: 'client',
      subject: 'client:agent-1',
      name: 'Demo agent',
      projects: ['demo'],
      roles: ['agent'],
      owner: 'person:ada@example.test',
    });
  });
  test('without a row, or switched off, is nobody', async () => {
    expect(await ask(await issuer.sign({ ...access, client_id: 'agent-2', sub: 'agent-2' }))).toBeNull();
    registry.clients.set('agent-1', { ...AGENT, active: false });
    expect(await ask(await issuer.sign(access))).toBeNull();
  });
});

describe('a forged token', () => {
  test('without a signature, or with one of another key or kind, is nobody', async () => {
    const claims = { ...personClaims(OLIVIA), iss: issuer.url, iat: seconds(), exp: seconds() + 600 };
    const other = await generateKeyPair('RS256');
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'key-1' })
      .sign(other.privateKey);
    const shared = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
      .sign(Buffer.alloc(32, 1));
    const good = await issuer.sign(personClaims(OLIVIA));
    const [head, , signature] = good.split('.');
    const changed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    for (const token of [new UnsecuredJWT(claims).encode(), forged, shared, changed, 'a.b.c', 'x', ''])
      expect(await ask(token)).toBeNull();
  });
  test.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer a b', `Bearer ${'a'.repeat(9000)}.b.c`, 'bearer ..'])(
    'the header %.20s is nobody',
    async (authorization) => {
      expect(await authorize({ method: 'GET', authorization }, deps)).toBeNull();
    },
  );
});

describe('the keys of the issuer', () => {
  test('are kept between calls', async () => {
    for (let call = 0; call < 3; call += 1) await ask(await issuer.sign(personClaims(OLIVIA)));
    expect(issuer.requests).toMatchObject({ discovery: 1, keys: 1 });
  });
  test('are fetched at most once more for key ids that nobody knows', async () => {
    await ask(await issuer.sign(personClaims(OLIVIA)));
    for (let call = 0; call < 5; call += 1)
      expect(await ask(await issuer.sign(personClaims(OLIVIA), { kid: `unknown-${call}` }))).toBeNull();
    expect(issuer.requests.keys).toBeLessThanOrEqual(2);
  });
  test.each(['discovery', 'keys'] as const)(
    'that cannot be read (%s) are an error, not a refusal that is remembered',
    async (what) => {
      issuer.down.add(what);
      const token = await issuer.sign(personClaims(OLIVIA));
      await expect(ask(token)).rejects.toBeInstanceOf(IssuerUnreachableError);
      issuer.down.clear();
      expect(await ask(token)).not.toBeNull();
    },
  );
});

describe('AUT-01: reading without a token', () => {
  test.each([
    ['dev', '1', true],
    ['dev', undefined, false],
    ['dev', 'true', false],
    ['dev', ' 1', false],
    ['prod', '1', false],
    ['prod', undefined, false],
  ])('in %s with AUTOPACK_PUBLIC_READ=%s is open: %s', async (stage, value, open) => {
    const publicRead = flagIsOpen('AUTOPACK_PUBLIC_READ', {
      AUTOPACK_ENV: stage,
      AUTOPACK_PUBLIC_READ: value,
    });
    expect(publicRead).toBe(open);
    const principal = await authorize({ method: 'GET', authorization: undefined }, { ...deps, publicRead });
    expect(principal).toEqual(open ? { kind: 'public', subject: 'system:public' } : null);
  });
  test('never goes beyond reading, and a token that does not hold is refused even there', async () => {
    const open = { ...deps, publicRead: true };
    expect(await authorize({ method: 'POST', authorization: undefined }, open)).toBeNull();
    expect(await authorize({ method: 'GET', authorization: 'Bearer a.b.c' }, open)).toBeNull();
  });
});
