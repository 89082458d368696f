import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Credential } from '#shared/credentials/credential.ts';
import { probeCredential } from '#shared/credentials/probe.http.ts';
import { planProbe, PROBES } from '#shared/credentials/probes/plan-probe.ts';
import type { ProbeFinding } from '#shared/credentials/probes/probe.ts';
import { aCredential } from './rows.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const LATER = '2026-11-21T11:00:00.000Z';
const none = (): undefined => undefined;

type Reply = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>];
const google = (status: number, reason: string): Reply => [
  status,
  { error: { code: status, message: 'x', errors: [{ domain: 'global', reason, message: 'x' }] } },
];
const anthropic = (status: number, type: string): Reply => [
  status,
  { type: 'error', error: { type, message: 'x' } },
];
const openai = (status: number, code: string | null, message = 'x'): Reply => [
  status,
  { error: { message, type: 'invalid_request_error', param: null, code } },
];
const shop = (scopes: readonly string[]): Reply => [
  200,
  {
    data: {
      shop: { myshopifyDomain: 'one.myshopify.com' },
      currentAppInstallation: { accessScopes: scopes.map((handle) => ({ handle })) },
    },
  },
];
const gql = (code: string): Reply => [200, { errors: [{ message: 'x', extensions: { code } }] }];

const works = (account: string | null): ProbeFinding => ({ kind: 'works', account });
const limited = (account: string | null = null): ProbeFinding => ({ kind: 'limited', account });
const refused: ProbeFinding = { kind: 'refused' };
const cannotTell: ProbeFinding = { kind: 'cannot-tell' };

/** What each provider answers, and what that says (CRE-14, providers.md §1-§5). */
const answers: readonly [provider: string, what: string, reply: Reply, finding: ProbeFinding][] = [
  ['alpaca', 'an account', [200, { account_number: 'PA1', status: 'ACTIVE' }], works('PA1')],
  ['alpaca', 'a blocked account', [200, { account_number: 'PA1', trading_blocked: true }], limited('PA1')],
  [
    'alpaca',
    'a suspended account',
    [200, { account_number: 'PA1', trade_suspended_by_user: true }],
    limited('PA1'),
  ],
  ['alpaca', 'unknown keys', [401, { message: 'request is not authorized' }], refused],
  ['alpaca', 'a 401 of somebody in between', [401, '<html>Sign in to the network</html>'], cannotTell],
  ['alpaca', 'a 403, which may be anything', [403, { message: 'forbidden.' }], cannotTell],
  ['alpaca', 'a page instead of JSON', [200, '<html>maintenance</html>'], cannotTell],
  ['anthropic', 'models', [200, { data: [] }, { 'anthropic-organization-id': 'org-1' }], works('org-1')],
  ['anthropic', 'an unknown key', anthropic(401, 'authentication_error'), refused],
  ['anthropic', 'another 401', anthropic(401, 'something_else'), cannotTell],
  ['anthropic', 'a key that may not', anthropic(403, 'permission_error'), limited()],
  ['anthropic', 'overloaded', anthropic(529, 'overloaded_error'), cannotTell],
  ['openai', 'models', [200, { object: 'list', data: [] }], works(null)],
  ['openai', 'an unknown key', openai(401, 'invalid_api_key'), refused],
  ['openai', 'a 401 for a missing scope', openai(401, null, 'Missing scopes: api.model.read'), limited()],
  ['openai', 'a 403 for a missing scope', openai(403, null, 'You have insufficient permissions'), limited()],
  ['openai', 'a quota that is used up', openai(429, 'insufficient_quota'), cannotTell],
  ['openai', 'another 401', openai(401, 'account_deactivated'), cannotTell],
  ['youtube', 'a channel', [200, { items: [{ id: 'UC1' }] }], works('UC1')],
  ['youtube', 'no channel', [200, { kind: 'youtube#channelListResponse' }], works(null)],
  ['youtube', 'a dead access token', google(401, 'authError'), refused],
  ['youtube', 'too few scopes', google(403, 'insufficientPermissions'), limited()],
  ['youtube', 'a quota that is used up', google(403, 'quotaExceeded'), cannotTell],
  ['etsy', 'a user', [200, { user_id: 77 }], works('77')],
  ['etsy', 'a dead access token', [401, { error: 'invalid_token' }], refused],
  ['etsy', 'too few scopes', [403, { error: 'insufficient_scope' }], limited()],
  ['etsy', 'a wrong client', [403, { error: 'Shared secret is required in x-api-key header.' }], cannotTell],
  [
    'shopify',
    'a shop',
    shop(['write_products']),
    { kind: 'works', account: 'one.myshopify.com', scopes: ['write_products'] },
  ],
  ['shopify', 'a dead access token', [401, { errors: '[API] Invalid API key or access token' }], refused],
  ['shopify', 'a denied field', gql('ACCESS_DENIED'), limited()],
  ['shopify', 'throttled', gql('THROTTLED'), cannotTell],
  ['shopify', 'a frozen shop', [402, { errors: 'Payment Required' }], cannotTell],
];
const BUSY = [400, 404, 408, 429, 500, 502, 503, 504];

