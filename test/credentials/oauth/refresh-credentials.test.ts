import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refreshCredentials, renewable } from '#functions/credentials/refresh-credentials.ts';
import type { StandInProvider } from '#infra/local/oauth-stand-in/rules.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { resolveCredential } from '#shared/credentials/credentials.aws.ts';
import { aCredential } from '../rows.ts';
import { grantOf, openRealRoom, type RealRoom, stopEngine } from './real-room.ts';
import { CALLBACK, CLIENT, consentAt, authorizeUrl, verifier } from './stand-in-client.ts';
import { connectCredential } from '#shared/credentials/oauth/connect-credential.ts';
import { endpointsOf } from '#shared/credentials/oauth/endpoints.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let room: RealRoom;
beforeEach(async () => {
  room = await openRealRoom();
});
afterEach(() => room.close());
afterAll(stopEngine);

const run = () => refreshCredentials(room.deps);
const exchanges = (provider?: StandInProvider) =>
  room.standIn.control
    .calls()
    .filter(
      (call) =>
        call.what === 'refresh_token' &&
        call.status === 200 &&
        (provider === undefined || call.provider === provider),
    );
const attempts = () => room.standIn.control.calls().filter(({ endpoint }) => endpoint === 'token');

/** A person connects a grant at the stand-in. */
const connect = async (grant: Credential): Promise<void> => {
  const endpoints = endpointsOf(grant, room.standIn.urls);
  if (endpoints === undefined) throw new Error('no endpoints');
  const back = await consentAt(authorizeUrl(room.standIn, endpoints.name));
  const query = Object.fromEntries(back.searchParams);
  const consent = {
    code: query['code'] ?? '',
    redirectUri: CALLBACK,
    verifier,
    query,
    replace: false,
    by: 'person:olivia@example.test',
  };
  expect(await connectCredential(grant, endpoints, consent, room.deps)).toMatchObject({ kind: 'connected' });
};
const open = async (provider: StandInProvider, over: Partial<Credential> = {}): Promise<Credential> => {
  const grant = await room.register(grantOf(provider, over));
  await room.makeSecret(grant.secretId);
  if (grant.kind === 'oauth') await connect(grant);
  return grant;
};
const condition = (grant: Credential) => room.deps.readCondition('demo', grant);
const overdue = () => room.logged.findLast((line) => 'OverdueRefreshes' in line)?.['OverdueRefreshes'];
/** Runs the schedule for a while. */
const forMs = async (ms: number, each: () => Promise<unknown> = run): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 5 * MINUTE) {
    room.standIn.clock.advance(5 * MINUTE);
    await each();
  }
};

describe('two hundred consumers and two rotators', () => {
  test.each(['youtube', 'etsy', 'shopify'] as const)(
    '%s: one exchange at the provider for each generation, and every token that is handed out works (LEA-10)',
    async (provider) => {
      const grant = await open(provider);
      const resolve = resolveCredential(room.db, 'credentials', room.secrets, room.deps.now);
      let handed = 0;
      const consume = async (): Promise<void> => {
        const found = await resolve('demo', grant, true);
        if (found.kind !== 'usable') throw new Error(found.code);
        const token = found.secret.reveal('token') ?? '';
        if (room.standIn.control.whoIs(token)?.provider !== provider) throw new Error('a dead token');
        handed += 1;
      };
      for (let generation = 1; generation <= 3; generation += 1) {
        room.standIn.clock.advance(50 * MINUTE);
        await Promise.all([run(), run(), ...Array.from({ length: 200 }, consume)]);
        expect(exchanges(provider)).toHaveLength(generation);
        expect((await room.deps.readExchange('demo', grant))?.generation).toBe(generation + 1);
      }
      expect(handed).toBe(600);
      expect(attempts().filter(({ status }) => status !== 200)).toEqual([]);
    },
    60_000,
  );
});

