import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { redirectFits } from '#infra/local/identity/authorization-request.ts';
import { createIdentity } from '#infra/local/identity/identity.ts';
import { listenOnLoopback, type Loopback } from '#infra/local/loopback.ts';
import type { IdentityService } from '#infra/local/ports.ts';
import { type HostDouble, hostDouble } from './local-host-double.ts';

const poolId = 'us-east-1_local';
const callback = 'http://127.0.0.1:4500/signed-in';
const verifier = 'v'.repeat(64);
let host: HostDouble;
let loopback: Loopback;
let identity: IdentityService;
let secret: string;

const start = async (): Promise<void> => {
  identity = createIdentity(host);
  loopback = await listenOnLoopback((request) => identity.handle(request));
  host.url = loopback.url;
  await identity.ensureUserPool({ poolId });
  await identity.ensureResourceServer(poolId, 'autopack', ['propose']);
  await identity.ensureClient({
    poolId,
    clientId: 'console',
    name: 'Autopack console',
    grant: 'code',
    callbackUrls: [callback],
    logoutUrls: ['http://127.0.0.1:4500/inbox'],
  });
  await identity.ensureClient({
    poolId,
    clientId: 'cli',
    grant: 'code',
    callbackUrls: ['http://127.0.0.1/callback'],
  });
  const agent = await identity.ensureClient({
    poolId,
    clientId: 'demo-agent',
    grant: 'client_credentials',
    scopes: ['autopack/propose'],
  });
  secret = agent.clientSecret!;
  await identity.ensureUser(poolId, {
    email: 'Olivia@example.test',
    name: 'Olivia <Operator>',
    groups: ['operators'],
  });
};
// Making an RSA key takes longer than all the rest, so every test starts from a copy of one that was made once.
const prepared = hostDouble();
beforeAll(async () => {
  await createIdentity(prepared).ensureUserPool({ poolId });
});
afterAll(() => prepared.removeData());

beforeEach(async () => {
  host = hostDouble();
  cpSync(prepared.dataDir, host.dataDir, { recursive: true });
  await start();
});
afterEach(async () => {
  await loopback.stop();
  host.removeData();
});

/** A browser that keeps cookies and does not follow redirects. */
const browser = () => {
  const jar = new Map<string, string>();
  const visit = async (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const reply = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of reply.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const cut = pair.indexOf('=');
      jar.set(pair.slice(0, cut), pair.slice(cut + 1));
    }
    return {
      status: reply.status,
      headers: reply.headers,
      location: reply.headers.get('location'),
      text: await reply.text(),
    };
  };
  return { jar, visit };
};
type Browser = ReturnType<typeof browser>;

const authorizeUrl = (more: Record<string, string> = {}): string => {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'console',
    redirect_uri: callback,
    scope: 'openid email profile',
    state: 'state &1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  return `${identity.issuer(poolId)}/oauth2/authorize?${query}`;
};

const unescape = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
const hidden = (html: string, name: string): string =>
  unescape(new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '');
const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });

const press = (page: string, who: Browser, fields: Record<string, string>) =>
  who.visit(
    `${identity.issuer(poolId)}/login`,
    form({ request: hidden(page, 'request'), nonce: hidden(page, 'nonce'), ...fields }),
  );

const signIn = async (who: Browser, more: Record<string, string> = {}): Promise<string> => {
  const { text } = await who.visit(authorizeUrl(more));
  const answer = await press(text, who, { email: 'olivia@example.test' });
  return new URL(answer.location!).searchParams.get('code')!;
};

const token = async (fields: Record<string, string>, headers: Record<string, string> = {}) => {
  const reply = await fetch(`${identity.issuer(poolId)}/oauth2/token`, { ...form(fields), headers });
  return {
    status: reply.status,
    body: (await reply.json()) as Record<string, string>,
    headers: reply.headers,
  };
};
const redeem = (code: string, more: Record<string, string> = {}) =>
  token({
    grant_type: 'authorization_code',
    client_id: 'console',
    redirect_uri: callback,
    code,
    code_verifier: verifier,
    ...more,
  });

const claimsOf = async (jwt: string) => {
  const issuer = identity.issuer(poolId);
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  return (
    await jwtVerify(jwt, keys, { issuer, algorithms: ['RS256'], currentDate: new Date(host.clock.now()) })
  ).payload;
};

