import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Action } from '#shared/actions/action.ts';
import { applyChange, listActions, listDue, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import { transition } from '#shared/actions/transition.ts';
import { ACTION_INDEXES, realTables } from '../support/real-tables.ts';
import { memoryLedger } from './memory-ledger.ts';
import { at, newAction } from './rows.ts';

type Ledger = Pick<ReturnType<typeof memoryLedger>, 'reserve' | 'read' | 'apply' | 'list' | 'listDue'>;

const HASH = 'a'.repeat(64);
const pending = (row: Action, writeToken = 'w1', approvalExpiresAt = at(86_400_000)) =>
  transition(row, 'PENDING_APPROVAL', {
    at: at(1000),
    by: 'system:test',
    writeToken,
    set: { requestHash: HASH, approvalId: 'b'.repeat(32), approvalExpiresAt },
  });
const claim = (row: Action, owner: string, when = at(2000)) =>
  transition(row, 'EXECUTING', {
    at: when,
    by: 'system:test',
    writeToken: owner,
    set: { ownerToken: owner, attempts: 1, leaseUntil: at(60_000) },
  });

/** What every ledger has to do, whatever it is made of. */
const contract = (
  name: string,
  make: () => Promise<{ ledger: Ledger; stop?: () => Promise<void> }>,
): void => {
  describe(`the ledger contract on ${name}`, () => {
    let ledger: Ledger;
    let stop: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      ({ ledger, stop } = await make());
    });
    afterAll(async () => stop?.());
    let keys = 0;
    const fresh = (over: Partial<Action> = {}): Action => newAction({ key: `key-${(keys += 1)}`, ...over });

    it('reads back what was reserved, and nothing for a key that is free', async () => {
      const row = fresh({ runId: 'run-9' });
      expect(await ledger.read(row)).toBeUndefined();
      expect(await ledger.reserve(row)).toEqual({ kind: 'reserved', action: row });
      expect(await ledger.read(row)).toEqual(row);
    });

    it('answers a taken key with the row that took it, and its own lost reply as reserved', async () => {
      const row = fresh();
      await ledger.reserve(row);
      expect(await ledger.reserve({ ...row, writeToken: 'other' })).toEqual({ kind: 'exists', action: row });
      expect(await ledger.reserve(row)).toEqual({ kind: 'reserved', action: row });
    });

    it('lets one of many reservations of a key win', async () => {
      const row = fresh();
      const all = await Promise.all(
        Array.from({ length: 16 }, (_, n) => ledger.reserve({ ...row, writeToken: `w-${n}` })),
      );
      expect(all.filter((result) => result.kind === 'reserved')).toHaveLength(1);
    });

    it('applies a change once, refuses the same change of another writer, and knows its own lost reply', async () => {
      const row = fresh();
      await ledger.reserve(row);
      const change = pending(row);
      expect(await ledger.apply(change)).toEqual({ kind: 'applied', action: change.to });
      expect(await ledger.apply(change)).toEqual({ kind: 'applied', action: change.to });
      expect(await ledger.apply(pending(row, 'other'))).toEqual({ kind: 'refused', current: change.to });
      expect(await ledger.read(row)).toEqual(change.to);
    });

    it('lets one of 16 claims win and shows the others who did', async () => {
      const row = fresh();
      await ledger.reserve(row);
      const waiting = pending(row).to;
      await ledger.apply(pending(row));
      const all = await Promise.all(
        Array.from({ length: 16 }, (_, n) => ledger.apply(claim(waiting, `o-${n}`))),
      );
      expect(all.filter((result) => result.kind === 'applied')).toHaveLength(1);
      const winner = (await ledger.read(row))!.ownerToken;
      for (const result of all) {
        if (result.kind === 'refused') expect(result.current.ownerToken).toBe(winner);
      }
    });

    it('refuses a claim at the very moment that the approval ends, and after it', async () => {
      for (const when of [at(5000), at(5001)]) {
        const row = fresh();
        await ledger.reserve(row);
        const change = pending(row, 'w1', at(5000));
        await ledger.apply(change);
        const early = claim(change.to, 'o', at(4999));
        const late = { ...early, to: { ...early.to, updatedAt: when } };
        expect(await ledger.apply(late)).toEqual({ kind: 'refused', current: change.to });
        expect((await ledger.apply(early)).kind).toBe('applied');
      }
    });

    it('refuses a result of another owner and a change of another hash', async () => {
      const row = fresh();
      await ledger.reserve(row);
      await ledger.apply(pending(row));
      const claimed = claim(pending(row).to, 'mine').to;
      const foreign = { ...claim(pending(row).to, 'mine'), requestHash: 'f'.repeat(64) };
      expect((await ledger.apply(foreign)).kind).toBe('refused');
      await ledger.apply(claim(pending(row).to, 'mine'));
      const done = transition(claimed, 'SUCCEEDED', {
        at: at(3000),
        by: 'system:test',
        writeToken: 'd',
        ownerToken: 'mine',
      });
      expect((await ledger.apply({ ...done, ownerToken: 'yours' })).kind).toBe('refused');
      expect((await ledger.apply(done)).kind).toBe('applied');
    });

    it('lists newest first by time, run, operation and status, in pages that miss and repeat nothing (EXT-04, EXT-13)', async () => {
      const project = 'listing';
      for (let n = 0; n < 25; n += 1) {
        await ledger.reserve(
          newAction({
            project,
            key: `k-${String(n).padStart(2, '0')}`,
            createdAt: at(n * 1000),
            operation:
              n % 3 === 0 ? 'http/request' : n % 3 === 1 ? 'alpaca/order.submit' : 'alpaca/order.cancel',
            ...(n % 5 === 0 ? { runId: 'run-1' } : {}),
          }),
        );
      }
      const collect = async (query: object): Promise<string[]> => {
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await ledger.list({
            project,
            limit: 4,
            ...query,
            ...(cursor === undefined ? {} : { cursor }),
          });
          expect(page.actions.length).toBeLessThanOrEqual(4);
          found.push(...page.actions.map((action) => action.key));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        return found;
      };
      const all = Array.from({ length: 25 }, (_, n) => `k-${String(24 - n).padStart(2, '0')}`);
      expect(await collect({})).toEqual(all);
      expect(await collect({ runId: 'run-1' })).toEqual(['k-20', 'k-15', 'k-10', 'k-05', 'k-00']);
      expect(await collect({ operation: 'http/request' })).toEqual(
        all.filter((key) => Number(key.slice(2)) % 3 === 0),
      );
      expect(await collect({ operation: 'alpaca' })).toEqual(
        all.filter((key) => Number(key.slice(2)) % 3 !== 0),
      );
      expect(await collect({ from: at(5000), to: at(9000) })).toEqual([
        'k-09',
        'k-08',
        'k-07',
        'k-06',
        'k-05',
      ]);
      expect(await collect({ status: 'SUCCEEDED' })).toEqual([]);
      expect(await collect({ project: 'nobody' })).toEqual([]);
    });

    it('shows the sweeper what is due and only that, oldest first', async () => {
      const row = fresh({ createdAt: '2020-01-01T00:00:00.000Z', attentionAt: '2020-01-01T00:00:30.000Z' });
      const older = fresh({ createdAt: '2019-01-01T00:00:00.000Z', attentionAt: '2019-01-01T00:00:30.000Z' });
      await ledger.reserve(row);
      await ledger.reserve(older);
      const ids = (rows: Action[]) => rows.map(({ project, key }) => ({ project, key }));
      expect(await ledger.listDue('2020-01-01T00:00:29.999Z', 10)).toEqual(ids([older]));
      expect(await ledger.listDue('2020-01-01T00:00:30.000Z', 10)).toEqual(ids([older, row]));
      expect(await ledger.listDue('2020-01-01T00:00:30.000Z', 1)).toEqual(ids([older]));
      await ledger.apply(transition(older, 'CANCELLED', { at: at(0), by: 'system:test', writeToken: 'c' }));
      expect(await ledger.listDue('2020-01-01T00:00:30.000Z', 10)).toEqual(ids([row]));
    });
  });
};

contract('memory', async () => ({ ledger: memoryLedger() }));

contract('the real engine', async () => {
  const tables = await realTables({ actions: ACTION_INDEXES });
  const { db } = tables;
  return {
    ledger: {
      reserve: reserveAction(db, 'actions'),
      read: readAction(db, 'actions'),
      apply: applyChange(db, 'actions'),
      list: listActions(db, 'actions'),
      listDue: listDue(db, 'actions'),
    },
    stop: tables.stop,
  };
});