test('what is alive for a while is left alone, and costs no secret and no request', async () => {
  await open('etsy');
  const before = [attempts().length, room.asked.length];
  await forMs(40 * MINUTE, async () => expect(await run()).toEqual({ fresh: 1 }));
  expect([attempts().length, room.asked.length]).toEqual(before);
  await forMs(10 * MINUTE);
  expect(exchanges()).toHaveLength(1);
});

test('six hours over all providers: access never ends, refresh tokens rotate as each provider does', async () => {
  const grants = [await open('youtube'), await open('etsy'), await open('shopify')];
  const first = await Promise.all(grants.map(async ({ secretId }) => room.deps.readCurrent(secretId)));
  await forMs(6 * HOUR, async () => {
    await run();
    for (const { secretId } of grants) {
      const current = await room.deps.readCurrent(secretId);
      expect(room.standIn.control.whoIs(current?.connection.accessToken ?? '')).toBeDefined();
    }
  });
  const last = await Promise.all(grants.map(async ({ secretId }) => room.deps.readCurrent(secretId)));
  const stayed = last.map((it, at) => it?.connection.refreshToken === first[at]?.connection.refreshToken);
  expect(stayed).toEqual([true, false, false]);
  // An access token lives sixty minutes, and is renewed within the last fifteen: every 45 or 50.
  expect(exchanges().length).toBeGreaterThanOrEqual(3 * 7);
  expect(exchanges().length).toBeLessThanOrEqual(3 * 8);
  expect((await condition(grants[1] as Credential))?.rotationCount).toBe(exchanges('etsy').length + 1);
  expect((await condition(grants[0] as Credential))?.rotationCount).toBe(1);
});

test('client credentials are minted for a day, and the first time without anybody', async () => {
  const grant = await open('shopify', { kind: 'client-credentials' });
  expect(await run()).toEqual({ refreshed: 1 });
  expect(await condition(grant)).toMatchObject({ status: 'PRESENT', detail: null });
  await forMs(23 * HOUR);
  expect(attempts()).toHaveLength(1);
  await forMs(2 * HOUR);
  expect(attempts()).toHaveLength(2);
});

test('nobody connected it: a person is asked once, and no provider', async () => {
  const grant = await room.register(grantOf('youtube'));
  await room.makeSecret(grant.secretId);
  expect(await run()).toEqual({ 'not-connected': 1 });
  await forMs(2 * HOUR);
  expect(await room.openTasks()).toMatchObject([{ reason: 'not-connected', connectionVersion: 1 }]);
  expect(attempts()).toEqual([]);
  await connect(grant);
  expect(await room.openTasks()).toEqual([]);
});

test('revoked at the provider: tried once, one task, nothing else stops, and connecting again closes it (OAU-02, OAU-03)', async () => {
  const grant = await open('etsy');
  const other = await open('youtube');
  await room.standIn.control.revoke('etsy');
  const before = attempts().length;
  await forMs(5 * HOUR);
  expect(attempts().length - before - exchanges('youtube').length).toBe(1);
  expect(await condition(grant)).toMatchObject({ status: 'NEEDS_REAUTH', connectionVersion: 2 });
  expect(await condition(other)).toMatchObject({ status: 'PRESENT' });
  expect(await room.openTasks()).toMatchObject([
    { provider: 'etsy', reason: 'invalid-grant', connectionVersion: 2, status: 'OPEN' },
  ]);
  // A person has it in the inbox, so it is no alarm.
  expect(overdue()).toBe(0);
  await connect(grant);
  expect(await condition(grant)).toMatchObject({ status: 'PRESENT', connectionVersion: 3 });
  expect(await room.openTasks()).toEqual([]);
  await room.standIn.control.revoke('etsy');
  await forMs(2 * HOUR);
  expect(await room.openTasks()).toMatchObject([{ connectionVersion: 3 }]);
});