describe('signing in as a person', () => {
  test('opening the page, or pressing its button without typing an e-mail, signs nobody in', async () => {
    const who = browser();
    const { text, headers } = await who.visit(authorizeUrl());
    expect(text).toMatch(/<input id="email"(?![^>]* value=)/);
    expect(text).not.toContain('<script');
    expect(text).toContain('Olivia &lt;Operator&gt;');
    expect(text).toContain('no passwords');
    expect(headers.get('content-security-policy')).toContain(`form-action 'self' http://127.0.0.1:4500`);
    for (const email of ['', 'nobody@example.test', '__proto__']) {
      const pressed = await press(text, who, { email });
      expect([pressed.status, pressed.location]).toEqual([400, null]);
    }
    expect([...who.jar.keys()]).toEqual(['autopack_local_form']);
  });

  test('a form without its own cookie and nonce signs nobody in', async () => {
    const who = browser();
    const { text } = await who.visit(authorizeUrl());
    const other = browser();
    const fields = { email: 'olivia@example.test' };
    expect((await press(text, other, fields)).location).toBeNull();
    await other.visit(authorizeUrl());
    expect((await press(text, other, fields)).location).toBeNull();
    expect((await press(text, who, { ...fields, nonce: '' })).location).toBeNull();
    const changed = hidden(text, 'request').replace('nonce-1', 'nonce-2');
    expect((await press(text, who, { ...fields, request: changed })).location).toBeNull();
    expect((await press(text, who, fields)).status).toBe(303);
  });

  test('the tokens carry the claims of Cognito and verify with the published key', async () => {
    const code = await signIn(browser());
    const { status, body, headers } = await redeem(code);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    const now = Math.floor(host.clock.now() / 1000);
    const id = await claimsOf(body['id_token']!);
    expect(id).toMatchObject({
      token_use: 'id',
      aud: 'console',
      email: 'olivia@example.test',
      email_verified: true,
      name: 'Olivia <Operator>',
      'cognito:groups': ['operators'],
      auth_time: now,
      iat: now,
      exp: now + 3600,
      nonce: 'nonce-1',
    });
    const access = await claimsOf(body['access_token']!);
    expect(access).toMatchObject({
      token_use: 'access',
      client_id: 'console',
      scope: 'openid email profile',
      sub: id.sub,
      username: id.sub,
    });
    expect(access['aud']).toBeUndefined();
  });

  test('the answer goes back with the state as it came', async () => {
    const who = browser();
    const { text } = await who.visit(authorizeUrl());
    const { location } = await press(text, who, { email: ' OLIVIA@example.test ' });
    expect(location?.startsWith(`${callback}?`)).toBe(true);
    expect(new URL(location!).searchParams.get('state')).toBe('state &1');
  });

  test('of ten uses of one code at once one gets tokens, and a later one takes the refresh token back', async () => {
    const code = await signIn(browser());
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => redeem(code)));
    const won = outcomes.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(outcomes.filter(({ body }) => body['error'] === 'invalid_grant')).toHaveLength(9);
    const again = await token({
      grant_type: 'refresh_token',
      client_id: 'console',
      refresh_token: won[0]!.body['refresh_token']!,
    });
    expect(again.body['error']).toBe('invalid_grant');
  });

  test.each<[string, Record<string, string>]>([
    ['another verifier', { code_verifier: 'w'.repeat(64) }],
    ['no verifier', { code_verifier: '' }],
    ['another redirect address', { redirect_uri: 'http://127.0.0.1:4500/other' }],
    ['another client', { client_id: 'cli' }],
    ['an invented code', { code: 'x'.repeat(43) }],
  ])('%s gets no tokens for a code', async (_, more) => {
    const code = await signIn(browser());
    const refused = await redeem(code, more);
    expect([refused.status, refused.body['error']]).toEqual([400, 'invalid_grant']);
  });

  test('a code is of no use after five minutes', async () => {
    const code = await signIn(browser());
    host.clock.advance(300_001);
    expect((await redeem(code)).body['error']).toBe('invalid_grant');
  });

  test.each<[string, Record<string, string>]>([
    ['an unknown client', { client_id: 'stranger' }],
    ['a machine client', { client_id: 'demo-agent' }],
    ['a foreign redirect address', { redirect_uri: 'https://evil.example/signed-in' }],
    ['a longer redirect address', { redirect_uri: `${callback}/more` }],
    ['another port of the console', { redirect_uri: 'http://127.0.0.1:4501/signed-in' }],
  ])('%s gets a page and never a redirect', async (_, more) => {
    const reply = await browser().visit(authorizeUrl(more));
    expect([reply.status, reply.location]).toEqual([400, null]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['a scope that is not its own', { scope: 'openid autopack/propose' }, 'invalid_scope'],
    ['no session and no prompt', { prompt: 'none' }, 'login_required'],
  ])('a client that asks with %s is sent back with an error', async (_, more, error) => {
    const { location } = await browser().visit(authorizeUrl(more));
    const query = new URL(location!).searchParams;
    expect([query.get('error'), query.get('state'), query.get('code')]).toEqual([error, 'state &1', null]);
  });

  test('a session answers at once, also after a restart, but not to prompt=login, max_age, HEAD, or after an hour', async () => {
    const who = browser();
    await signIn(who);
    await loopback.stop();
    await start();
    expect(new URL((await who.visit(authorizeUrl())).location!).searchParams.has('code')).toBe(true);
    expect((await who.visit(authorizeUrl({ prompt: 'login' }))).location).toBeNull();
    expect((await who.visit(authorizeUrl({ max_age: '0' }))).location).toBeNull();
    expect((await who.visit(authorizeUrl(), { method: 'HEAD' })).location).toBeNull();
    host.clock.advance(601_000);
    expect((await who.visit(authorizeUrl({ max_age: '600' }))).location).toBeNull();
    expect((await who.visit(authorizeUrl({ max_age: '700' }))).location).not.toBeNull();
    host.clock.advance(3_600_000);
    expect((await who.visit(authorizeUrl())).location).toBeNull();
  });

  test('a fresh sign-in has a fresh auth_time, and a silent one keeps the old', async () => {
    const who = browser();
    await signIn(who);
    const before = Math.floor(host.clock.now() / 1000);
    host.clock.advance(60_000);
    const silent = new URL((await who.visit(authorizeUrl())).location!).searchParams.get('code')!;
    expect((await claimsOf((await redeem(silent)).body['id_token']!))['auth_time']).toBe(before);
    const fresh = await signIn(who, { prompt: 'login' });
    expect((await claimsOf((await redeem(fresh)).body['id_token']!))['auth_time']).toBe(before + 60);
  });

  test('a refresh token gives new tokens with the old auth_time until it is revoked', async () => {
    const { body } = await redeem(await signIn(browser()));
    const authTime = Math.floor(host.clock.now() / 1000);
    host.clock.advance(3_000_000);
    const fields = {
      grant_type: 'refresh_token',
      client_id: 'console',
      refresh_token: body['refresh_token']!,
    };
    const renewed = await token(fields);
    expect(await claimsOf(renewed.body['id_token']!)).toMatchObject({
      auth_time: authTime,
      exp: authTime + 6600,
    });
    expect((await token({ ...fields, client_id: 'cli' })).body['error']).toBe('invalid_grant');
    await fetch(
      `${identity.issuer(poolId)}/oauth2/revoke`,
      form({ token: body['refresh_token']!, client_id: 'console' }),
    );
    expect((await token(fields)).body['error']).toBe('invalid_grant');
  });

  test('signing out ends the session on this side and returns only to a registered address', async () => {
    const who = browser();
    await signIn(who);
    const stolen = new Map(who.jar);
    const to = (address: string) =>
      who.visit(
        `${identity.issuer(poolId)}/logout?client_id=console&logout_uri=${encodeURIComponent(address)}`,
      );
    expect((await to('https://evil.example/')).location).toBeNull();
    expect((await to('http://127.0.0.1:4500/inbox')).location).toBe('http://127.0.0.1:4500/inbox');
    const thief = browser();
    for (const [name, value] of stolen) thief.jar.set(name, value);
    expect((await thief.visit(authorizeUrl())).location).toBeNull();
  });
});

