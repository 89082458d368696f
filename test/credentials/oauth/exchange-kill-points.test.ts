import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordFigures } from '../../proof/figures.ts';
import { type Fault, RULES, world, type World } from './world.ts';

const RUN_EVERY_MS = 300_000;
const HOUR_MS = 3_600_000;
const ROTATES: readonly string[] = ['single-use', 'grace'];
const FAULTS: readonly Fault[] = ['before', 'after', 'lost-reply'];

const swept: Record<string, number> = Object.fromEntries(RULES.map((rule) => [rule, 0]));
const count = (rule: string): void => {
  swept[rule] = (swept[rule] ?? 0) + 1;
};

/** The schedule until nothing is left to do: every five minutes, for at most three hours. */
const runToEnd = async (place: World): Promise<string> => {
  let outcome = '';
  for (let run = 0; run < 36; run += 1) {
    outcome = await place.run();
    if (['fresh', 'refreshed', 'needs-reauth'].includes(outcome)) return outcome;
    place.later(RUN_EVERY_MS);
  }
  return outcome;
};

/** What has to hold whatever happened, once the schedule has come to rest. */
const expectSound = (place: World, rotation: string): void => {
  const minted = rotation === 'client-credentials';
  const dead = !minted && !place.provider.isAlive(place.current().refreshToken);
  const lost = place.lostAnswers.length > 0;
  // No refresh token is lost except where the provider's own answer was lost without grace.
  if (dead) expect({ rotation, lost }).toEqual({ rotation: 'single-use', lost: true });
  expect([...place.tasks.values()]).toEqual(dead ? ['invalid-grant'] : []);
  expect(place.rows.condition?.status).toBe(dead ? 'NEEDS_REAUTH' : 'PRESENT');
  expect(place.rows.exchange?.status).toBe(dead ? 'FAILED' : 'DONE');
  if (!dead) expect(place.provider.access).toContain(place.current().accessToken);
  const rows = JSON.stringify([place.rows, [...place.tasks]]);
  for (const value of ['refresh-0', 'refresh-1', 'access-1', 'quiet']) expect(rows).not.toContain(value);
};

const callsOfCleanRun = async (rotation: (typeof RULES)[number]): Promise<number> => {
  const place = world(rotation);
  expect(await place.run()).toBe('refreshed');
  expectSound(place, rotation);
  expect(place.provider.exchanges).toEqual([rotation === 'client-credentials' ? 'client' : 'refresh-0']);
  return place.calls.length;
};

describe.each(RULES)('a provider whose refresh tokens rotate: %s', (rotation) => {
  test('a clean run exchanges once, and another run within the hour does nothing', async () => {
    const place = world(rotation);
    expect(await place.run()).toBe('refreshed');
    place.later(RUN_EVERY_MS);
    expect(await place.run()).toBe('fresh');
    expect(place.provider.exchanges).toHaveLength(1);
    expect(place.rows.condition?.rotationCount).toBe(ROTATES.includes(rotation) ? 1 : 0);
  });

  test('each call crashed before, crashed after, or answered to nobody: the schedule heals it', async () => {
    const calls = await callsOfCleanRun(rotation);
    for (let at = 1; at <= calls; at += 1)
      for (const fault of FAULTS) {
        count(rotation);
        const place = world(rotation);
        place.faults.set(at, fault);
        const outcome = await runToEnd(place);
        expect(['fresh', 'refreshed', 'needs-reauth'], `${fault} call ${at}`).toContain(outcome);
        expectSound(place, rotation);
      }
  });

  test('the same in the second generation, where a stage has moved before and reads lag', async () => {
    const first = world(rotation, 2);
    await runToEnd(first);
    const from = first.calls.length;
    first.later(HOUR_MS);
    await runToEnd(first);
    for (let at = from + 1; at <= first.calls.length; at += 1)
      for (const fault of FAULTS) {
        count(rotation);
        const place = world(rotation, 2);
        await runToEnd(place);
        place.faults.set(at, fault);
        place.later(HOUR_MS);
        await runToEnd(place);
        expectSound(place, rotation);
        expect(place.rows.exchange?.generation, `${fault} call ${at}`).toBe(2);
      }
  });

  test('several faults in a row, over several generations', async () => {
    const fault = fc.record({ gap: fc.integer({ min: 1, max: 20 }), what: fc.constantFrom(...FAULTS) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 6 }),
        fc.integer({ min: 0, max: 3 }),
        async (plan, lag) => {
          const place = world(rotation, lag);
          let at = 0;
          for (const { gap, what } of plan) place.faults.set((at += gap), what);
          for (let hour = 0; hour < 4; hour += 1) {
            await runToEnd(place);
            place.later(HOUR_MS);
          }
          place.faults.clear();
          await runToEnd(place);
          expectSound(place, rotation);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('two rotators at once, many times over: one exchange for each generation', async () => {
    const place = world(rotation);
    for (let hour = 0; hour < 20; hour += 1) {
      const outcomes = await Promise.all([place.run(), place.run()]);
      expect(outcomes.filter((outcome) => outcome === 'refreshed')).toHaveLength(1);
      place.later(HOUR_MS);
    }
    expect(place.provider.exchanges).toHaveLength(20);
    expect(place.rows.exchange?.generation).toBe(20);
    if (ROTATES.includes(rotation)) expect(new Set(place.provider.exchanges).size).toBe(20);
  });

  test('a revoked token is tried once, a person is asked once, and nothing is tried again', async () => {
    const place = world(rotation);
    await place.run();
    place.provider.revoke();
    place.later(HOUR_MS);
    const before = place.calls.filter((name) => name === 'askTokens').length;
    for (let run = 0; run < 50; run += 1) {
      expect(await place.run()).toBe('needs-reauth');
      place.later(RUN_EVERY_MS);
    }
    expect(place.calls.filter((name) => name === 'askTokens').length - before).toBe(1);
    const reason = rotation === 'client-credentials' ? 'refused' : 'invalid-grant';
    expect([...place.tasks]).toEqual([['reauth#1', reason]]);
  });
});

test('an answer that is lost without grace is asked for twice more, and not once more than that', async () => {
  const place = world('single-use');
  const at = await (async () => {
    const clean = world('single-use');
    await clean.run();
    return clean.calls.indexOf('askTokens') + 1;
  })();
  place.faults.set(at, 'lost-reply');
  expect(await runToEnd(place)).toBe('needs-reauth');
  expect(place.calls.filter((name) => name === 'askTokens')).toHaveLength(3);
  expect([...place.tasks.values()]).toEqual(['invalid-grant']);
});

test('a rotator that wakes up after its lease has ended changes nothing that its successor did', async () => {
  const place = world('single-use');
  const slow = place.process();
  let wake = (): void => undefined;
  const asleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const late = place.run({
    ...slow,
    askTokens: async (...args) => {
      const answer = await slow.askTokens(...args);
      await asleep;
      return answer;
    },
  });
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  place.later(RUN_EVERY_MS);
  // The successor's resend is refused: the sleeper holds the only living token.
  expect(await place.run()).toBe('waiting');
  wake();
  expect(await late).toBe('busy');
  place.later(RUN_EVERY_MS);
  expect(await runToEnd(place)).toBe('refreshed');
  expectSound(place, 'single-use');
});

test('every call of two generations was disturbed, and the points are counted', () => {
  const points = Object.values(swept).reduce((sum, each) => sum + each, 0);
  expect(Math.min(...Object.values(swept))).toBeGreaterThan(100);
  recordFigures('oauth-exchange', { rules: swept, points });
  process.stdout.write(`kill points of OAuth exchanges: ${points}\n`);
});
