import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOAuthStandIn } from '#infra/local/oauth-stand-in/stand-in.ts';
import { RULES, STAND_IN_PROVIDERS } from '#infra/local/oauth-stand-in/rules.ts';
import { OAUTH } from '#shared/credentials/oauth/providers.ts';
import {
  askToken,
  authorizeUrl,
  CALLBACK,
  CLIENT,
  connect,
  consentAt,
  openStandIn,
  refresh,
  type StandIn,
  verifier,
} from '../credentials/oauth/stand-in-client.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let standIn: StandIn;
beforeEach(async () => {
  standIn = await openStandIn();
});
afterEach(() => standIn.close());

const callback = (back: URL) => Object.fromEntries(back.searchParams);

describe.each(STAND_IN_PROVIDERS)('the stand-in of %s', (provider) => {
  test('agrees with the table that the product goes by', () => {
    const ours = OAUTH[provider];
    const rules = RULES[provider];
    expect(new URL(ours.authorizeUrl.replace('{shop}', 'a')).pathname).toBe(rules.authorizePath);
    expect(new URL(ours.tokenUrl.replace('{shop}', 'a')).pathname).toBe(rules.tokenPath);
    expect(ours.revokeUrl === null ? null : new URL(ours.revokeUrl).pathname).toBe(rules.revokePath);
    expect(ours).toMatchObject({
      title: rules.title,
      rotation: rules.rotation,
      tokenBody: rules.body,
      accessSeconds: rules.accessSeconds,
      refreshSeconds: rules.refreshSeconds,
      scopeSeparator: rules.separator,
      clientCredentialsGrant: rules.clientCredentialsSeconds !== null,
    });
    const asked = [...ours.accountScopes, ...Object.values(ours.scopes).flat()];
    expect(Object.keys(rules.scopes)).toEqual(expect.arrayContaining(asked));
  });

  test('connects by a code that works once, and for its redirect URI and verifier only', async () => {
    const code = async () =>
      (await consentAt(authorizeUrl(standIn, provider))).searchParams.get('code') ?? '';
    const params = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code_verifier: verifier };
    const first = { ...params, code: await code(), expiring: '1' };
    const made = await askToken(standIn, provider, first);
    expect(made).toMatchObject({ status: 200, body: { expires_in: 3600 } });
    expect(made.body['refresh_token']).toEqual(expect.any(String));
    expect(await askToken(standIn, provider, first)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    if (provider !== 'shopify') {
      const wrong = { ...params, code: await code(), code_verifier: 'x'.repeat(43) };
      expect((await askToken(standIn, provider, wrong)).body['error']).toBe('invalid_grant');
      const elsewhere = { ...params, code: await code(), redirect_uri: `${CALLBACK}/` };
      expect((await askToken(standIn, provider, elsewhere)).body['error']).toBe('redirect_uri_mismatch');
    }
    const late = { ...params, code: await code() };
    standIn.clock.advance(301_000);
    expect((await askToken(standIn, provider, late)).body['error']).toBe('invalid_grant');
  });

  test('tells the app that a person declined, and sends nobody to an address that is not registered', async () => {
    const back = await consentAt(authorizeUrl(standIn, provider), { answer: 'decline' });
    expect(callback(back)).toEqual({ error: 'access_denied', state: 'state-of-tests' });
    for (const redirect_uri of [
      `${CALLBACK}/`,
      `${CALLBACK}?x=1`,
      'http://127.0.0.1:9/',
      'https://evil.test/',
    ]) {
      const reply = await fetch(authorizeUrl(standIn, provider, { redirect_uri }), { redirect: 'manual' });
      expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
    }
    expect((await fetch(authorizeUrl(standIn, provider, { client_id: 'nobody' }))).status).toBe(400);
    const scope = await consentAt(authorizeUrl(standIn, provider, { scope: 'everything' }));
    expect(scope.searchParams.get('error')).toBe('invalid_scope');
  });

  test('takes a consent from its own page only, in the browser that was shown it', async () => {
    const url = authorizeUrl(standIn, provider);
    const shown = await fetch(url);
    const html = await shown.text();
    const nonce = /name="nonce" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const request = (/name="request" value="([^"]+)"/.exec(html)?.[1] ?? '').replaceAll('&amp;', '&');
    const cookie = shown.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const account = Object.keys(RULES[provider].accounts)[0] ?? '';
    const post = (headers: Record<string, string>, fields: Record<string, string>) =>
      fetch(`${standIn.urls[provider]}/consent`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ request, nonce, account, answer: 'allow', ...fields }).toString(),
      });
    expect((await post({}, {})).status).toBe(400);
    expect((await post({ cookie }, { nonce: 'x' })).status).toBe(400);
    expect((await post({ cookie }, { request: `${request}&scope=other` })).status).toBe(400);
    expect((await post({ cookie, origin: 'https://evil.test' }, {})).status).toBe(400);
    expect((await post({ cookie, 'sec-fetch-site': 'cross-site' }, {})).status).toBe(400);
    expect((await post({ cookie, origin: 'null' }, {})).status).toBe(400);
    expect((await post({ cookie }, {})).status).toBe(303);
    // As Chromium sends the form of a page without a referrer.
    const own = { cookie, origin: 'null', 'sec-fetch-site': 'same-origin' };
    expect((await post(own, {})).status).toBe(303);
  });

  test('knows a dead refresh token, a wrong client, and when access ends', async () => {
    const tokens = await connect(standIn, provider);
    expect(standIn.control.whoIs(tokens['access_token'] ?? '')?.provider).toBe(provider);
    standIn.clock.advance(HOUR);
    expect(standIn.control.whoIs(tokens['access_token'] ?? '')).toBeUndefined();
    expect((await refresh(standIn, provider, 'made-up')).body['error']).toBe('invalid_grant');
    const wrong = await askToken(standIn, provider, {
      grant_type: 'refresh_token',
      refresh_token: tokens['refresh_token'] ?? '',
      client_id: 'nobody',
    });
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect((await refresh(standIn, provider, tokens['refresh_token'])).status).toBe(200);
    expect(await standIn.control.revoke(provider)).toBe(1);
    expect((await refresh(standIn, provider, tokens['refresh_token'])).body['error']).toBe('invalid_grant');
  });

  test('breaks on demand: before the effect, after it, with a limit, or with nonsense', async () => {
    const tokens = await connect(standIn, provider);
    const ask = () => refresh(standIn, provider, tokens['refresh_token']);
    const refreshes = () => standIn.control.grants()[0]?.refreshes;
    await standIn.control.inject({ kind: 'serverErrorBefore', provider });
    expect((await ask()).status).toBe(500);
    expect(refreshes()).toBe(0);
    await standIn.control.inject({ kind: 'tooManyRequests', provider, delayMs: 7000 });
    const limited = await ask();
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    await standIn.control.inject({ kind: 'resetBefore', provider });
    await expect(ask()).rejects.toThrow();
    expect(refreshes()).toBe(0);
    await standIn.control.inject({ kind: 'serverErrorAfter', provider });
    expect((await ask()).status).toBe(500);
    expect(refreshes()).toBe(1);
    const again = await ask();
    expect(again.status).toBe(RULES[provider].rotation === 'single-use' ? 400 : 200);
  });

  test('forgets nothing over a restart, and keeps no value on the disk', async () => {
    const tokens = await connect(standIn, provider);
    await connect(standIn, provider);
    const file = readFileSync(join(standIn.dataDir, 'oauth-stand-in', 'providers.json'), 'utf8');
    for (const value of [tokens['access_token'], tokens['refresh_token']]) expect(file).not.toContain(value);
    const again = createOAuthStandIn({ dataDir: standIn.dataDir, clock: standIn.clock });
    expect(again.control.grants()).toHaveLength(2);
    expect(again.control.whoIs(tokens['access_token'] ?? '')?.provider).toBe(provider);
    const shown = await (await fetch(`${standIn.url}/_control`)).text();
    for (const value of [tokens['access_token'], tokens['refresh_token'], CLIENT.clientSecret])
      expect(shown).not.toContain(value);
  });
});

