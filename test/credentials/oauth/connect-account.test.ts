import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { STAND_IN_PROVIDERS } from '#infra/local/oauth-stand-in/rules.ts';
import { CONNECT_COOKIE } from '#shared/credentials/oauth/authorize.ts';
import { type ConnectDesk, openConnectDesk } from './desk.ts';
import { grantOf, stopEngine } from './real-room.ts';
import { consentAt } from './stand-in-client.ts';

let desk: ConnectDesk;
beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  desk = await openConnectDesk();
});
afterEach(() => desk.close());
afterAll(stopEngine);

const open = async (provider: 'youtube' | 'etsy' | 'shopify', over: Parameters<typeof grantOf>[1] = {}) => {
  const grant = await desk.register(grantOf(provider, over));
  await desk.makeSecret(grant.secretId);
  return grant;
};
const of = (grant: { account: string }) => ({ account: grant.account });
const tokenCalls = () => desk.standIn.control.calls().filter(({ endpoint }) => endpoint === 'token');
const stored = async (secretId: string) => (await desk.deps.readCurrent(secretId))?.connection;

describe.each(STAND_IN_PROVIDERS)('an account at %s', (provider) => {
  test('is connected by consent, code and exchange, with lasting access and all scopes (OAU-04)', async () => {
    const grant = await open(provider);
    const page = await desk.connect(provider, of(grant));
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('is connected')]);
    expect(page.text).not.toContain('not for everything');
    const connection = await stored(grant.secretId);
    expect(connection?.refreshToken).toEqual(expect.any(String));
    expect(desk.standIn.control.whoIs(connection?.accessToken ?? '')?.provider).toBe(provider);
    expect(await desk.deps.readCondition('demo', grant)).toMatchObject({
      status: 'PRESENT',
      detail: null,
      providerAccount: desk.standIn.control.grants()[0]?.account,
      connectionVersion: 2,
      connectedBy: 'person:olivia@example.test',
      accessExpiresAt: connection?.accessExpiresAt,
    });
    expect(await desk.openTasks()).toEqual([]);
    expect(desk.logged).toContainEqual(
      expect.objectContaining({
        event: 'credential-connect',
        outcome: 'connected',
        by: 'person:olivia@example.test',
      }),
    );
  });

  test('ends on the page of credentials, which says so once and can be loaded again', async () => {
    const grant = await open(provider);
    const jar = desk.jarOf();
    const started = await desk.get(jar, desk.startPath(provider, of(grant)));
    const callback = (await consentAt(started.headers.get('location') ?? '')).href;
    const back = await desk.get(jar, callback);
    expect([back.status, back.headers.get('location'), back.text]).toEqual([303, '/credentials', '']);
    const page = await desk.get(jar, '/credentials');
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('is connected')]);
    const again = await desk.get(jar, '/credentials');
    expect([again.status, again.text.includes('is connected')]).toEqual([200, false]);
    // The step back in the browser is still an address that was used up.
    expect((await desk.get(jar, callback)).text).toContain('CONNECT_FAILED');
    expect(tokenCalls()).toHaveLength(1);
  });

  test('asks the provider with state, its exact redirect URI and, where the provider has it, PKCE with S256', async () => {
    const grant = await open(provider);
    const jar = desk.jarOf();
    const started = await desk.get(jar, desk.startPath(provider, of(grant)));
    expect(started.status).toBe(302);
    const asked = new URL(started.headers.get('location') ?? '').searchParams;
    expect(asked.get('redirect_uri')).toBe(`${desk.apiUrl}/credentials/connect/${provider}/callback`);
    expect(asked.get('state')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(asked.get('code_challenge_method')).toBe(provider === 'shopify' ? null : 'S256');
    if (provider === 'youtube')
      expect([asked.get('access_type'), asked.get('prompt')]).toEqual(['offline', 'consent']);
    const cookie = started.headers.getSetCookie()[0] ?? '';
    expect(cookie.split('; ')).toEqual(
      expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax', 'Max-Age=600']),
    );
    expect(cookie).toMatch(/^__Host-/);
    // The verifier goes nowhere but to the token endpoint, and nothing of it is in the cookie or the address.
    expect(cookie).not.toContain(asked.get('state'));
    expect(started.headers.get('location')).not.toContain(desk.client.clientSecret);
    expect(tokenCalls()).toEqual([]);
  });

  test('a person who declines is told so, and nothing is stored', async () => {
    const grant = await open(provider);
    const page = await desk.connect(provider, of(grant), { answer: 'decline' });
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('access_denied')]);
    expect(await stored(grant.secretId)).toEqual(desk.client);
    expect(tokenCalls()).toEqual([]);
  });

  test('a callback is good for one use, in the browser and by the person that started', async () => {
    const grant = await open(provider);
    const jar = desk.jarOf();
    const started = await desk.get(jar, desk.startPath(provider, of(grant)));
    const cookie = jar.get(CONNECT_COOKIE) ?? '';
    const back = (await consentAt(started.headers.get('location') ?? '')).href;

    const other = desk.jarOf();
    expect((await desk.get(other, back)).text).toContain('CONNECT_FAILED');
    await desk.get(other, desk.startPath(provider, of(grant)));
    expect((await desk.get(other, back)).text).toContain('another attempt');
    desk.seat('sam');
    expect(
      (
        await desk.get(
          new Map([
            ['who', 'sam'],
            [CONNECT_COOKIE, cookie],
          ]),
          back,
        )
      ).text,
    ).toContain('another attempt');
    expect((await desk.get(new Map([[CONNECT_COOKIE, cookie]]), back)).status).toBe(400);
    expect(tokenCalls()).toEqual([]);

    expect((await desk.get(jar, back)).status).toBe(303);
    expect(jar.has(CONNECT_COOKIE)).toBe(false);
    const before = await stored(grant.secretId);
    const replay = await desk.get(
      new Map([
        ['who', 'olivia'],
        [CONNECT_COOKIE, cookie],
      ]),
      back,
    );
    expect([replay.status, replay.text]).toEqual([400, expect.stringContaining('used already')]);
    expect(tokenCalls()).toHaveLength(1);
    expect(await stored(grant.secretId)).toEqual(before);
  });

  test('two callbacks at once exchange the code once', async () => {
    const grant = await open(provider);
    const jar = desk.jarOf();
    const started = await desk.get(jar, desk.startPath(provider, of(grant)));
    const back = (await consentAt(started.headers.get('location') ?? '')).href;
    const both = await Promise.all([desk.get(new Map(jar), back), desk.get(new Map(jar), back)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([303, 400]);
    expect(tokenCalls()).toHaveLength(1);
  });

  test('changing anything in the cookie changes the state, and ten minutes are enough', async () => {
    const grant = await open(provider);
    const jar = desk.jarOf();
    const started = await desk.get(jar, desk.startPath(provider, of(grant)));
    const back = (await consentAt(started.headers.get('location') ?? '')).href;
    const cookie = jar.get(CONNECT_COOKIE) ?? '';
    const changed = [
      cookie.replace('.0.', '.1.'),
      cookie.replace(/^./, (it) => (it === 'A' ? 'B' : 'A')),
      'x',
      '',
    ];
    for (const value of changed) {
      const tried = new Map([
        ['who', 'olivia'],
        [CONNECT_COOKIE, value],
      ]);
      expect((await desk.get(tried, back)).status).toBe(400);
    }
    desk.standIn.clock.advance(600_001);
    expect((await desk.get(jar, back)).text).toContain('too long');
    expect(tokenCalls()).toEqual([]);
  });

  test('another account than the connected one is refused, unless it is said to be meant', async () => {
    const grant = await open(provider);
    await desk.connect(provider, of(grant));
    const first = await stored(grant.secretId);
    const two = { youtube: 'UCstandInTwo', etsy: '1002', shopify: 'shop-two.myshopify.com' }[provider];
    const page = await desk.connect(provider, of(grant), { account: two });
    if (provider === 'shopify') {
      // The shop is in the address that was asked, so another one is no answer to it.
      expect([page.status, page.text]).toEqual([400, expect.stringContaining('another shop')]);
    } else {
      expect([page.status, page.text]).toEqual([409, expect.stringContaining('CREDENTIAL_OTHER_ACCOUNT')]);
      expect(page.text).toContain(two);
      expect(await stored(grant.secretId)).toEqual(first);
      const meant = await desk.connect(provider, { ...of(grant), replace: '1' }, { account: two });
      expect(meant.status).toBe(200);
      expect(desk.logged.at(-1)).toMatchObject({ outcome: 'connected', replace: true });
      expect(await desk.deps.readCondition('demo', grant)).toMatchObject({
        providerAccount: two,
        connectionVersion: 3,
      });
    }
  });

  test.each(['serverErrorAfter', 'resetAfter', 'unreadable', 'tooManyRequests'] as const)(
    'an exchange that ends in %s stores nothing, and the next attempt works',
    async (kind) => {
      const grant = await open(provider);
      await desk.standIn.control.inject({ kind, provider });
      const page = await desk.connect(provider, of(grant));
      expect([page.status, page.text]).toEqual([400, expect.stringContaining('does not answer')]);
      expect(await stored(grant.secretId)).toEqual(desk.client);
      expect((await desk.connect(provider, of(grant))).status).toBe(200);
    },
  );

  test('access for an hour only is no connection', async () => {
    const grant = await open(provider);
    await desk.standIn.control.inject({ kind: 'notOffline', provider });
    const page = await desk.connect(provider, of(grant));
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('without a refresh token')]);
    expect(await stored(grant.secretId)).toEqual(desk.client);
  });

  test('no page, header or log line holds a value', async () => {
    const grant = await open(provider);
    const jar = desk.jarOf();
    const started = await desk.get(jar, desk.startPath(provider, of(grant)));
    const back = await consentAt(started.headers.get('location') ?? '');
    const page = await desk.get(jar, back.href);
    const { refreshToken = 'none', accessToken = 'none' } = (await stored(grant.secretId)) ?? {};
    const seen = JSON.stringify([
      started.text,
      [...started.headers],
      page.text,
      [...page.headers],
      desk.logged,
      await desk.deps.readCondition('demo', grant),
      await desk.deps.readExchange('demo', grant),
      vi.mocked(console.error).mock.calls,
    ]);
    for (const value of [
      refreshToken,
      accessToken,
      desk.client.clientSecret,
      back.searchParams.get('code') ?? '',
    ])
      expect(seen).not.toContain(value);
  });
});

