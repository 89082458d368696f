import { beforeEach, describe, expect, test } from 'vitest';
import { type WaitForCredentialDeps, waitForCredential } from '#functions/credentials/wait-for-credential.ts';
import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import type { ActionStatus } from '#shared/actions/status.ts';
import { putCredentialWait, readCredentialWait } from '#shared/credentials/credential-waits.aws.ts';
import { resumePaused } from '#shared/credentials/resume-paused.ts';
import { submitOrder } from '#shared/providers/alpaca/submit-order.ts';
import { hostIsStandIn } from '#shared/providers/stand-in.ts';
import { facts, ORDER } from '../providers/support.ts';
import { tableOf } from './in-memory.ts';

const ID = { project: 'demo', key: 'order-1' };
const world = () => {
  const items = new Map<string, Record<string, unknown>>();
  const state = {
    status: 'PAUSED_CREDENTIAL' as ActionStatus | undefined,
    usable: false,
    told: [] as string[],
    failed: [] as (readonly [token: string, error: string, cause: string])[],
    waiting: new Set<string>(),
    asked: [] as unknown[],
    persons: 0,
    broken: '' as '' | 'encrypt' | 'put' | 'usable',
  };
  const db = tableOf(items);
  const dryRun = { request: submitOrder.render(ORDER, facts()).request } as DryRun;
  const breakIf = (what: typeof state.broken): void => {
    if (state.broken === what) throw Object.assign(new Error('planted token-1'), { name: 'KmsFault' });
  };
  const deps: WaitForCredentialDeps & { decryptToken: (pk: string, cipher: string) => Promise<string> } = {
    now: () => Date.UTC(2026, 10, 21),
    readAction: async () =>
      state.status === undefined ? undefined : ({ ...ID, status: state.status } as Action),
    readDryRun: async () => dryRun,
    readWait: readCredentialWait(db, 'credentials'),
    putWait: async (from, to) => {
      breakIf('put');
      return putCredentialWait(db, 'credentials')(from, to);
    },
    credentialIsUsable: async (...args) => {
      breakIf('usable');
      state.asked.push(args);
      return state.usable;
    },
    askForPerson: async () => {
      state.persons += 1;
      return 'asked';
    },
    hostIsStandIn,
    encryptToken: async (pk, token) => {
      breakIf('encrypt');
      return `${pk}|${token}`.split('').toReversed().join('');
    },
    decryptToken: async (pk, cipher) => {
      const [owner, token] = cipher.split('').toReversed().join('').split('|');
      if (owner !== pk) throw new Error('another action');
      return token ?? '';
    },
    tell: async (token) => {
      if (!state.waiting.delete(token)) return 'gone';
      state.told.push(token);
      return 'told';
    },
    fail: async (token, error, cause) => {
      state.waiting.delete(token);
      state.failed.push([token, error, cause]);
      return 'told';
    },
  };
  const enter = async (taskToken: string): Promise<void> => {
    state.waiting.add(taskToken);
    await waitForCredential({ action: ID, taskToken }, deps);
  };
  return { items, state, deps, enter, resume: () => resumePaused(deps)(ID) };
};

let it = world();
beforeEach(() => {
  it = world();
});

describe('a paused action', () => {
  test('waits with its token encrypted, and goes on once when the credential can be used', async () => {
    await it.enter('token-1');
    expect(it.state.told).toEqual([]);
    expect(JSON.stringify([...it.items])).not.toContain('token-1');
    expect(it.state.asked).toEqual([
      ['demo', { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' }, false],
    ]);
    expect(await it.resume()).toBe('waiting');
    it.state.usable = true;
    expect(await it.resume()).toBe('told');
    expect(await it.resume()).toBe('nothing');
    expect(it.state.told).toEqual(['token-1']);
  });

  test('goes on at once where the credential became usable in between', async () => {
    it.state.usable = true;
    await it.enter('token-1');
    expect(it.state.told).toEqual(['token-1']);
    expect(await it.resume()).toBe('nothing');
  });

  test('that pauses again replaces the token of the earlier wait', async () => {
    await it.enter('token-1');
    await it.enter('token-2');
    it.state.usable = true;
    expect(await it.resume()).toBe('told');
    expect(it.state.told).toEqual(['token-2']);
    await it.enter('token-3');
    expect(it.state.told).toEqual(['token-2', 'token-3']);
    expect(it.items.size).toBe(1);
  });

  test('whose teller crashed before it noted so is told again, to nobody, and then left alone', async () => {
    await it.enter('token-1');
    it.state.usable = true;
    it.state.broken = 'put';
    await expect(it.resume()).rejects.toThrow();
    it.state.broken = '';
    expect(await it.resume()).toBe('gone');
    expect(await it.resume()).toBe('nothing');
    expect(it.state.told).toEqual(['token-1']);
  });

  test('told by two sweepers at once goes on once', async () => {
    await it.enter('token-1');
    it.state.usable = true;
    const answers = await Promise.all([it.resume(), it.resume()]);
    expect(answers.toSorted()).toEqual(['gone', 'told']);
    expect(it.state.told).toEqual(['token-1']);
  });

  test('a teller that comes late never closes the wait that came after', async () => {
    await it.enter('token-1');
    it.state.usable = true;
    const late = it.deps.readWait;
    const stale = await late(ID);
    it.state.usable = false;
    await it.enter('token-2');
    it.state.usable = true;
    await resumePaused({ ...it.deps, readWait: async () => stale })(ID);
    expect(await it.resume()).toBe('told');
    expect(it.state.told.at(-1)).toBe('token-2');
  });

  test.each(['CANCELLED', 'EXPIRED', 'DENIED', 'EXECUTING', undefined] as const)(
    'that is %s by now does not wait: Execute reads the ledger',
    async (status) => {
      it.state.status = status;
      await it.enter('token-1');
      expect(it.state.told).toEqual(['token-1']);
      expect(it.items.size).toBe(0);
    },
  );

  test.each(['encrypt', 'put', 'usable'] as const)(
    'a fault in %s is told to the wait, not thrown, and quotes nothing',
    async (broken) => {
      it.state.broken = broken;
      await it.enter('token-1');
      expect(it.state.failed).toEqual([
        ['token-1', 'Autopack.Transient', expect.stringContaining('KmsFault')],
      ]);
      expect(it.state.failed[0]?.[2]).not.toContain('planted');
    },
  );
});
