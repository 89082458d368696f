import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Action } from '#shared/actions/action.ts';
import { epochMs } from '#shared/actions/identity.ts';
import { applyChange, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import { world } from '../../actions/world.ts';
import { ACTION_INDEXES, realTables } from '../../support/real-tables.ts';
import { recordFigures } from '../figures.ts';
import { EVERY_MOVE } from '../races/every-move.ts';
import { AGREED_PATHS } from './agreed.ts';
import { type Bill, billOf, meteredDb } from './meter.ts';

/**
 * What the ledger costs, counted on the real engine: requests, and write units of the table and of each index. The
 * engine reports them for writes that were made; for a refused one it reports none, AWS bills the item that was there.
 */
let tables: Awaited<ReturnType<typeof realTables>>;
let meter: ReturnType<typeof meteredDb>;
beforeAll(async () => {
  tables = await realTables({ actions: ACTION_INDEXES });
  const address = await tables.client.config.endpoint?.();
  meter = meteredDb(`http://127.0.0.1:${address?.port}`);
});
afterAll(async () => tables.stop());

const paths: Record<string, Bill & { readonly largestItemBytes: number }> = {};
const moves: Record<string, { readonly table: number; readonly indexes: Readonly<Record<string, number>> }> =
  {};

/** An action whose ledger is the real one from the first write on. */
const start = async (key: string, options: Parameters<typeof world>[0] = {}) => {
  const w = world({ ...options, row: { key, ...options.row } });
  const ledger = {
    reserve: reserveAction(meter.db, 'actions'),
    read: readAction(meter.db, 'actions'),
    apply: applyChange(meter.db, 'actions'),
  };
  let ids = 0;
  // As long as the real ones: what is stored is measured.
  const newId = (): string => `id-${(ids += 1)}`.padEnd(36, '-');
  Object.assign(w.ledger, ledger);
  Object.assign(w.executeDeps, { newId, read: ledger.read, apply: ledger.apply });
  Object.assign(w.reconcileDeps, { newId, read: ledger.read, apply: ledger.apply });
  meter.take();
  await ledger.reserve(w.first);
  return {
    ...w,
    reserve: () => ledger.reserve(w.first),
    row: async () => (await readAction(tables.db, 'actions')(w.id))!,
  };
};
const bill = (name: string): Bill => {
  const seen = meter.take();
  const { reads, ...rest } = billOf(seen);
  paths[name] = { ...rest, reads, largestItemBytes: Math.max(0, ...seen.map(({ bytes }) => bytes)) };
  return { ...rest, reads };
};
const agreed = (name: string): void => expect(bill(name)).toEqual(AGREED_PATHS[name]);
const settle = async (w: Awaited<ReturnType<typeof start>>): Promise<void> => {
  w.clock.now = epochMs((await w.row()).settleUntil!);
};

describe('the cost contract of the ledger (DESIGN §2)', () => {
  it('unattended: three writes', async () => {
    const w = await start('cost-unattended');
    w.store.decision = { verdict: 'UNATTENDED', tier: 'low', riskScore: 0, reasons: [], permit: 'policy@v3' };
    await w.execute();
    expect((await w.row()).status).toBe('SUCCEEDED');
    agreed('unattended');
  });

  it('approved: four writes, and an item of at most 2 KB after success', async () => {
    const w = await start('cost-approved', { row: { runId: 'run-2026-11-21' } });
    await w.approve();
    await w.execute();
    expect((await w.row()).status).toBe('SUCCEEDED');
    agreed('approved');
    expect(paths['approved']?.largestItemBytes).toBeLessThanOrEqual(2048);
  });

  it('doubt that the owner reports, then reconciled: one write more', async () => {
    const w = await start('cost-doubt');
    await w.approve();
    w.provider.state.script.push({ lands: true, hears: 'timeout' });
    await w.execute();
    await settle(w);
    await w.reconcile();
    expect((await w.row()).status).toBe('SUCCEEDED');
    agreed('approved, in doubt, reconciled');
  });

  it('a crash after the claim, then reconciled: one write more', async () => {
    const w = await start('cost-crash');
    await w.approve();
    const crash = w.execute({
      sendTo: () => async () => {
        await w.provider.send(w.first.providerKey);
        return new Promise<never>(() => undefined);
      },
    });
    while ((await w.row()).status !== 'EXECUTING' || w.effects() === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    void crash;
    w.clock.now = epochMs((await w.row()).leaseUntil!);
    await w.reconcile();
    await settle(w);
    await w.reconcile();
    expect((await w.row()).status).toBe('SUCCEEDED');
    agreed('approved, crashed, reconciled');
  });

  it('a crash before the request left: proven after the window, claimed again, done', async () => {
    const w = await start('cost-again');
    await w.approve();
    w.provider.state.script.push({ lands: false, hears: 'timeout' });
    await w.execute();
    await settle(w);
    expect(await w.reconcile()).toEqual({ next: 'GATES' });
    await w.execute();
    expect(await w.row()).toMatchObject({ status: 'SUCCEEDED', attempts: 2 });
    agreed('approved, in doubt, not applied, tried again');
  });

  it('a replay of the key: no write, one refused request that brings the row', async () => {
    const w = await start('cost-replay');
    meter.take();
    await w.reserve();
    agreed('replay');
  });

  it.each(EVERY_MOVE)('one request for $name', async ({ name, from, change }) => {
    const row = from(`cost-${name.replaceAll(' ', '-')}`);
    meter.take();
    await reserveAction(meter.db, 'actions')(row);
    const [stored] = meter.take();
    expect((await applyChange(meter.db, 'actions')(change(row, 'w'))).kind).toBe('applied');
    const seen = meter.take();
    expect(seen).toHaveLength(1);
    const { to } = change(row, 'w');
    // The larger of the two items counts, in steps of 1 KB; an index entry that moves is taken out and put in.
    const larger = Math.max(stored!.bytes, seen[0]!.bytes);
    expect(seen[0]!.table).toBe(Math.ceil(larger / 1024));
    const entry = ({ attention, attentionAt }: Action): string => `${attention ?? ''} ${attentionAt ?? ''}`;
    const units =
      entry(row) === entry(to)
        ? 0
        : (row.attention === undefined ? 0 : 1) + (to.attention === undefined ? 0 : 1);
    expect(seen[0]!.indexes).toEqual(units === 0 ? {} : { attention: units });
    moves[name] = { table: seen[0]!.table, indexes: seen[0]!.indexes };
  });

  it('as it was agreed', () => {
    expect(Object.keys(moves)).toHaveLength(EVERY_MOVE.length);
    expect(Object.keys(paths).toSorted()).toEqual(Object.keys(AGREED_PATHS).toSorted());
    recordFigures('ledger-costs', { paths, moves });
  });
});