test('PKCE: the challenge is of a verifier that only the exchange shows', async () => {
  const grant = await open('etsy');
  const jar = desk.jarOf();
  const started = await desk.get(jar, desk.startPath('etsy', of(grant)));
  const challenge = new URL(started.headers.get('location') ?? '').searchParams.get('code_challenge');
  const cookie = jar.get(CONNECT_COOKIE) ?? '';
  for (const part of [cookie, ...cookie.split('.')])
    expect(createHash('sha256').update(part).digest('base64url')).not.toBe(challenge);
  expect((await desk.get(jar, (await consentAt(started.headers.get('location') ?? '')).href)).status).toBe(
    303,
  );
});

test('a consent that leaves out a scope connects, says what is missing, and its condition says so too', async () => {
  const grant = await open('youtube');
  const page = await desk.connect('youtube', of(grant), { without: ['auth/youtube'] });
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('not for everything')]);
  expect(page.text).toContain('does not cover WRITE');
  expect(await desk.deps.readCondition('demo', grant)).toMatchObject({
    status: 'PRESENT',
    detail: 'insufficient-scope',
  });
  const again = await desk.connect('youtube', of(grant));
  expect(again.text).not.toContain('not for everything');
  expect(await desk.deps.readCondition('demo', grant)).toMatchObject({ detail: null });
});

