import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Action } from '#shared/actions/action.ts';
import { applyChange, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import { TRANSITIONS } from '#shared/actions/status.ts';
import { applyApprovalChange, createApproval, readApproval } from '#shared/approvals/approvals.aws.ts';
import { clearCallback, noteMail, replaceToken } from '#shared/approvals/moves.ts';
import { newAction } from '../../actions/rows.ts';
import { world } from '../../actions/world.ts';
import { ACTION_INDEXES, realTables } from '../../support/real-tables.ts';
import { recordFigures } from '../figures.ts';
import { EVERY_MOVE } from './every-move.ts';
import { type Fate, loseSome } from './lossy.ts';

let tables: Awaited<ReturnType<typeof realTables>>;
let endpoint = '';
beforeAll(async () => {
  tables = await realTables({
    actions: ACTION_INDEXES,
    approvals: [
      ['byProject', 'project', 'createdAt'],
      ['open', 'open', 'createdAt'],
    ],
  });
  const address = await tables.client.config.endpoint?.();
  endpoint = `http://127.0.0.1:${address?.port}`;
});
afterAll(async () => tables.stop());

/** A writer of its own, with the retries of production, whose requests meet these fates one after the other. */
const writer = (...fates: (Fate | (() => Promise<unknown>))[]) => {
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  let requests = 0;
  loseSome(client, async () => {
    const fate = fates[requests] ?? 'delivered';
    requests += 1;
    if (typeof fate === 'string') return fate;
    await fate();
    return 'delivered';
  });
  const db = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  return {
    db,
    reserve: reserveAction(db, 'actions'),
    apply: applyChange(db, 'actions'),
    requests: () => requests,
  };
};

let keys = 0;
const stored = async (make: (key: string) => Action): Promise<Action> => {
  const row = make(`own-${(keys += 1)}`);
  expect((await writer().reserve(row)).kind).toBe('reserved');
  return row;
};
const read = (row: Action): Promise<Action | undefined> => readAction(tables.db, 'actions')(row);

describe('a writer whose reply was lost', () => {
  const counted = { lockouts: 0, taken: 0, cases: 0, moves: 0 };

  it.concurrent.each(EVERY_MOVE)(
    'knows its own write of $name again, and no other',
    async ({ from, change }) => {
      counted.moves += 1;
      for (const fates of [
        ['replyLost'],
        ['replyLost', 'replyLost'],
        ['requestLost'],
        ['requestLost', 'replyLost'],
      ] as Fate[][]) {
        const row = await stored(from);
        const mine = change(row, 'mine');
        const w = writer(...fates);
        const result = await w.apply(mine);
        counted.cases += 1;
        if (result.kind !== 'applied') counted.lockouts += 1;
        expect(result).toEqual({ kind: 'applied', action: mine.to });
        expect(w.requests()).toBe(fates.length + 1);
        expect(await read(row)).toEqual(mine.to);
      }
      // Our request was lost and another writer made the very same move: that is not ours.
      const row = await stored(from);
      const theirs = change(row, 'theirs');
      const late = writer('requestLost', () => writer().apply(theirs));
      const result = await late.apply(change(row, 'mine'));
      counted.cases += 1;
      if (result.kind !== 'refused') counted.taken += 1;
      expect(result).toEqual({ kind: 'refused', current: theirs.to });
      expect(await read(row)).toEqual(theirs.to);

      // Ours was written, and moved on by another writer before our retry: the answer is what is there now.
      const before = await stored(from);
      const mine = change(before, 'mine');
      const [next] = EVERY_MOVE.filter((other) => other.from('x').status === mine.to.status);
      if (next === undefined) return;
      const onward = {
        ...next.change({ ...next.from(before.key), version: mine.to.version }, 'onward'),
        from: mine.to,
      };
      const { ownerToken: _owner, requestHash: _hash, ...unfenced } = onward;
      const overtaken = await writer('replyLost', () => writer().apply(unfenced)).apply(mine);
      counted.cases += 1;
      if (overtaken.kind !== 'refused') counted.taken += 1;
      expect(overtaken).toMatchObject({ kind: 'refused', current: { writeToken: 'onward' } });
    },
  );

  it('knows its own proposal again, and answers another one of the same key with that', async () => {
    for (const fates of [['replyLost'], ['requestLost'], ['replyLost', 'replyLost']] as Fate[][]) {
      const row = newAction({ key: `own-${(keys += 1)}`, writeToken: 'mine' });
      const result = await writer(...fates).reserve(row);
      counted.cases += 1;
      if (result.kind !== 'reserved') counted.lockouts += 1;
      expect(result).toEqual({ kind: 'reserved', action: row });
    }
    const row = newAction({ key: `own-${(keys += 1)}`, writeToken: 'mine' });
    const theirs = { ...row, writeToken: 'theirs' };
    const result = await writer('requestLost', () => writer().reserve(theirs)).reserve(row);
    counted.cases += 1;
    if (result.kind !== 'exists') counted.taken += 1;
    expect(result).toEqual({ kind: 'exists', action: theirs });
  });

  it('executes once where the reply of its claim or of its result is lost', async () => {
    for (const fates of [
      ['replyLost'],
      ['delivered', 'replyLost'],
      ['replyLost', 'delivered', 'replyLost'],
      ['requestLost', 'replyLost'],
    ] as Fate[][]) {
      const w = world({ row: { key: `own-${(keys += 1)}` } });
      const real = readAction(tables.db, 'actions');
      await w.propose();
      await w.approve();
      await writer().reserve(await w.row());
      expect(await w.execute({ read: real, apply: writer(...fates).apply })).toEqual({ next: 'CLOSED' });
      expect(await real(w.id)).toMatchObject({ status: 'SUCCEEDED', attempts: 1 });
      expect(w.effects()).toBe(1);
    }
  });

  it('knows its own change of an approval again, and no other', async () => {
    const w = world({ row: { key: `own-${(keys += 1)}` } });
    await w.propose();
    await w.approve();
    const approval = { ...w.store.approval!, status: 'WAITING' as const, writeToken: 'first' };
    const lossy = writer('replyLost');
    expect(await createApproval(lossy.db, 'approvals')(approval)).toEqual({ created: true, approval });
    const decided = {
      ...approval,
      status: 'APPROVED' as const,
      callback: 'PENDING' as const,
      writeToken: 'second',
    };
    const moves = [
      replaceToken(approval, 'other cipher', 'mine'),
      noteMail(approval, 'olivia|requested', 'mine'),
      clearCallback(decided, 'mine'),
    ];
    for (const [index, move] of moves.entries()) {
      if (move.kind !== 'move') throw new Error(move.kind);
      const approvalId = `${index}`.repeat(32);
      const from = { ...(index === 2 ? decided : approval), approvalId };
      const to = { ...move.to, approvalId };
      await createApproval(tables.db, 'approvals')(from);
      expect(await applyApprovalChange(writer('replyLost').db, 'approvals')({ from, to })).toEqual({
        kind: 'applied',
        approval: to,
      });
      const theirs = { ...to, writeToken: 'theirs' };
      expect(
        await applyApprovalChange(
          writer('requestLost', () => applyApprovalChange(tables.db, 'approvals')({ from: to, to: theirs }))
            .db,
          'approvals',
        )({ from: to, to: { ...to, writeToken: 'mine again' } }),
      ).toEqual({ kind: 'refused', current: theirs });
      expect(await readApproval(tables.db, 'approvals')(approvalId)).toEqual(theirs);
      counted.cases += 2;
    }
  });

  it('was never locked out, and never took another writer for itself', () => {
    expect(counted.moves).toBe(Object.values(TRANSITIONS).flat().length + 3);
    expect(counted).toMatchObject({ lockouts: 0, taken: 0 });
    recordFigures('own-token', {
      moves: counted.moves,
      cases: counted.cases,
      selfLockouts: counted.lockouts,
      foreignWritesTakenForOwn: counted.taken,
    });
  });
});
