import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import {
  applyApprovalChange,
  createApproval,
  listApprovals,
  listPendingCallbacks,
  readApproval,
} from '#shared/approvals/approvals.aws.ts';
import { countUp } from '#shared/approvals/counters.aws.ts';
import { putLocator, readLocator } from '#shared/approvals/locators.aws.ts';
import { clearCallback, noteMail, replaceToken, vote } from '#shared/approvals/moves.ts';
import type { ProblemError } from '#shared/operators/problems.ts';
import { realTables } from '../support/real-tables.ts';
import { approval, ballot, NOW, olivia, sam } from './fixtures.ts';
import { type ApprovalStore, memoryApprovals } from './memory-approvals.ts';

const TABLE = 'approvals';
let engine: Awaited<ReturnType<typeof realTables>>;

beforeAll(async () => {
  engine = await realTables({
    [TABLE]: [
      ['byProject', 'project', 'createdAt'],
      ['open', 'open', 'createdAt'],
    ],
    controls: [],
  });
});
afterAll(() => engine.stop());

const realStore = (): ApprovalStore => ({
  readApproval: readApproval(engine.db, TABLE),
  createApproval: createApproval(engine.db, TABLE),
  applyApprovalChange: applyApprovalChange(engine.db, TABLE),
  listPendingCallbacks: listPendingCallbacks(engine.db, TABLE),
  listApprovals: listApprovals(engine.db, TABLE),
  putLocator: putLocator(engine.db, TABLE),
  readLocator: readLocator(engine.db, TABLE),
});

let serial = 0;
const fresh = (over: Parameters<typeof approval>[0] = {}) => {
  serial += 1;
  return approval({ approvalId: serial.toString(16).padStart(32, '0'), ...over });
};
const moved = (move: ReturnType<typeof vote>) => {
  if (move.kind !== 'move') throw new Error(`expected a move, got ${JSON.stringify(move)}`);
  return move.to;
};