describe('who may start', () => {
  const start = async (
    who: string,
    query: Record<string, string> = {},
    headers: Record<string, string> = {},
  ) => desk.get(desk.jarOf(who), desk.startPath('etsy', { account: 'shop', ...query }), headers);

  test('who is not signed in, or was too long ago, signs in and comes back', async () => {
    await open('etsy');
    const stranger = await start('nobody');
    expect([stranger.status, stranger.headers.get('location')]).toEqual([
      302,
      expect.stringMatching(/^\/sign-in\?.*credentials%2Fconnect%2Fetsy/),
    ]);
    desk.standIn.clock.advance(300_001);
    const stale = await start('olivia');
    expect(stale.headers.get('location')).toMatch(/^\/sign-in\?.*fresh=1/);
  });

  test('a viewer is refused, and another project is not there', async () => {
    await open('etsy');
    desk.seat('vera', { roles: ['viewer'] });
    expect((await start('vera')).status).toBe(403);
    desk.seat('otto', { projects: ['other'] });
    expect((await start('otto')).status).toBe(404);
    expect((await start('olivia', { project: 'other' })).status).toBe(404);
  });

  test.each<[string, Record<string, string>, string]>([
    ['no such credential', { account: 'nobody' }, 'NOT_FOUND'],
    ['no account', { account: '' }, 'account'],
    ['an unknown environment', { environment: 'MOON' }, 'environment'],
    ['a project that is no name', { project: '../x' }, 'project'],
  ])('%s is refused with the field named', async (_what, query, expected) => {
    await open('etsy');
    const reply = await start('olivia', query);
    expect([400, 404]).toContain(reply.status);
    expect(reply.text).toContain(expected);
    expect(desk.standIn.control.calls()).toEqual([]);
  });

  test('only a credential of the kind that is connected there, of this stage, and not a retired one', async () => {
    await open('etsy', { kind: 'operator-staged' });
    expect((await start('olivia')).text).toContain('not connected by OAuth');
    await desk.register(grantOf('etsy', { retired: true }));
    expect((await start('olivia')).status).toBe(404);
    await desk.register(grantOf('etsy', { standIn: false }));
    expect((await start('olivia')).text).toContain('stand-in');
    await desk.register(grantOf('shopify', { account: 'Not A Shop!' }));
    const shop = await desk.get(desk.jarOf(), desk.startPath('shopify', { account: 'Not A Shop!' }));
    expect(shop.text).toContain('name of the shop');
    const elsewhere = await desk.get(
      desk.jarOf(),
      desk.startPath('youtube', { account: 'shop', credential: 'etsy' }),
    );
    expect(elsewhere.status).toBe(400);
  });

  test('a secret without a client is named, with what to put there', async () => {
    await desk.register(grantOf('etsy'));
    expect((await start('olivia')).text).toContain('Put clientId and clientSecret');
    await desk.makeSecret('autopack/dev/etsy', { refreshToken: 'orphan' });
    expect((await start('olivia')).text).toContain('has no clientId');
  });

  test('replacing an account does not start from a page elsewhere', async () => {
    await open('etsy');
    const reply = await start('olivia', { replace: '1' }, { 'sec-fetch-site': 'cross-site' });
    expect(reply.status).toBe(403);
    expect((await start('olivia', { replace: '1' }, { 'sec-fetch-site': 'same-origin' })).status).toBe(302);
  });

  test('a secret that two credentials use is connected through the older one', async () => {
    await open('etsy');
    await desk.register(
      grantOf('etsy', {
        provider: 'http',
        account: 'etsy-api',
        oauthProvider: 'etsy',
        createdAt: '2026-02-01T00:00:00.000Z',
      }),
    );
    const reply = await start('olivia', { credential: 'http', account: 'etsy-api' });
    expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('connected through etsy shop')]);
    expect((await start('olivia')).status).toBe(302);
  });
});

