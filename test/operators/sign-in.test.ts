import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as fc from 'fast-check';
import { finishSignIn, type SignInDeps, signOut, startSignIn } from '#functions/operators/sign-in.ts';
import { httpHandler, type HttpApiResult } from '#shared/operators/http-edge.ts';
import { discover, exchangeCode, verifyToken } from '#shared/operators/oidc.http.ts';
import { pkceChallenge } from '#shared/operators/oidc.ts';
import { localPath } from '#shared/operators/return-path.ts';
import {
  csrfOf,
  SESSION_COOKIE,
  SESSION_IDLE_MS,
  SESSION_MAX_MS,
  sessionDigest,
  sessionPrincipal,
} from '#shared/operators/sessions.ts';
import { SIGN_IN_COOKIE } from '#shared/operators/sign-in-transaction.ts';
import { httpEvent } from './http-event.ts';
import { personClaims, startIssuer, type TestIssuer } from './issuer.ts';
import { memoryRegistry, type MemoryRegistry, person } from './memory-registry.ts';

const OLIVIA = 'olivia@example.test';
let issuer: TestIssuer;
let registry: MemoryRegistry;
let deps: SignInDeps;
let clock: number;

beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  issuer = await startIssuer();
  registry = memoryRegistry([person(OLIVIA)]);
  clock = Date.now();
  const now = (): number => clock;
  const find = discover(issuer.url, now);
  const used = new Set<string>();
  deps = {
    ...registry,
    discover: find,
    exchangeCode: exchangeCode(find, 'console'),
    verify: verifyToken(issuer.url, find, now),
    useSignIn: async (digest) => {
      if (used.has(digest)) return false;
      used.add(digest);
      return true;
    },
    signedIn: sessionPrincipal(registry),
    clientId: 'console',
    operatorGroup: 'operators',
    publicUrl: 'https://autopack.example.test',
    newToken: () => randomBytes(32).toString('base64url'),
    now,
  };
});
afterEach(() => issuer.close());

/** A browser's jar: what Set-Cookie of an answer leaves behind. */
type Jar = Map<string, string>;
const store = (jar: Jar, result: HttpApiResult): void => {
  for (const cookie of result.cookies ?? []) {
    const [pair = '', ...attributes] = cookie.split('; ');
    const [name = '', value = ''] = pair.split('=');
    expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']));
    expect(attributes.some((attribute) => attribute.startsWith('Domain'))).toBe(false);
    if (attributes.includes('Max-Age=0')) jar.delete(name);
    else jar.set(name, value);
  }
};
const cookiesOf = (jar: Jar): string[] => [...jar].map(([name, value]) => `${name}=${value}`);
const visit = async (jar: Jar, page: 'start' | 'finish', query: string): Promise<HttpApiResult> => {
  const run = page === 'start' ? startSignIn : finishSignIn;
  const result = await httpHandler((request) => run(request, deps), { page: true })(
    httpEvent({ query, cookies: cookiesOf(jar) }),
  );
  store(jar, result);
  return result;
};

/** Goes to the issuer and comes back with what the issuer would send. */
const begin = async (jar: Jar, query = 'return=/inbox'): Promise<URLSearchParams> => {
  const result = await visit(jar, 'start', query);
  expect(result.statusCode).toBe(302);
  const url = new URL(result.headers['location'] ?? '');
  expect(url.origin + url.pathname).toBe(`${issuer.url}/authorize`);
  return url.searchParams;
};
const issue = (asked: URLSearchParams, claims: Record<string, unknown> = {}): void => {
  issuer.onToken = async (form) => {
    const fits =
      form.get('code') === 'good' &&
      pkceChallenge(form.get('code_verifier') ?? '') === asked.get('code_challenge');
    if (!fits || form.get('redirect_uri') !== asked.get('redirect_uri'))
      return { status: 400, body: { error: 'invalid_grant' } };
    return {
      status: 200,
      body: {
        id_token: await issuer.sign(
          personClaims(OLIVIA, {
            nonce: asked.get('nonce'),
            exp: Math.floor(clock / 1000) + 3600,
            ...claims,
          }),
        ),
      },
    };
  };
};
const callback = (asked: URLSearchParams): string =>
  new URLSearchParams({ code: 'good', state: asked.get('state') ?? '' }).toString();