describe('what a refresh does to the refresh token', () => {
  test('YouTube: nothing, until it is revoked, idle for half a year, or one of more than a hundred', async () => {
    const tokens = await connect(standIn, 'youtube');
    for (let day = 0; day < 3; day += 1) {
      const next = await refresh(standIn, 'youtube', tokens['refresh_token']);
      expect(next.status).toBe(200);
      expect(next.body['refresh_token']).toBeUndefined();
      standIn.clock.advance(100 * DAY);
    }
    standIn.clock.advance(100 * DAY);
    expect((await refresh(standIn, 'youtube', tokens['refresh_token'])).status).toBe(400);
    const oldest = await connect(standIn, 'youtube');
    for (let more = 0; more < 100; more += 1) {
      expect((await refresh(standIn, 'youtube', oldest['refresh_token'])).status).toBe(200);
      standIn.clock.advance(1000);
      await connect(standIn, 'youtube');
    }
    expect((await refresh(standIn, 'youtube', oldest['refresh_token'])).status).toBe(400);
  });

  test('YouTube in testing: dead after seven days, however often it was used', async () => {
    await standIn.control.configure('youtube', { testing: true });
    const tokens = await connect(standIn, 'youtube');
    for (let hour = 0; hour < 7 * 24; hour += 12) {
      expect((await refresh(standIn, 'youtube', tokens['refresh_token'])).status).toBe(200);
      standIn.clock.advance(12 * HOUR);
    }
    expect((await refresh(standIn, 'youtube', tokens['refresh_token'])).body['error']).toBe('invalid_grant');
  });

  test('YouTube: no refresh token without offline access, nor with a second consent that was not asked for', async () => {
    const exchange = async (over: Record<string, string | undefined>) => {
      const back = await consentAt(authorizeUrl(standIn, 'youtube', over));
      return (
        await askToken(standIn, 'youtube', {
          grant_type: 'authorization_code',
          code: back.searchParams.get('code') ?? '',
          redirect_uri: CALLBACK,
          code_verifier: verifier,
        })
      ).body['refresh_token'];
    };
    expect(await exchange({ access_type: undefined })).toBeUndefined();
    await standIn.control.revoke('youtube');
    expect(await exchange({ prompt: undefined })).toEqual(expect.any(String));
    expect(await exchange({ prompt: undefined })).toBeUndefined();
    expect(await exchange({ prompt: 'consent' })).toEqual(expect.any(String));
  });

  test('YouTube: a person can leave out scopes, and the answer says so', async () => {
    const tokens = await connect(standIn, 'youtube', { without: ['youtube.upload'] });
    expect(tokens['scope']).not.toContain('youtube.upload');
    expect(tokens['scope']).toContain('youtube.readonly');
  });

  test('Etsy: it is used up, and its successor has another ninety days', async () => {
    const first = await connect(standIn, 'etsy');
    expect(first['access_token']).toMatch(/^1001\./);
    standIn.clock.advance(89 * DAY);
    const second = await refresh(standIn, 'etsy', first['refresh_token']);
    expect((await refresh(standIn, 'etsy', first['refresh_token'])).body).toMatchObject({
      error: 'invalid_grant',
      error_description: 'refresh_token is revoked',
    });
    standIn.clock.advance(89 * DAY);
    const third = await refresh(standIn, 'etsy', String(second.body['refresh_token']));
    expect(third.status).toBe(200);
    standIn.clock.advance(90 * DAY);
    expect((await refresh(standIn, 'etsy', String(third.body['refresh_token']))).status).toBe(400);
  });

  test('Etsy with strict detection of reuse: a second use ends all of it', async () => {
    await standIn.control.configure('etsy', { strictReuse: true });
    const first = await connect(standIn, 'etsy');
    const second = await refresh(standIn, 'etsy', first['refresh_token']);
    await refresh(standIn, 'etsy', first['refresh_token']);
    expect((await refresh(standIn, 'etsy', String(second.body['refresh_token']))).status).toBe(400);
  });

  test('Shopify: the one before works until its successor is used', async () => {
    const first = await connect(standIn, 'shopify');
    const lost = await refresh(standIn, 'shopify', first['refresh_token']);
    const second = await refresh(standIn, 'shopify', first['refresh_token']);
    expect(second).toMatchObject({ status: 200, body: { refresh_token_expires_in: 90 * 86_400 } });
    expect((await refresh(standIn, 'shopify', String(lost.body['refresh_token']))).status).toBe(400);
    expect((await refresh(standIn, 'shopify', String(second.body['refresh_token']))).status).toBe(200);
    expect((await refresh(standIn, 'shopify', first['refresh_token'])).status).toBe(400);
  });

  test('Shopify: client credentials give a day and no refresh token; nobody else has that grant', async () => {
    const token = await askToken(standIn, 'shopify', { grant_type: 'client_credentials' });
    expect(token).toMatchObject({ status: 200, body: { expires_in: 86_400 } });
    expect(token.body['refresh_token']).toBeUndefined();
    for (const provider of ['youtube', 'etsy'] as const)
      expect((await askToken(standIn, provider, { grant_type: 'client_credentials' })).body['error']).toBe(
        'unsupported_grant_type',
      );
  });
});