describe('what the answer of a provider says about a credential', () => {
  test.each(answers)('%s: %s', (provider, _, [status, body, headers = {}], finding) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    expect(PROBES[provider]?.classify({ status, headers, body: text })).toEqual(finding);
  });

  test.each(Object.keys(PROBES))('%s: busy, broken, cut off or not understood cannot tell', (provider) => {
    for (const status of BUSY)
      for (const body of ['', '{', 'null', '[]', '{"error":{"code":"x"}}'])
        expect(PROBES[provider]?.classify({ status, headers: {}, body }), `${status} ${body}`).toEqual(
          cannotTell,
        );
    for (const body of ['', '{', 'null', '{}'])
      expect(['cannot-tell', 'works'], body).toContain(
        PROBES[provider]?.classify({ status: 200, headers: {}, body }).kind,
      );
  });
});

const CONNECTED = {
  clientId: 'id',
  clientSecret: 'PLANTED-client',
  accessToken: 'PLANTED-access',
  accessExpiresAt: LATER,
};
const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  alpaca: { keyId: 'PLANTED-id', secretKey: 'PLANTED-secret' },
  anthropic: { apiKey: 'PLANTED-key' },
  openai: { apiKey: 'PLANTED-key' },
  youtube: CONNECTED,
  etsy: CONNECTED,
  shopify: CONNECTED,
};
const grantOf = (provider: string, over: Partial<Credential> = {}): Credential =>
  aCredential({
    provider,
    account: provider === 'shopify' ? 'one' : 'main',
    environment: 'PRODUCTION',
    kind: ['youtube', 'etsy', 'shopify'].includes(provider) ? 'oauth' : 'operator-staged',
    ...over,
  });

describe('what is asked', () => {
  test.each([
    ['alpaca', 'GET https://api.alpaca.markets/v2/account'],
    ['anthropic', 'GET https://api.anthropic.com/v1/models?limit=1'],
    ['openai', 'GET https://api.openai.com/v1/models'],
    ['youtube', 'GET https://www.googleapis.com/youtube/v3/channels?part=id&mine=true'],
    ['etsy', 'GET https://api.etsy.com/v3/application/users/me'],
    ['shopify', 'POST https://one.myshopify.com/admin/api/2026-10/graphql.json'],
  ])('%s: %s, and the value is in headers only', (provider, line) => {
    const plan = planProbe(grantOf(provider), VALUES[provider], none, NOW);
    if (plan.kind !== 'ask') throw new Error(plan.finding.kind);
    const { method, url, body, headers } = plan.request;
    expect(`${method} ${url}`).toBe(line);
    expect(url + (body ?? '')).not.toContain('PLANTED');
    expect(JSON.stringify(headers)).toContain('PLANTED');
    expect(body === null || body.startsWith('{"query":"{ shop ')).toBe(true);
  });

  test.each<
    [string, Credential, Readonly<Record<string, string>> | undefined, boolean, ProbeFinding['kind']]
  >([
    ['there is no secret', grantOf('alpaca'), undefined, false, 'missing'],
    ['a field is missing', grantOf('alpaca'), { keyId: 'x' }, false, 'malformed'],
    ['nobody connected it', grantOf('etsy'), { clientId: 'id' }, false, 'missing'],
    [
      'its access has ended',
      grantOf('etsy'),
      { ...CONNECTED, accessExpiresAt: '2026-11-21T10:00:00.000Z' },
      false,
      'lapsed',
    ],
    ['nothing can be asked without an effect', grantOf('http'), { token: 'x' }, false, 'readable'],
    [
      'no host for its environment',
      grantOf('alpaca', { environment: 'STAGING' }),
      VALUES['alpaca'],
      false,
      'wrong-environment',
    ],
    ['a real one meets a stand-in', grantOf('alpaca'), VALUES['alpaca'], true, 'wrong-environment'],
    [
      'a stand-in meets a real host',
      grantOf('alpaca', { standIn: true }),
      VALUES['alpaca'],
      false,
      'wrong-environment',
    ],
    [
      'a shop that is no name',
      grantOf('shopify', { account: 'a/../b' }),
      CONNECTED,
      false,
      'wrong-environment',
    ],
  ])('nothing where %s', (_, grant, value, overridden, kind) => {
    expect(planProbe(grant, value, () => (overridden ? 'http://127.0.0.1:9' : undefined), NOW)).toEqual({
      kind: 'found',
      finding: { kind },
    });
  });

  test('an API behind http that takes the token of an OAuth provider is looked at there', () => {
    const grant = grantOf('http', { kind: 'oauth', oauthProvider: 'etsy' });
    const plan = planProbe(grant, CONNECTED, none, NOW);
    expect(plan.kind === 'ask' && plan.request.url).toBe('https://api.etsy.com/v3/application/users/me');
  });
});

