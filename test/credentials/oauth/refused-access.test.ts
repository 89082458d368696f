import { describe, expect, test } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import { RULES, world } from './world.ts';

/** An API refused the access token before its end: what `noteUse` writes. */
const refuse = (at: ReturnType<typeof world>): void => {
  const { condition } = at.rows;
  if (condition === undefined) throw new Error('never connected');
  at.rows.condition = {
    ...condition,
    version: condition.version + 1,
    status: 'EXPIRED',
    detail: 'expired-refreshable',
    since: timestamp(at.now()),
  };
};
const exchanges = (at: ReturnType<typeof world>): number =>
  at.calls.filter((name) => name === 'askTokens').length;

describe.each(RULES)('access that an API refused, with a refresh token that is %s', (rotation) => {
  test('is renewed by the next run although its date is far, once', async () => {
    const at = world(rotation);
    await at.run();
    at.later(60_000);
    expect(await at.run()).toBe('fresh');
    refuse(at);
    at.later(60_000);
    expect(await at.run()).toBe('refreshed');
    expect(at.rows.condition).toMatchObject({ status: 'PRESENT', detail: null });
    expect(await at.run()).toBe('fresh');
    expect(exchanges(at)).toBe(2);
  });

  test('is renewed once by two runs at once, and by one whose clock is behind', async () => {
    const at = world(rotation);
    await at.run();
    at.later(60_000);
    refuse(at);
    const { condition } = at.rows;
    if (condition !== undefined) at.rows.condition = { ...condition, since: timestamp(at.now() + 30_000) };
    await Promise.all([at.run(at.process()), at.run(at.process())]);
    expect(exchanges(at)).toBe(2);
    await at.run();
    expect(exchanges(at)).toBe(2);
    expect(at.rows.condition?.status).toBe('PRESENT');
  });

  test('whose renewal is refused as well needs a person, with one task', async () => {
    const at = world(rotation);
    await at.run();
    at.provider.revoke();
    at.later(60_000);
    refuse(at);
    await at.run();
    at.later(300_000);
    await at.run();
    expect(at.rows.condition?.status).toBe('NEEDS_REAUTH');
    const reason = rotation === 'client-credentials' ? 'refused' : 'invalid-grant';
    expect([...at.tasks]).toEqual([['reauth#1', reason]]);
  });
});