const signInWith = async (jar: Jar, query?: string): Promise<HttpApiResult> => {
  const asked = await begin(jar, query);
  issue(asked);
  return visit(jar, 'finish', callback(asked));
};
const who = (jar: Jar) => sessionPrincipal(registry)(Object.fromEntries(jar), clock);

test('a person signs in by code and PKCE and lands where they wanted to go', async () => {
  const jar: Jar = new Map();
  const result = await signInWith(jar, 'return=%2Fa%2Fabc%3Fx%3D1');
  expect(result).toMatchObject({ statusCode: 302, headers: { location: '/a/abc?x=1' } });
  expect(await who(jar)).toMatchObject({
    principal: { subject: `person:${OLIVIA}`, roles: ['operator', 'viewer'] },
  });
  expect(jar.has(SIGN_IN_COOKIE)).toBe(false);
  expect(registry.people.get(OLIVIA)?.issuerSubject).toBe(`sub-${OLIVIA}`);
});

test('the registry knows a digest and never the value of the cookie', async () => {
  const jar: Jar = new Map();
  await signInWith(jar);
  const token = jar.get(SESSION_COOKIE) ?? '';
  expect([...registry.sessions.keys()]).toEqual([sessionDigest(token)]);
  expect(JSON.stringify([...registry.sessions])).not.toContain(token);
  expect(JSON.stringify([...registry.sessions])).not.toContain(csrfOf(token));
});

test('starting to sign in writes nothing, so that a mail scanner may follow the link', async () => {
  const jar: Jar = new Map();
  await begin(jar);
  expect(registry.sessions.size).toBe(0);
  expect(issuer.requests.token).toBe(0);
});

describe('an attack on the way', () => {
  test('a callback that is sent again, even with all its cookies, signs nobody in', async () => {
    const jar: Jar = new Map();
    const asked = await begin(jar);
    issue(asked);
    const stolen: Jar = new Map(jar);
    await visit(jar, 'finish', callback(asked));
    const replay = await visit(stolen, 'finish', callback(asked));
    expect(replay.statusCode).toBe(400);
    expect(replay.body).toContain('SIGN_IN_FAILED');
    expect(stolen.has(SESSION_COOKIE)).toBe(false);
    expect(registry.sessions.size).toBe(1);
  });

  test('a callback in a browser that did not start, or started something else, is refused', async () => {
    const attacker: Jar = new Map();
    const asked = await begin(attacker);
    issue(asked);
    expect((await visit(new Map(), 'finish', callback(asked))).statusCode).toBe(400);
    const victim: Jar = new Map();
    await begin(victim);
    expect((await visit(victim, 'finish', callback(asked))).body).toContain('another attempt');
    expect(registry.sessions.size).toBe(0);
    expect(issuer.requests.token).toBe(0);
  });

  test('changing the cookie changes the state', async () => {
    const jar: Jar = new Map();
    const asked = await begin(jar, 'return=/inbox&fresh=1');
    issue(asked);
    jar.set(SIGN_IN_COOKIE, (jar.get(SIGN_IN_COOKIE) ?? '').replace('.1.', '.0.'));
    expect((await visit(jar, 'finish', callback(asked))).statusCode).toBe(400);
  });

  test.each<[string, Record<string, unknown>]>([
    ['another nonce', { nonce: 'other' }],
    ['no nonce', { nonce: undefined }],
    ['another application', { aud: 'cli' }],
    ['another issuer', { iss: 'https://elsewhere.example.test' }],
    ['an access token', { token_use: 'access' }],
    ['an unverified address', { email_verified: false }],
  ])('a token with %s opens no session', async (_what, claims) => {
    const jar: Jar = new Map();
    const asked = await begin(jar);
    issue(asked, claims);
    expect((await visit(jar, 'finish', callback(asked))).statusCode).toBe(400);
    expect(registry.sessions.size).toBe(0);
  });

  test('a session that was planted before signing in is not the one that comes out, and it is over', async () => {
    const jar: Jar = new Map();
    await signInWith(jar);
    const planted = jar.get(SESSION_COOKIE) ?? '';
    await signInWith(jar);
    expect(jar.get(SESSION_COOKIE)).not.toBe(planted);
    expect(await who(new Map([[SESSION_COOKIE, planted]]))).toBeNull();
    expect(await who(jar)).not.toBeNull();
  });

  test('an attempt ends after ten minutes', async () => {
    const jar: Jar = new Map();
    const asked = await begin(jar);
    issue(asked);
    clock += 11 * 60_000;
    expect((await visit(jar, 'finish', callback(asked))).body).toContain('took too long');
  });
});

