import { type BatchGetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAgreement } from '#shared/actions/agreement.aws.ts';
import { createApproval } from '#shared/approvals/approvals.aws.ts';
import type { Db } from '#shared/config/dynamo.aws.ts';
import { readRows, RowsHeldBackError } from '#shared/config/rows.aws.ts';
import { projectItem } from '#shared/governance/project-config.aws.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import { approval } from '../approvals/fixtures.ts';
import { realTables } from '../support/real-tables.ts';

const TABLES = { approvals: 'approvals', registry: 'registry' };

type Sent = BatchGetCommand['input'];
/** A document client that answers with what a test says, and keeps what it was asked. */
const answering = (answer: (input: Sent, n: number) => object) => {
  const sent: Sent[] = [];
  const send = async (command: BatchGetCommand) => answer(command.input, sent.push(command.input));
  return { sent, db: { send } as unknown as Db };
};
const keysOf = (input: Sent, table: string): string[] =>
  (input.RequestItems?.[table]?.Keys ?? []).map(({ pk }) => String(pk));

describe('what was agreed, right before the claim', () => {
  let tables: Awaited<ReturnType<typeof realTables>>;
  beforeAll(async () => {
    tables = await realTables({ approvals: [], registry: [] });
  });
  afterAll(() => tables.stop());

  it('is read from both tables, the approval without what indexes added', async () => {
    const config = { ...strictProjectConfig('demo'), version: 4 };
    await tables.db.send(new PutCommand({ TableName: 'registry', Item: projectItem(config) }));
    await createApproval(tables.db, 'approvals')(approval());
    const read = readAgreement(tables.db, TABLES);
    expect(await read('demo', approval().approvalId)).toEqual({ project: config, approval: approval() });
    expect(await read('demo', undefined)).toEqual({ project: config, approval: undefined });
  });

  it('is closed where nothing is stored (GOV-03)', async () => {
    const read = readAgreement(tables.db, TABLES);
    expect(await read('nowhere', 'f'.repeat(32))).toEqual({
      project: strictProjectConfig('nowhere'),
      approval: undefined,
    });
  });

  it('is one strongly consistent request over both tables', async () => {
    const { db, sent } = answering(() => ({}));
    await readAgreement(db, TABLES)('demo', 'a'.repeat(32));
    expect(sent).toEqual([
      {
        RequestItems: {
          registry: { Keys: [{ pk: 'project#demo' }], ConsistentRead: true },
          approvals: { Keys: [{ pk: `approval#${'a'.repeat(32)}` }], ConsistentRead: true },
        },
      },
    ]);
  });
});

describe('rows that DynamoDB holds back', () => {
  const key = (n: number) => ({ table: n % 2 === 0 ? 'even' : 'odd', pk: `row-${n}` });
  const all = (input: Sent) => ({
    Responses: Object.fromEntries(
      Object.keys(input.RequestItems ?? {}).map((table) => [
        table,
        keysOf(input, table).map((pk) => ({ pk, from: table })),
      ]),
    ),
  });

  it('are asked for again, and come back in the order in which they were asked for', async () => {
    const { db, sent } = answering((input, n) =>
      n === 1
        ? {
            Responses: { odd: [{ pk: 'row-1', from: 'odd' }] },
            UnprocessedKeys: { even: { Keys: [{ pk: 'row-2' }] } },
          }
        : all(input),
    );
    expect(await readRows(db, [key(2), key(1), key(2)])).toEqual([
      { pk: 'row-2', from: 'even' },
      { pk: 'row-1', from: 'odd' },
      { pk: 'row-2', from: 'even' },
    ]);
    expect(sent.map((input) => [keysOf(input, 'even'), keysOf(input, 'odd')])).toEqual([
      [['row-2'], ['row-1']],
      [['row-2'], []],
    ]);
    expect(sent[1]?.RequestItems?.['even']?.ConsistentRead).toBe(true);
  });

  it('end the read with a clear error when none of them comes for a while', async () => {
    const { db, sent } = answering((input) => ({ UnprocessedKeys: input.RequestItems }));
    await expect(readRows(db, [key(1), key(2)])).rejects.toThrow(RowsHeldBackError);
    expect(sent).toHaveLength(7);
  });

  it('a hundred at a time, every row once', async () => {
    const { db, sent } = answering(all);
    const keys = Array.from({ length: 250 }, (_, n) => key(n));
    expect(await readRows(db, keys)).toEqual(keys.map(({ table, pk }) => ({ pk, from: table })));
    expect(sent.map((input) => keysOf(input, 'even').length + keysOf(input, 'odd').length)).toEqual([
      100, 100, 50,
    ]);
    expect(await readRows(db, [])).toEqual([]);
    expect(sent).toHaveLength(3);
  });
});