describe('a key that its own API renews is looked at by the probe that was declared for it', () => {
  const renewal = {
    url: 'https://api.example.test/keys',
    tokenField: 'token',
    probeUrl: 'https://api.example.test/me?fields=id',
    accountField: 'account',
  };
  const grant = (over: Partial<Credential> = {}) => grantOf('http', { kind: 'api-key', renewal, ...over });
  const planOf = (value: Readonly<Record<string, string>>, over: Partial<Credential> = {}) =>
    planProbe(grant(over), value, none, NOW);

  test('one GET that the key signs, with the address exactly as it was declared', () => {
    const plan = planOf({ token: 'PLANTED-key' });
    if (plan.kind !== 'ask') throw new Error(plan.finding.kind);
    expect(plan.request).toEqual({
      method: 'GET',
      url: renewal.probeUrl,
      headers: {
        accept: 'application/json',
        'user-agent': 'autopack/1',
        authorization: 'Bearer PLANTED-key',
      },
      body: null,
      timeoutMs: 10_000,
    });
  });

  test.each<[string, Readonly<Record<string, string>>, Partial<Credential>, ProbeFinding['kind']]>([
    ['a key that no header can carry', { token: 'two words' }, {}, 'malformed'],
    ['a secret without a key', { hmacKey: 'x' }, {}, 'malformed'],
    ['a stand-in', { token: 'x' }, { standIn: true }, 'wrong-environment'],
  ])('nothing is asked for %s', (_, value, over, kind) => {
    expect(planOf(value, over)).toEqual({ kind: 'found', finding: { kind } });
  });

  test.each<[string, number, string, ProbeFinding]>([
    ['its account', 200, '{"account":"acct-1"}', works('acct-1')],
    ['nothing about the account', 204, '', works(null)],
    ['a name that is too long to be kept', 200, JSON.stringify({ account: 'a'.repeat(201) }), works(null)],
    ['that the key is not one', 401, '{}', refused],
    ['that the key may not', 403, 'no', refused],
    ['that it moved', 302, '', cannotTell],
    ['that it is busy', 429, '{}', cannotTell],
    ['that it is out of order', 503, '', cannotTell],
    ['that there is nothing', 404, '{}', cannotTell],
  ])('the API says %s', (_, status, body, finding) => {
    const plan = planOf({ token: 'x' });
    expect(plan.kind === 'ask' && plan.classify({ status, headers: {}, body })).toEqual(finding);
  });
});

describe('over the wire', () => {
  let server: Server;
  let base = '';
  const seen: IncomingMessage[] = [];
  const replies = new Map<string, Reply | 'hang-up'>();
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      const reply = replies.get(new URL(request.url ?? '/', 'http://x').pathname) ?? [404, {}];
      if (reply === 'hang-up') return void request.socket.destroy();
      const [status, body, headers = {}] = reply;
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const ask = (allowLoopback: boolean, baseUrl: string = base) =>
    probeCredential({ baseUrl: () => baseUrl, allowLoopback, now: () => NOW })(
      grantOf('alpaca', { standIn: true }),
      VALUES['alpaca'],
    );

  test('one request with the value, one answer', async () => {
    replies.set('/v2/account', [200, { account_number: 'PA9' }]);
    seen.length = 0;
    expect(await ask(true)).toEqual(works('PA9'));
    expect(seen).toHaveLength(1);
    expect(seen[0]?.headers['apca-api-secret-key']).toBe('PLANTED-secret');
  });

  test('a redirect is not followed, a lost connection and a closed port cannot tell', async () => {
    replies.set('/v2/account', [302, {}, { location: `${base}/elsewhere` }]);
    seen.length = 0;
    expect(await ask(true)).toEqual(cannotTell);
    expect(seen.map(({ url }) => url)).toEqual(['/v2/account']);
    replies.set('/v2/account', 'hang-up');
    expect(await ask(true)).toEqual(cannotTell);
    expect(await ask(true, 'http://127.0.0.1:1')).toEqual(cannotTell);
  });

  test('loopback is not called where the stage does not say so', async () => {
    replies.set('/v2/account', [200, { account_number: 'PA9' }]);
    seen.length = 0;
    expect(await ask(false)).toEqual(cannotTell);
    expect(seen).toEqual([]);
  });
});
