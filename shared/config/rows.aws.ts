import { setTimeout as pause } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from './dynamo.aws.ts';

/** The most keys that one BatchGetItem takes. */
const MOST_KEYS = 100;
/** Milliseconds before asking again for rows that DynamoDB held back; after the last one it is given up. */
const PAUSES_MS = [20, 40, 80, 160, 320, 640] as const;

/** DynamoDB held rows back for longer than it is worth waiting. Nothing was decided without them. */
export class RowsHeldBackError extends Error {
  override readonly name = 'RowsHeldBackError';
  readonly code = 'ROWS_HELD_BACK';
  constructor(count: number) {
    super(`ROWS_HELD_BACK: DynamoDB held back ${count} rows ${PAUSES_MS.length + 1} times; try again later`);
  }
}

export interface RowKey {
  readonly table: string;
  readonly pk: string;
}

type Row = Record<string, unknown>;

const nameOf = ({ table, pk }: RowKey): string => `${table} ${pk}`;

const requestOf = (keys: readonly RowKey[]) => {
  const tables: Record<string, { Keys: { pk: string }[]; ConsistentRead: true }> = {};
  for (const { table, pk } of keys) (tables[table] ??= { Keys: [], ConsistentRead: true }).Keys.push({ pk });
  return tables;
};

/**
 * Strongly consistent reads of rows of one or several tables, a hundred in a request. Answers in the order of the
 * keys; undefined where there is no row.
 * @throws RowsHeldBackError where DynamoDB answers again and again without any of the rows that are left.
 */
export const readRows = async (db: Db, keys: readonly RowKey[]): Promise<(Row | undefined)[]> => {
  const found = new Map<string, Row>();
  let left = [...new Map(keys.map((key) => [nameOf(key), key])).values()];
  let inVain = 0;
  while (left.length > 0) {
    const asked = left.slice(0, MOST_KEYS);
    const reply = await db.send(new BatchGetCommand({ RequestItems: requestOf(asked) }));
    for (const [table, rows] of Object.entries(reply.Responses ?? {}))
      for (const row of rows) found.set(nameOf({ table, pk: String(row.pk) }), row);
    const heldBack = Object.entries(reply.UnprocessedKeys ?? {}).flatMap(([table, { Keys = [] }]) =>
      Keys.map(({ pk }) => ({ table, pk: String(pk) })),
    );
    left = [...heldBack, ...left.slice(MOST_KEYS)];
    if (heldBack.length === 0) continue;
    inVain = heldBack.length < asked.length ? 0 : inVain + 1;
    const waitMs = PAUSES_MS[inVain === 0 ? 0 : inVain - 1];
    if (waitMs === undefined) throw new RowsHeldBackError(heldBack.length);
    await pause(waitMs);
  }
  return keys.map((key) => found.get(nameOf(key)));
};