describe('whose token it is', () => {
  const get = (path: string, headers: Record<string, string>, init: RequestInit = {}) =>
    fetch(`${standIn.url}/${path}`, { headers, ...init });

  test('YouTube names the channel, and makes a playlist for a token that may', async () => {
    const tokens = await connect(standIn, 'youtube', { account: 'UCstandInTwo' });
    const headers = { authorization: `Bearer ${tokens['access_token']}`, 'content-type': 'application/json' };
    const me = await get('youtube/youtube/v3/channels?part=id&mine=true', headers);
    expect(await me.json()).toMatchObject({ items: [{ id: 'UCstandInTwo' }] });
    const body = JSON.stringify({ snippet: { title: 'Autumn' } });
    const path = 'youtube/youtube/v3/playlists?part=snippet';
    expect((await get(path, headers, { method: 'POST', body })).status).toBe(200);
    const reader = await connect(standIn, 'youtube', { without: ['youtube', 'youtube.force-ssl'] });
    const weak = { ...headers, authorization: `Bearer ${reader['access_token']}` };
    expect((await get(path, weak, { method: 'POST', body })).status).toBe(403);
    await standIn.control.revoke('youtube');
    expect((await get(path, headers, { method: 'POST', body })).status).toBe(401);
    expect(standIn.control.playlists()).toMatchObject([{ account: 'UCstandInTwo', title: 'Autumn' }]);
  });

  test('Etsy wants both halves of the key beside the token', async () => {
    const tokens = await connect(standIn, 'etsy');
    const authorization = `Bearer ${tokens['access_token']}`;
    const path = 'etsy/v3/application/users/me';
    const key = `${CLIENT.clientId}:${CLIENT.clientSecret}`;
    const old = await get(path, { authorization, 'x-api-key': CLIENT.clientId });
    expect([old.status, await old.json()]).toEqual([
      403,
      { error: 'Shared secret is required in x-api-key header.' },
    ]);
    expect((await get(path, { authorization: 'Bearer x', 'x-api-key': key })).status).toBe(401);
    expect(await (await get(path, { authorization, 'x-api-key': key })).json()).toMatchObject({
      user_id: 1001,
    });
  });

  test('Shopify answers its GraphQL endpoint with the shop and the scopes', async () => {
    const tokens = await connect(standIn, 'shopify');
    const reply = await get(
      'shopify/admin/api/2026-10/graphql.json',
      { 'x-shopify-access-token': tokens['access_token'] ?? '', 'content-type': 'application/json' },
      { method: 'POST', body: '{"query":"{ shop { name } }"}' },
    );
    expect(await reply.json()).toMatchObject({
      data: { shop: { myshopifyDomain: 'shop-one.myshopify.com' } },
    });
  });

  test('Google ends a consent that a token of it is revoked with', async () => {
    const tokens = await connect(standIn, 'youtube');
    const revoke = () =>
      fetch(`${standIn.urls.youtube}/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ token: tokens['access_token'] ?? '' }),
      });
    expect((await revoke()).status).toBe(200);
    expect((await revoke()).status).toBe(400);
    expect((await refresh(standIn, 'youtube', tokens['refresh_token'])).status).toBe(400);
  });
});

test('the page of connected apps takes access away, from a form of its own only', async () => {
  const tokens = await connect(standIn, 'etsy');
  const shown = await fetch(standIn.url);
  const html = await shown.text();
  expect(html).toContain('Shop One');
  for (const value of Object.values(tokens)) if (value.length > 20) expect(html).not.toContain(value);
  const hidden = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(html)?.[1] ?? '';
  const post = (cookie: string) =>
    fetch(standIn.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ nonce: hidden('nonce'), grant: hidden('grant') }).toString(),
    });
  expect((await post('')).status).toBe(400);
  expect((await refresh(standIn, 'etsy', tokens['refresh_token'])).status).toBe(200);
  expect((await post(shown.headers.getSetCookie()[0]?.split(';')[0] ?? '')).status).toBe(303);
  expect(standIn.control.grants().map(({ alive }) => alive)).toEqual([false]);
});

test('the control document takes JSON of its own shape, and nothing else', async () => {
  const control = (body: string, type = 'application/json') =>
    fetch(`${standIn.url}/_control`, { method: 'POST', headers: { 'content-type': type }, body });
  expect((await control('{}', 'text/plain')).status).toBe(415);
  expect((await control('{"inject":{"kind":"fire"}}')).status).toBe(400);
  expect((await control('{"inject":{"kind":"timeoutAfter","times":2}}')).status).toBe(200);
  const shown = await (await fetch(`${standIn.url}/_control`)).json();
  expect(shown).toMatchObject({ faults: [{ kind: 'timeoutAfter', times: 2 }] });
});