describe('redirect addresses', () => {
  const registered = [
    'http://127.0.0.1/callback',
    'https://app.example.test/cb',
    'http://127.0.0.1:4500/signed-in',
  ];
  test.each([
    ['http://127.0.0.1/callback', true],
    ['http://127.0.0.1:51234/callback', true],
    ['http://127.0.0.1:51234/callback/', false],
    ['http://127.0.0.1:51234/x/../callback', false],
    ['http://127.0.0.1:51234/callback?next=1', false],
    ['http://127.0.0.1:51234/callback#x', false],
    ['http://user@127.0.0.1:51234/callback', false],
    ['http://localhost:51234/callback', false],
    ['https://127.0.0.1:51234/callback', false],
    ['http://127.0.0.1.evil.example:80/callback', false],
    ['https://app.example.test/cb', true],
    ['https://app.example.test:444/cb', false],
    ['http://127.0.0.1:4501/signed-in', false],
    ['', false],
  ])('%s fits: %s', (address, fits) => {
    expect(redirectFits(registered, address)).toBe(fits);
  });
});

describe('client credentials', () => {
  const basic = (id: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`,
  });
  const grant = { grant_type: 'client_credentials' };

  test.each(['header', 'form'])(
    'an agent gets an access token without a user by its secret in the %s',
    async (where) => {
      const { status, body } =
        where === 'header'
          ? await token(grant, basic('demo-agent', secret))
          : await token({ ...grant, client_id: 'demo-agent', client_secret: secret });
      expect(status).toBe(200);
      expect(body['id_token']).toBeUndefined();
      expect(body['refresh_token']).toBeUndefined();
      const claims = await claimsOf(body['access_token']!);
      expect(claims).toMatchObject({
        token_use: 'access',
        client_id: 'demo-agent',
        sub: 'demo-agent',
        scope: 'autopack/propose',
      });
      expect(claims['username']).toBeUndefined();
      expect(claims['cognito:groups']).toBeUndefined();
    },
  );

  test('a wrong secret, a missing one and a public client are refused', async () => {
    const wrong = await token(grant, basic('demo-agent', 'guess'));
    expect([wrong.status, wrong.body['error']]).toEqual([401, 'invalid_client']);
    expect(wrong.headers.get('www-authenticate')).toContain('Basic');
    expect((await token({ ...grant, client_id: 'demo-agent' })).body['error']).toBe('invalid_client');
    expect((await token({ ...grant, client_id: 'console' })).body['error']).toBe('unauthorized_client');
    expect((await token({ ...grant, client_id: 'constructor' })).body['error']).toBe('invalid_client');
    expect((await token({ ...grant, scope: 'openid' }, basic('demo-agent', secret))).body['error']).toBe(
      'invalid_scope',
    );
    expect((await token({ grant_type: 'password' }, basic('demo-agent', secret))).body['error']).toBe(
      'unsupported_grant_type',
    );
    const body = JSON.stringify(grant);
    const asJson = await fetch(`${identity.issuer(poolId)}/oauth2/token`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(((await asJson.json()) as { error: string }).error).toBe('invalid_request');
  });

  test('key, secret and subject are the same after a restart, and old tokens still verify', async () => {
    const { body } = await token(grant, basic('demo-agent', secret));
    const user = { email: 'olivia@example.test', name: 'Olivia', groups: [] };
    const before = await identity.ensureUser(poolId, user);
    const port = Number(new URL(loopback.url).port);
    const old = secret;
    await loopback.stop();
    await start();
    expect(secret).toBe(old);
    expect(await identity.ensureUser(poolId, user)).toEqual(before);
    const keys = createRemoteJWKSet(new URL(`${identity.issuer(poolId)}/.well-known/jwks.json`));
    const issuer = `http://127.0.0.1:${port}/_cognito/${poolId}`;
    await jwtVerify(body['access_token']!, keys, { issuer, currentDate: new Date(host.clock.now()) });
  });
});

test('the discovery document names only addresses of this issuer', async () => {
  const issuer = identity.issuer(poolId);
  const document = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    unknown
  >;
  expect(document['issuer']).toBe(issuer);
  for (const [name, value] of Object.entries(document))
    if (name.endsWith('_endpoint') || name === 'jwks_uri')
      expect(String(value).startsWith(`${issuer}/`)).toBe(true);
  const keys = (await (await fetch(String(document['jwks_uri']))).json()) as { keys: object[] };
  expect(Object.keys(keys.keys[0]!).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  expect((await fetch(`${loopback.url}/_cognito/other/.well-known/jwks.json`)).status).toBe(404);
});