describe.each([
  ['the real engine', () => realStore()],
  ['the in-memory twin', () => memoryApprovals()],
])('the approval store on %s', (_name, make) => {
  let store: ApprovalStore;
  beforeAll(() => {
    store = make();
  });

  it('keeps every field of an approval', async () => {
    const row = fresh({ files: ['a/b.txt'], mailed: ['olivia@example.test|requested'], callback: 'PENDING' });
    await store.createApproval(row);
    expect(await store.readApproval(row.approvalId)).toEqual(row);
  });

  it('creates once, answers what is stored, and takes a retried create for its own', async () => {
    const row = fresh();
    expect(await store.createApproval(row)).toEqual({ created: true, approval: row });
    expect(await store.createApproval(row)).toEqual({ created: true, approval: row });
    const other = { ...row, title: 'Another', writeToken: 'other' };
    expect(await store.createApproval(other)).toEqual({ created: false, approval: row });
  });

  it('applies one of many racing votes and shows the others who won', async () => {
    const row = fresh();
    await store.createApproval(row);
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        store.applyApprovalChange({
          from: row,
          to: moved(
            vote(
              row,
              index % 2 === 0 ? olivia : sam,
              ballot({ decision: index % 2 === 0 ? 'approve' : 'reject' }),
              NOW,
              `w${index}`,
            ),
          ),
        }),
      ),
    );
    expect(results.filter((result) => result.kind === 'applied')).toHaveLength(1);
    const stored = await store.readApproval(row.approvalId);
    for (const result of results)
      expect(result.kind === 'applied' ? result.approval : result.current).toEqual(stored);
  });

  it('recognises its own write when the reply was lost', async () => {
    const row = fresh();
    await store.createApproval(row);
    const change = { from: row, to: moved(vote(row, olivia, ballot(), NOW, 'mine')) };
    expect((await store.applyApprovalChange(change)).kind).toBe('applied');
    expect((await store.applyApprovalChange(change)).kind).toBe('applied');
  });

  it('refuses a vote on an item whose token was replaced meanwhile, although the version is the same', async () => {
    const row = fresh();
    await store.createApproval(row);
    await store.applyApprovalChange({ from: row, to: moved(replaceToken(row, 'bmV3', 'w-token')) });
    const result = await store.applyApprovalChange({
      from: row,
      to: moved(vote(row, olivia, ballot(), NOW, 'w-vote')),
    });
    expect(result).toMatchObject({
      kind: 'refused',
      current: { taskToken: 'bmV3', status: 'WAITING', version: 1 },
    });
  });

  it('never changes an item that is not there', async () => {
    const row = fresh();
    const to = moved(noteMail(row, 'x|requested', 'w'));
    await expect(store.applyApprovalChange({ from: row, to })).rejects.toThrow();
    expect(await store.readApproval(row.approvalId)).toBeUndefined();
  });

  it('lists outstanding callbacks oldest first, until they are cleared', async () => {
    const early = fresh({ project: 'callbacks', createdAt: timestamp(NOW - 90_000_000) });
    const late = fresh({ project: 'callbacks', createdAt: timestamp(NOW - 80_000_000) });
    for (const row of [late, early]) {
      await store.createApproval(row);
      await store.applyApprovalChange({
        from: row,
        to: moved(vote(row, olivia, ballot(), NOW, `v-${row.approvalId}`)),
      });
    }
    expect((await store.listPendingCallbacks(100)).slice(0, 2)).toEqual([early.approvalId, late.approvalId]);
    expect(await store.listPendingCallbacks(1)).toEqual([early.approvalId]);
    const decided = (await store.readApproval(early.approvalId)) ?? early;
    await store.applyApprovalChange({ from: decided, to: moved(clearCallback(decided, 'cleared')) });
    expect(await store.listPendingCallbacks(1)).toEqual([late.approvalId]);
  });

  it('pages through several projects newest first, each row once, by state', async () => {
    const rows = Array.from({ length: 23 }, (_, index) =>
      fresh({
        project: index % 3 === 0 ? 'p-one' : 'p-two',
        createdAt: timestamp(NOW + index * 1000),
        ...(index % 4 === 0 ? { status: 'EXPIRED' as const } : {}),
      }),
    );
    for (const row of rows) await store.createApproval(row);
    const walk = async (state: 'waiting' | 'decided' | 'all', limit: number): Promise<string[]> => {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.listApprovals({
          projects: ['p-one', 'p-two', 'p-none'],
          state,
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        });
        expect(page.approvals.length).toBeLessThanOrEqual(limit);
        seen.push(...page.approvals.map((row) => row.approvalId));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return seen;
    };
    const newestFirst = rows.toReversed();
    for (const limit of [1, 4, 50]) {
      expect(await walk('all', limit)).toEqual(newestFirst.map((row) => row.approvalId));
      expect(await walk('waiting', limit)).toEqual(
        newestFirst.filter((row) => row.status === 'WAITING').map((row) => row.approvalId),
      );
      expect(await walk('decided', limit)).toEqual(
        newestFirst.filter((row) => row.status !== 'WAITING').map((row) => row.approvalId),
      );
    }
  });

  it('refuses a cursor that it did not give out', async () => {
    for (const cursor of ['nonsense', Buffer.from('{"p":{"pk":"x"}}').toString('base64url')])
      await expect(
        store.listApprovals({ projects: ['p-one'], state: 'all', limit: 5, cursor }),
      ).rejects.toMatchObject({ code: 'INVALID_CURSOR' } satisfies Partial<ProblemError>);
  });

  it('finds a locator by its digest and never overwrites one', async () => {
    const locator = {
      schemaVersion: 1 as const,
      digest: (serial += 1).toString(16).padStart(64, '0'),
      approvalId: 'f'.repeat(32),
      recipient: 'olivia@example.test',
      createdAt: timestamp(NOW),
    };
    await store.putLocator(locator);
    expect(await store.readLocator(locator.digest)).toEqual(locator);
    expect(await store.readLocator('e'.repeat(64))).toBeUndefined();
    await expect(store.putLocator({ ...locator, approvalId: 'e'.repeat(32) })).rejects.toThrow();
  });
});

describe('the counters of the public page', () => {
  it('count to their limit and no further, also in a race', async () => {
    const count = countUp(engine.db, 'controls');
    const answers = await Promise.all(Array.from({ length: 9 }, () => count('limit#x#1', 5, 1_800_000_000)));
    expect(answers.filter((answer) => answer === 'counted')).toHaveLength(5);
    expect(await count('limit#x#1', 5, 1_800_000_000)).toBe('over');
    expect(await count('limit#x#2', 5, 1_800_000_000)).toBe('counted');
  });
});