describe('a fresh sign-in', () => {
  test('asks the issuer to ask again and needs proof that it did', async () => {
    const jar: Jar = new Map();
    const asked = await begin(jar, 'return=/inbox&fresh=1');
    expect(Object.fromEntries(asked)).toMatchObject({
      prompt: 'login',
      max_age: '0',
      code_challenge_method: 'S256',
      response_type: 'code',
    });
    issue(asked, { auth_time: Math.floor(clock / 1000) - 3600 });
    expect((await visit(jar, 'finish', callback(asked))).body).toContain('SIGN_IN_NOT_FRESH');
    expect(registry.sessions.size).toBe(0);
    const again = await begin(jar, 'return=/inbox&fresh=1');
    issue(again, { auth_time: Math.floor(clock / 1000) });
    expect((await visit(jar, 'finish', callback(again))).statusCode).toBe(302);
  });
  test('is not asked for otherwise, and the age of the sign-in is kept', async () => {
    const jar: Jar = new Map();
    const asked = await begin(jar);
    expect(asked.has('prompt')).toBe(false);
    issue(asked, { auth_time: 1_700_000_000 });
    await visit(jar, 'finish', callback(asked));
    expect(await who(jar)).toMatchObject({ principal: { authTimeMs: 1_700_000_000_000 } });
  });
});

describe('what goes wrong elsewhere is a kind page', () => {
  test('the issuer refuses, with words that may be hostile', async () => {
    const jar: Jar = new Map();
    const asked = await begin(jar);
    const query = new URLSearchParams({
      error: '<script>',
      error_description: '<b>',
      state: asked.get('state') ?? '',
    });
    const result = await visit(jar, 'finish', query.toString());
    expect(result.statusCode).toBe(400);
    expect(result.body).toContain('/sign-in');
    expect(result.body).not.toContain('<script>');
  });
  test('the code is not one', async () => {
    const jar: Jar = new Map();
    const asked = await begin(jar);
    expect((await visit(jar, 'finish', callback(asked))).body).toContain('invalid_grant');
  });
  test.each(['discovery', 'keys', 'token'] as const)('the issuer does not answer (%s)', async (what) => {
    const jar: Jar = new Map();
    if (what === 'discovery') {
      issuer.down.add(what);
      expect((await visit(jar, 'start', '')).statusCode).toBe(503);
      return;
    }
    const asked = await begin(jar);
    issue(asked);
    issuer.down.add(what);
    const result = await visit(jar, 'finish', callback(asked));
    expect(result.statusCode).toBe(503);
    expect(result.headers['content-type']).toContain('text/html');
  });
  test('the person has no row, a row that is off, or a row that another account holds', async () => {
    const outcome = async (): Promise<string> => {
      const jar: Jar = new Map();
      const result = await signInWith(jar);
      expect(jar.has(SESSION_COOKIE)).toBe(false);
      return result.body;
    };
    registry.people.set(OLIVIA, person(OLIVIA, { issuerSubject: 'someone-else' }));
    expect(await outcome()).toContain('another account');
    registry.people.set(OLIVIA, person(OLIVIA, { active: false }));
    expect(await outcome()).toContain('not registered');
    registry.people.delete(OLIVIA);
    expect(await outcome()).toContain('not registered');
  });
});