test('HEAD, as link checkers send it, connects nothing', async () => {
  const grant = await open('etsy');
  const jar = desk.jarOf();
  const started = await desk.get(jar, desk.startPath('etsy', of(grant)));
  const back = await consentAt(started.headers.get('location') ?? '');
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const head = await fetch(back, { method: 'HEAD', headers: { cookie }, redirect: 'manual' });
  expect(head.status).toBe(405);
  expect((await desk.get(jar, back.href)).status).toBe(303);
});

describe("Shopify's signature", () => {
  test('a callback that Shopify did not sign, or that is about another shop, exchanges nothing', async () => {
    const grant = await open('shopify');
    const attempt = async (change: (back: URL) => void) => {
      const jar = desk.jarOf();
      const started = await desk.get(jar, desk.startPath('shopify', of(grant)));
      const back = await consentAt(started.headers.get('location') ?? '');
      change(back);
      return desk.get(jar, back.href);
    };
    const changes: ((back: URL) => void)[] = [
      (back) => back.searchParams.delete('hmac'),
      (back) => back.searchParams.set('hmac', '0'.repeat(64)),
      (back) => back.searchParams.set('shop', 'shop-two.myshopify.com'),
      (back) => back.searchParams.set('timestamp', '1'),
      (back) => back.searchParams.set('extra', '1'),
      (back) => back.searchParams.set('code', 'other'),
    ];
    for (const change of changes)
      expect(await attempt(change)).toMatchObject({
        status: 400,
        text: expect.stringContaining('not signed'),
      });
    expect(tokenCalls()).toEqual([]);
    expect((await attempt(() => undefined)).status).toBe(303);
  });
});