test('a consent screen in testing dies after seven days, and that is the same task', async () => {
  await room.standIn.control.configure('youtube', { testing: true });
  const grant = await open('youtube');
  for (let hours = 0; hours < 6 * 24; hours += 12) {
    room.standIn.clock.advance(12 * HOUR);
    await run();
    expect((await condition(grant))?.status).toBe('PRESENT');
  }
  room.standIn.clock.advance(30 * HOUR);
  await run();
  expect(await room.openTasks()).toMatchObject([{ provider: 'youtube', reason: 'invalid-grant' }]);
});

describe('a provider that is ill', () => {
  test('Retry-After is honoured to the minute', async () => {
    const grant = await open('etsy');
    room.standIn.clock.advance(50 * MINUTE);
    await room.standIn.control.inject({ kind: 'tooManyRequests', delayMs: 12 * MINUTE });
    const before = attempts().length;
    expect(await run()).toEqual({ waiting: 1 });
    await forMs(10 * MINUTE);
    expect(attempts().length - before).toBe(1);
    await forMs(5 * MINUTE);
    expect(attempts().length - before).toBe(2);
    expect(await condition(grant)).toMatchObject({ status: 'PRESENT' });
    expect(await room.openTasks()).toEqual([]);
  });

  test('500 on the token for hours: bounded tries, one task, an alarm before, and it heals by itself (OAU-01)', async () => {
    const grant = await open('youtube');
    await room.standIn.control.inject({ kind: 'serverErrorBefore', times: 1_000_000 });
    const before = attempts().length;
    await forMs(65 * MINUTE);
    expect(overdue()).toBe(1);
    await forMs(55 * MINUTE);
    expect(attempts().length - before).toBe(12);
    expect(await room.openTasks()).toMatchObject([{ reason: 'exhausted' }]);
    await forMs(5 * HOUR);
    // Once an hour from then on.
    expect(attempts().length - before).toBeLessThanOrEqual(12 + 6);
    expect(await room.openTasks()).toHaveLength(1);
    await room.standIn.control.clearFaults();
    await forMs(65 * MINUTE);
    expect(await condition(grant)).toMatchObject({ status: 'PRESENT', connectionVersion: 2 });
    expect(await room.openTasks()).toEqual([]);
    expect(overdue()).toBe(0);
  });

  test.each(['serverErrorAfter', 'resetAfter', 'unreadable'] as const)(
    'an answer that is lost (%s) costs Etsy its connection and nobody else',
    async (kind) => {
      const grants = [await open('youtube'), await open('etsy'), await open('shopify')];
      for (const provider of ['youtube', 'etsy', 'shopify'] as const)
        await room.standIn.control.inject({ kind, provider });
      await forMs(2 * HOUR);
      const statuses = await Promise.all(grants.map(async (grant) => (await condition(grant))?.status));
      expect(statuses).toEqual(['PRESENT', 'NEEDS_REAUTH', 'PRESENT']);
      expect(await room.openTasks()).toMatchObject([{ provider: 'etsy', reason: 'invalid-grant' }]);
      const refused = attempts().filter(({ error }) => error === 'invalid_grant');
      // Ambiguous the first time, so once more; never a loop.
      expect(refused).toHaveLength(2);
    },
  );

  test('strict detection of reuse, with an answer lost and a second chance: still one task and no loop', async () => {
    const grant = await open('etsy');
    await room.standIn.control.configure('etsy', { strictReuse: true });
    await room.standIn.control.inject({ kind: 'resetAfter' });
    const before = attempts().length;
    await forMs(3 * HOUR);
    expect(attempts().length - before).toBe(3);
    expect(await room.openTasks()).toHaveLength(1);
    await connect(grant);
    await forMs(3 * HOUR);
    expect(await condition(grant)).toMatchObject({ status: 'PRESENT' });
  });

  test('a wrong client secret is not tried again until somebody mends it', async () => {
    const grant = await open('shopify', { kind: 'client-credentials' });
    await room.putSecret(grant.secretId, { ...CLIENT, clientSecret: 'old' });
    await forMs(2 * HOUR);
    expect(attempts()).toHaveLength(1);
    expect(await room.openTasks()).toMatchObject([{ reason: 'refused' }]);
    await room.putSecret(grant.secretId, CLIENT);
    expect(await run()).toEqual({ refreshed: 1 });
    expect(await room.openTasks()).toEqual([]);
  });
});

