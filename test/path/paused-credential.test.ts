import { beforeEach, describe, expect, it } from 'vitest';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import { aCondition } from '../credentials/rows.ts';
import { faultsOf } from '../proof/model/ending.ts';
import { T0, type World, world } from '../proof/model/world.ts';

/** The whole path over stores in memory: a credential dies under an approved action, and somebody mends it. */
const KEY = 'paused';
const MINUTE = 60_000;
/** Approvals of this world live ten minutes. */
let at: World;

/** Lets every call through that waits, and fires what is due until then. */
const drain = async (): Promise<void> => {
  for (let [call] = at.sim.pending(); call !== undefined; [call] = at.sim.pending()) await at.sim.pass(call);
};
const until = async (moment: number): Promise<void> => {
  await drain();
  for (let next = at.sim.nextTimer(); next !== undefined && next <= moment; next = at.sim.nextTimer()) {
    await at.sim.advanceTo(next);
    await drain();
  }
  await at.sim.advanceTo(moment);
  await drain();
};
const later = (ms: number): Promise<void> => until(at.sim.now() + ms);
const sweep = async (times = 1): Promise<void> => {
  for (let count = 0; count < times; count += 1) at.sweep();
  await at.sim.settle();
  await drain();
};
const dies = (): void => {
  at.state.condition = aCondition({
    provider: 'pretend',
    account: 'main',
    status: 'NEEDS_REAUTH',
    rotatedAt: timestamp(T0),
    connectionVersion: 3,
  });
};
const approve = async (): Promise<void> => {
  at.propose(KEY);
  await drain();
  await at.vote(KEY, 'olivia', 'approve');
  await drain();
};
const status = () => at.row(KEY)?.status;
const expiry = (): number => epochMs(at.row(KEY)?.approvalExpiresAt ?? '');
const codes = () => at.row(KEY)?.history.map(({ code }) => code);

beforeEach(() => {
  at = world({ recoveryClass: 'lookup' });
});

describe('a credential that dies under an approved action', () => {
  beforeEach(async () => {
    dies();
    await approve();
  });

  it('pauses it, sends nothing, and asks for a person once, however often it is looked at (EXT-16, OAU-07)', async () => {
    expect(status()).toBe('PAUSED_CREDENTIAL');
    for (let minute = 0; minute < 5; minute += 1) {
      await later(MINUTE);
      await sweep();
    }
    expect(status()).toBe('PAUSED_CREDENTIAL');
    expect(at.effects(KEY)).toBe(0);
    expect([...at.state.tasks]).toEqual(['pretend main 3']);
    expect(at.row(KEY)?.attempts).toBe(0);
  });

  it('runs once when it is mended, told by two sweepers at once and again by a third (INT-05)', async () => {
    at.mend();
    await sweep(2);
    await sweep();
    await later(MINUTE);
    await sweep();
    expect(status()).toBe('SUCCEEDED');
    expect(at.effects(KEY)).toBe(1);
    expect(await faultsOf(at, [KEY])).toEqual([]);
  });

  it('is paused again where it dies anew before it could run, with a task of its own', async () => {
    at.mend();
    at.sweep();
    await at.sim.settle();
    // The sweeper has been let through as far as telling the wait; Execute has not looked yet.
    while (!at.sim.pending().some(({ process }) => process.name === 'execute')) {
      const [call] = at.sim.pending();
      if (call === undefined) break;
      await at.sim.pass(call);
    }
    const { condition } = at.state;
    at.state.condition = condition && {
      ...condition,
      status: 'NEEDS_REAUTH',
      version: condition.version + 1,
    };
    await drain();
    expect(status()).toBe('PAUSED_CREDENTIAL');
    expect([...at.state.tasks]).toEqual(['pretend main 3', 'pretend main 4']);
    at.mend();
    await sweep();
    expect(at.effects(KEY)).toBe(1);
  });

  it('meets all gates again: a provider that was switched off meanwhile denies it', async () => {
    at.state.providerIsOn = false;
    at.mend();
    await sweep();
    expect(status()).toBe('DENIED');
    expect(codes()?.at(-1)).toBe('PROVIDER_OFF');
    expect(at.effects(KEY)).toBe(0);
  });

  it('mended one second before the approval ends, it runs', async () => {
    await until(expiry() - 1000);
    expect(status()).toBe('PAUSED_CREDENTIAL');
    at.mend();
    await sweep();
    expect(status()).toBe('SUCCEEDED');
    expect(at.effects(KEY)).toBe(1);
  });

  it.each([0, 1000])(
    'mended %d ms after the approval ended, it is EXPIRED and nothing happened',
    async (ms) => {
      await until(expiry() + ms);
      at.mend();
      await sweep(2);
      expect(status()).toBe('EXPIRED');
      expect(at.effects(KEY)).toBe(0);
    },
  );

  it('never mended, it expires with its approval, by itself', async () => {
    for (let minute = 0; minute < 15; minute += 1) {
      await later(MINUTE);
      await sweep();
    }
    expect(status()).toBe('EXPIRED');
    expect(at.effects(KEY)).toBe(0);
    expect([...at.machine.executions.values()].map((one) => one.status)).toEqual(['SUCCEEDED']);
  });

  it('withdrawn meanwhile, it stays withdrawn', async () => {
    at.cancel(KEY, 'agent');
    await drain();
    at.mend();
    await sweep(2);
    expect(status()).toBe('CANCELLED');
    expect(at.effects(KEY)).toBe(0);
  });
});

