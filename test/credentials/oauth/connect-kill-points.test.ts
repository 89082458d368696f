import { describe, expect, test } from 'vitest';
import { recordFigures } from '../../proof/figures.ts';
import { CONNECTABLE, type Fault, world, type World } from './world.ts';

const RUN_EVERY_MS = 300_000;
const FAULTS: readonly Fault[] = ['before', 'after', 'lost-reply'];

const swept: Record<string, number> = Object.fromEntries(CONNECTABLE.map((rule) => [rule, 0]));

/** What a connection can be when a person connects it. */
const STARTS: Readonly<Record<string, (place: World) => Promise<void>>> = {
  'never connected': async (place) => {
    place.stage({ refreshToken: undefined as never });
    expect(await place.run()).toBe('not-connected');
  },
  revoked: async (place) => {
    await place.run();
    place.provider.revoke();
    place.later(3_600_000);
    expect(await place.run()).toBe('needs-reauth');
  },
  'working well': async (place) => {
    expect(await place.run()).toBe('refreshed');
  },
  'in the middle of an exchange whose answer was lost': async (place) => {
    const clean = world('single-use');
    await clean.run();
    place.faults.set(clean.calls.indexOf('askTokens') + 1, 'after');
    await place.run();
    expect(place.rows.exchange?.status).toBe('STARTED');
  },
  'refused, with its task not settled yet': async (place) => {
    place.provider.revoke();
    const clean = world('single-use');
    clean.provider.revoke();
    await clean.run();
    place.faults.set(clean.calls.indexOf('openReauthTask') + 1, 'after');
    expect(await place.run()).toBe('crashed');
    expect([...place.tasks.keys()]).toEqual(['reauth#1']);
  },
};

const runs = async (place: World, count: number): Promise<void> => {
  for (let run = 0; run < count; run += 1) {
    place.later(RUN_EVERY_MS);
    await place.run();
  }
};

const expectConnected = (place: World, label: string): void => {
  expect(place.rows.condition?.status, label).toBe('PRESENT');
  expect(place.rows.exchange?.status, label).toBe('DONE');
  expect([...place.tasks], label).toEqual([]);
  expect(place.provider.isAlive(place.current().refreshToken), label).toBe(true);
  expect(place.provider.access, label).toContain(place.current().accessToken);
  expect(place.current().account, label).toBe('account-1');
};

describe.each(CONNECTABLE)('connecting where refresh tokens rotate: %s', (rotation) => {
  test.each(Object.keys(STARTS))(
    '%s: any call crashed or unanswered leaves the old or the new one whole',
    async (name) => {
      const start = STARTS[name];
      if (start === undefined) throw new Error(name);
      for (const lag of [0, 2]) {
        const clean = world(rotation, lag);
        await start(clean);
        clean.later(RUN_EVERY_MS);
        const from = clean.calls.length;
        expect(await clean.connect()).toBe('connected');
        expectConnected(clean, 'clean');
        const version = clean.rows.condition?.connectionVersion;
        for (let at = from + 1; at <= clean.calls.length; at += 1)
          for (const fault of FAULTS) {
            swept[rotation] = (swept[rotation] ?? 0) + 1;
            const label = `${fault} call ${at} (${clean.calls[at - 1]}), lag ${lag}`;
            const place = world(rotation, lag);
            await start(place);
            place.later(RUN_EVERY_MS);
            place.faults.set(at, fault);
            await place.connect();
            place.faults.clear();
            await runs(place, 3);
            if (place.rows.condition?.status !== 'PRESENT' || place.current().account === undefined) {
              // The lease of who died ends first; then the person tries once more.
              place.later(RUN_EVERY_MS);
              expect(await place.connect(), label).toBe('connected');
            }
            expectConnected(place, label);
            expect(place.rows.condition?.connectionVersion, label).toBe(version);
          }
      }
    },
  );
});

test('a client that was refused is tried again as soon as somebody mends it, and not before', async () => {
  const place = world('single-use');
  place.stage({ clientSecret: 'wrong' });
  for (let run = 0; run < 20; run += 1) {
    expect(await place.run()).toBe('needs-reauth');
    place.later(RUN_EVERY_MS);
  }
  expect(place.calls.filter((name) => name === 'askTokens')).toHaveLength(1);
  expect([...place.tasks.values()]).toEqual(['refused']);
  place.stage({ clientSecret: 'quiet' });
  expect(await place.run()).toBe('refreshed');
  expect([...place.tasks]).toEqual([]);
  expect(place.rows.condition?.status).toBe('PRESENT');
});

test('every call of a connection was disturbed from every start, and the points are counted', () => {
  const points = Object.values(swept).reduce((sum, each) => sum + each, 0);
  expect(Math.min(...Object.values(swept))).toBeGreaterThan(300);
  recordFigures('oauth-connect', { rules: swept, points, starts: Object.keys(STARTS).length });
  process.stdout.write(`kill points of connecting: ${points}\n`);
});