describe('an endpoint behind http that reads the connection of another credential', () => {
  const shared = async () => {
    const owner = await open('youtube');
    const reader = await room.register(
      grantOf('youtube', {
        provider: 'http',
        account: 'channel-api',
        oauthProvider: 'youtube',
        scopes: ['READ', 'DELETE'],
        createdAt: '2026-02-01T00:00:00.000Z',
      }),
    );
    return { owner, reader };
  };

  test('is as old and as alive as the connection, and gets its token', async () => {
    const { owner, reader } = await shared();
    const resolve = resolveCredential(room.db, 'credentials', room.secrets, room.deps.now);
    await forMs(3 * HOUR, async () => {
      await run();
      const [own, read] = [await condition(owner), await condition(reader)];
      expect(read).toMatchObject({
        status: 'PRESENT',
        rotatedAt: own?.rotatedAt,
        accessExpiresAt: own?.accessExpiresAt,
      });
      const found = await resolve('demo', reader, true);
      if (found.kind !== 'usable') throw new Error(found.code);
      expect(room.standIn.control.whoIs(found.secret.reveal('token') ?? '')?.provider).toBe('youtube');
    });
    const { version } = (await condition(reader)) ?? {};
    await run();
    // Nothing has changed, so nothing is written.
    expect((await condition(reader))?.version).toBe(version);
    expect(exchanges()).toHaveLength(4);
    expect(await room.openTasks()).toEqual([]);
  });

  test('says what its own scopes lack, which the owner may not need', async () => {
    const { owner, reader } = await shared();
    await room.standIn.control.revoke('youtube');
    const endpoints = endpointsOf(owner, room.standIn.urls);
    if (endpoints === undefined) throw new Error('no endpoints');
    const url = authorizeUrl(room.standIn, 'youtube');
    const back = await consentAt(url, { without: ['auth/youtube.force-ssl', 'auth/youtube'] });
    const query = Object.fromEntries(back.searchParams);
    const consent = {
      code: query['code'] ?? '',
      redirectUri: CALLBACK,
      verifier,
      query,
      replace: false,
      by: 'person:olivia@example.test',
    };
    await connectCredential(owner, endpoints, consent, room.deps);
    await run();
    expect(await condition(reader)).toMatchObject({ status: 'PRESENT', detail: 'insufficient-scope' });
  });

  test('a refusal that the reader meets is looked into at once; reconnecting heals both, with one task', async () => {
    const { owner, reader } = await shared();
    await run();
    await room.standIn.control.revoke('youtube');
    const before = await condition(reader);
    if (before === undefined) throw new Error('no condition');
    room.standIn.clock.advance(MINUTE);
    await room.deps.putCondition(before, {
      ...before,
      version: before.version + 1,
      status: 'EXPIRED',
      detail: 'expired-refreshable',
      since: new Date(room.deps.now()).toISOString(),
    });
    expect(await run()).toEqual({ 'needs-reauth': 1 });
    expect(await condition(owner)).toMatchObject({ status: 'NEEDS_REAUTH' });
    expect(await condition(reader)).toMatchObject({ status: 'EXPIRED' });
    expect(await room.openTasks()).toMatchObject([{ provider: 'youtube' }]);
    await connect(owner);
    await run();
    expect(await condition(reader)).toMatchObject({ status: 'PRESENT', detail: null });
    expect(await room.openTasks()).toEqual([]);
  });

  test('a refusal that only the reader got is renewed once, and both go on', async () => {
    const { owner, reader } = await shared();
    await run();
    const before = await condition(reader);
    if (before === undefined) throw new Error('no condition');
    room.standIn.clock.advance(MINUTE);
    const since = new Date(room.deps.now()).toISOString();
    await room.deps.putCondition(before, {
      ...before,
      version: before.version + 1,
      status: 'EXPIRED',
      detail: 'expired-refreshable',
      since,
    });
    expect(await run()).toEqual({ refreshed: 1 });
    for (const grant of [owner, reader])
      expect(await condition(grant)).toMatchObject({ status: 'PRESENT', detail: null });
    await forMs(30 * MINUTE, async () => expect(await run()).toEqual({ fresh: 1 }));
    expect(exchanges()).toHaveLength(1);
  });
});