describe('a key that the provider refuses', () => {
  it('is tried once more, then pauses the action with one task instead of failing it', async () => {
    at.state.answers.push('does not accept the key', 'does not accept the key', 'does not accept the key');
    await approve();
    await later(MINUTE);
    await sweep();
    expect(status()).toBe('PAUSED_CREDENTIAL');
    expect(at.state.answers).toHaveLength(1);
    expect(at.state.condition).toMatchObject({ status: 'INVALID' });
    expect([...at.state.tasks]).toEqual(['pretend main 1']);
    at.state.answers.length = 0;
    at.mend();
    await sweep(2);
    expect(status()).toBe('SUCCEEDED');
    expect(at.effects(KEY)).toBe(1);
  });

  it('that was rotated in that very moment is used at the second attempt, and nobody is asked', async () => {
    at.state.answers.push('does not accept the key');
    await approve();
    await later(MINUTE);
    expect(status()).toBe('SUCCEEDED');
    expect(at.state.tasks.size).toBe(0);
    expect(at.effects(KEY)).toBe(1);
  });

  it('of a connection is never sent twice: its renewal comes first, and asks for no person', async () => {
    at.state.grant = { ...at.state.grant, kind: 'oauth', oauthProvider: 'etsy' };
    at.state.answers.push('does not accept the key', 'does not accept the key');
    await approve();
    await later(MINUTE);
    expect(status()).toBe('PAUSED_CREDENTIAL');
    expect(at.state.condition).toMatchObject({ status: 'EXPIRED', detail: 'expired-refreshable' });
    expect(at.state.answers).toHaveLength(1);
    expect(at.state.tasks.size).toBe(0);
    at.state.answers.length = 0;
    at.mend();
    await sweep();
    expect(status()).toBe('SUCCEEDED');
    expect(at.effects(KEY)).toBe(1);
  });

  it('again and again comes to an end: five attempts, no effect, FAILED', async () => {
    at.state.answers.push(...Array.from({ length: 9 }, () => 'does not accept the key' as const));
    await approve();
    for (let minute = 0; minute < 9 && status() !== 'FAILED'; minute += 1) {
      at.mend();
      await later(30_000);
      await sweep();
    }
    expect([status(), at.effects(KEY), at.state.answers.length]).toEqual(['FAILED', 0, 4]);
  });
});