describe('a session', () => {
  test('ends at once when the row is switched off, the group is gone at the next sign-in, and roles are fresh', async () => {
    const jar: Jar = new Map();
    await signInWith(jar);
    const row = registry.people.get(OLIVIA) ?? person(OLIVIA);
    registry.people.set(OLIVIA, { ...row, roles: ['viewer'] });
    expect(await who(jar)).toMatchObject({ principal: { roles: ['viewer'] } });
    registry.people.set(OLIVIA, { ...row, active: false });
    expect(await who(jar)).toBeNull();
  });
  test('ends after an hour without use, and after twelve hours with use', async () => {
    const jar: Jar = new Map();
    await signInWith(jar);
    const start = clock;
    clock += SESSION_IDLE_MS - 1000;
    expect(await who(jar)).not.toBeNull();
    clock += SESSION_IDLE_MS - 1000;
    expect(await who(jar)).not.toBeNull();
    clock += SESSION_IDLE_MS;
    expect(await who(jar)).toBeNull();
    await signInWith(jar);
    const began = clock;
    while (clock + SESSION_IDLE_MS / 2 < began + SESSION_MAX_MS) {
      clock += SESSION_IDLE_MS / 2;
      expect(await who(jar)).not.toBeNull();
    }
    clock = began + SESSION_MAX_MS;
    expect(await who(jar)).toBeNull();
    expect(clock).toBeGreaterThan(start);
  });
  test('cannot be guessed from what the registry stores', async () => {
    const jar: Jar = new Map();
    await signInWith(jar);
    const [digest = ''] = registry.sessions.keys();
    for (const guess of [digest, digest.slice(0, 43), '', '__proto__'])
      expect(await who(new Map([[SESSION_COOKIE, guess]]))).toBeNull();
  });
  test('ends on the server when the person signs out, and only with the CSRF value of that session', async () => {
    const jar: Jar = new Map();
    await signInWith(jar);
    const token = jar.get(SESSION_COOKIE) ?? '';
    const out = (csrf: string) =>
      httpHandler((request) => signOut(request, csrf, deps), { page: true })(
        httpEvent({ method: 'POST', cookies: cookiesOf(jar) }),
      );
    for (const csrf of ['', 'x', csrfOf(`${token}x`)]) expect((await out(csrf)).statusCode).toBe(403);
    expect(await who(jar)).not.toBeNull();
    const copy: Jar = new Map(jar);
    store(jar, await out(csrfOf(token)));
    expect(jar.has(SESSION_COOKIE)).toBe(false);
    expect(await who(copy)).toBeNull();
  });
});

describe('where to go after signing in', () => {
  test.each(['/inbox', '/a/abc?x=1', '/', '/a/%C3%BC#top'])('%s is a page of ours', (path) => {
    expect(localPath(path)).toBe(path);
  });
  test.each([
    'https://evil.example.test',
    '//evil.example.test',
    '/\\evil.example.test',
    '\\\\evil',
    '/\t/evil',
    '/%09/evil',
    '/%5cevil',
    '/%2f/evil',
    '/%252f%252fevil',
    '/%0d%0aLocation:x',
    'javascript:alert(1)',
    '',
    'inbox',
    ' /inbox',
    '/a\u0000',
    '/sign-in?return=/',
    '/signed-in',
    '/sign-out',
    '/..//evil.example.test',
    `/${'a'.repeat(600)}`,
    '/%',
    '/./%2e%2e//evil',
  ])('%j is refused', (path) => {
    expect(localPath(path)).toBeUndefined();
  });
  test('no text at all leads a browser away', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '/',
        '\\',
        '//',
        '.',
        '..',
        '%2f',
        '%5C',
        '%09',
        '\t',
        '\n',
        ':',
        '@',
        'evil.test',
        'https:',
        '?',
        '#',
        'a',
        ' ',
      ),
      { maxLength: 9 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const path = localPath(parts.join(''));
        if (path !== undefined)
          expect(new URL(path, 'https://here.test/signed-in').origin).toBe('https://here.test');
      }),
      { numRuns: 5000 },
    );
  });
});