describe('one run', () => {
  test('one connection that breaks stops no other, and the log names it without a value', async () => {
    const good = await open('etsy');
    const bad = await open('youtube');
    room.standIn.clock.advance(50 * MINUTE);
    const readVersion = room.deps.readCurrent;
    const counts = await refreshCredentials({
      ...room.deps,
      readCurrent: async (secretId) => {
        if (secretId === bad.secretId)
          throw Object.assign(new Error(CLIENT.clientSecret), { name: 'Throttled' });
        return readVersion(secretId);
      },
    });
    expect(counts).toEqual({ refreshed: 1, failed: 1 });
    expect((await condition(good))?.status).toBe('PRESENT');
    expect(room.logged).toContainEqual(
      expect.objectContaining({
        level: 'ERROR',
        credential: 'demo#youtube#channel#DEVELOPMENT',
        error: 'Throttled',
      }),
    );
    expect(JSON.stringify(room.logged)).not.toContain(CLIENT.clientSecret);
    expect(await run()).toEqual({ fresh: 1, refreshed: 1 });
  });

  test('begins nothing that it could not end: what is left is counted, and the next run goes on', async () => {
    for (let at = 0; at < 8; at += 1)
      await open('shopify', {
        kind: 'client-credentials',
        account: `shop-${at}`,
        secretId: `autopack/dev/shop-${at}`,
      });
    const slow = {
      ...room.deps,
      askTokens: async (...args: Parameters<typeof room.deps.askTokens>) => {
        room.standIn.clock.advance(9000);
        return room.deps.askTokens(...args);
      },
    };
    const counts = await refreshCredentials(slow);
    expect(counts.left).toBeGreaterThan(0);
    expect((counts.refreshed ?? 0) + (counts.left ?? 0)).toBe(8);
    expect(await run()).toEqual({ fresh: counts.refreshed, refreshed: counts.left });
  });

  test('says its gauge each time, also where there is nothing to renew', async () => {
    expect(await run()).toEqual({});
    expect(room.logged).toContainEqual(expect.objectContaining({ OverdueRefreshes: 0, Stage: 'dev' }));
  });

  test('renews a shared secret by its oldest grant, and nothing that is retired or not by OAuth', () => {
    const own = grantOf('etsy');
    const sharing = grantOf('etsy', {
      provider: 'http',
      oauthProvider: 'etsy',
      createdAt: '2026-05-01T00:00:00.000Z',
    });
    const retired = grantOf('youtube', { retired: true });
    const staged = aCredential();
    expect(renewable([sharing, retired, staged, own])).toEqual([own]);
    expect(renewable([sharing, { ...own, retired: true }])).toEqual([sharing]);
  });
});

test('no row, task or log line of any of it holds a value', async () => {
  const grant = await open('etsy');
  const seen: string[] = [];
  for (let hour = 0; hour < 3; hour += 1) {
    const { refreshToken = '', accessToken = '' } =
      (await room.deps.readCurrent(grant.secretId))?.connection ?? {};
    seen.push(refreshToken, accessToken);
    room.standIn.clock.advance(HOUR);
    await run();
  }
  await room.standIn.control.revoke('etsy');
  await forMs(2 * HOUR);
  const text = JSON.stringify([
    await room.deps.readExchange('demo', grant),
    await condition(grant),
    await room.deps.readLease('demo', grant),
    await room.openTasks(),
    room.logged,
  ]);
  for (const value of [...seen, CLIENT.clientSecret]) expect(text).not.toContain(value);
});
