import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { Action } from './action.ts';
import { type ActionId, actionPk, epochMs, timestamp } from './identity.ts';
import { decodeCursor, encodeCursor, timeKey } from './listing.ts';
import type {
  ActionPage,
  ActionQuery,
  ApplyChange,
  LedgerChange,
  ListActions,
  ListDue,
  ReadAction,
  ReserveAction,
} from './ledger.ts';

/** What the table holds beside the row: its key and the keys of its indexes (docs/architecture.md). */
const item = (row: Action): Record<string, unknown> => ({
  ...row,
  pk: actionPk(row),
  timeKey: timeKey(row),
  ...(row.runId === undefined ? {} : { runKey: `${row.project}#${row.runId}` }),
});

const parse = (stored: Record<string, unknown>): Action => {
  const { pk: _pk, timeKey: _timeKey, runKey: _runKey, ...row } = stored;
  return Action.parse(row);
};

const current = (refused: ConditionalCheckFailedException): Action | undefined =>
  refused.Item === undefined ? undefined : parse(unmarshall(refused.Item));

/** Reserve an action: one PutItem, refused where the key is taken. The old row comes with the refusal. */
export const reserveAction =
  (db: Db, table: string): ReserveAction =>
  async (action) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: item(action),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { kind: 'reserved', action };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const existing = current(error);
      if (existing === undefined) throw error;
      // A retried put whose first reply was lost is refused by its own row.
      return existing.writeToken === action.writeToken
        ? { kind: 'reserved', action: existing }
        : { kind: 'exists', action: existing };
    }
  };

/** Strongly consistent read of one row. */
export const readAction =
  (db: Db, table: string): ReadAction =>
  async (id) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: actionPk(id) }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : parse(Item);
  };

const conditions = ({ from, to, ownerToken, requestHash }: LedgerChange) => {
  const terms = ['#status = :status', '#version = :version'];
  const values: Record<string, unknown> = { ':status': from.status, ':version': from.version };
  if (ownerToken !== undefined) {
    terms.push('ownerToken = :owner');
    values[':owner'] = ownerToken;
  }
  if (requestHash !== undefined) {
    terms.push('requestHash = :hash');
    values[':hash'] = requestHash;
  }
  if (to.status === 'EXECUTING' && from.approvalExpiresAt !== undefined && to.permit === undefined) {
    // The claim has to commit before the approval ends, by the clock of the writer (rule 6).
    terms.push('approvalExpiresAt > :now');
    values[':now'] = to.updatedAt;
  }
  return { expression: terms.join(' AND '), values };
};

/** Write a change of the ledger: one conditional PutItem; a refusal by our own write is a success. */
export const applyChange =
  (db: Db, table: string): ApplyChange =>
  async (change) => {
    const condition = conditions(change);
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: item(change.to),
          ConditionExpression: condition.expression,
          ExpressionAttributeNames: { '#status': 'status', '#version': 'version' },
          ExpressionAttributeValues: condition.values,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { kind: 'applied', action: change.to };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const now = current(error);
      if (now === undefined) throw error;
      return now.version === change.to.version && now.writeToken === change.to.writeToken
        ? { kind: 'applied', action: now }
        : { kind: 'refused', current: now };
    }
  };

const pages = async function* (
  db: Db,
  input: ConstructorParameters<typeof QueryCommand>[0],
): AsyncGenerator<Record<string, unknown>> {
  let from: Record<string, unknown> | undefined = input.ExclusiveStartKey;
  do {
    const page = await db.send(new QueryCommand({ ...input, ExclusiveStartKey: from }));
    yield* page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
};

const readAll = async (db: Db, table: string, pks: readonly string[]): Promise<Map<string, Action>> => {
  const found = new Map<string, Action>();
  for (const stored of await readRows(
    db,
    pks.map((pk) => ({ table, pk })),
  ))
    if (stored !== undefined) found.set(String(stored.pk), parse(stored));
  return found;
};

/** What a query walks: an index, its partition and the sort keys between two bounds. */
const walk = (table: string, query: ActionQuery) => {
  if (query.needsAttention === true) {
    return {
      TableName: table,
      IndexName: 'attention',
      KeyConditionExpression: '#partition = :partition',
      ExpressionAttributeNames: { '#partition': 'attention' },
      ExpressionAttributeValues: { ':partition': 'person' },
    };
  }
  const byRun = query.runId !== undefined;
  return {
    TableName: table,
    IndexName: byRun ? 'byRun' : 'byTime',
    KeyConditionExpression: '#partition = :partition AND timeKey BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#partition': byRun ? 'runKey' : 'project' },
    ExpressionAttributeValues: {
      ':partition': byRun ? `${query.project}#${query.runId}` : query.project,
      ':from': query.from ?? '0',
      ':to': query.to === undefined ? '~' : `${timestamp(epochMs(query.to))}~`,
    },
  };
};

const matches = (query: ActionQuery, pk: string, sortKey: string | undefined): boolean => {
  if (!pk.startsWith(`${query.project}#`)) return false;
  if (query.operation === undefined || sortKey === undefined) return true;
  const operation = sortKey.split('#')[1] ?? '';
  return operation === query.operation || operation.startsWith(`${query.operation}/`);
};

/**
 * Newest first. Index keys are walked (keys only), filtered, and the rows of one page are read strongly, so a
 * row never shows an older status than it has.
 */
export const listActions =
  (db: Db, table: string): ListActions =>
  async (query): Promise<ActionPage> => {
    const actions: Action[] = [];
    const start = decodeCursor(query.cursor);
    let pending: Record<string, unknown>[] = [];
    let last: Record<string, unknown> | undefined;
    const flush = async (): Promise<void> => {
      const rows = await readAll(
        db,
        table,
        pending.map((key) => String(key.pk)),
      );
      for (const key of pending) {
        if (actions.length === query.limit) return;
        const row = rows.get(String(key.pk));
        last = key;
        if (row === undefined) continue;
        if (query.status !== undefined && row.status !== query.status) continue;
        if (query.operation !== undefined && !matches(query, actionPk(row), timeKey(row))) continue;
        actions.push(row);
      }
      pending = [];
    };
    const walked = pages(db, { ...walk(table, query), ScanIndexForward: false, ExclusiveStartKey: start });
    for await (const key of walked) {
      const sortKey = key.timeKey === undefined ? undefined : String(key.timeKey);
      if (!matches(query, String(key.pk), sortKey)) continue;
      pending.push(key);
      if (pending.length >= Math.min(100, query.limit - actions.length)) {
        await flush();
        if (actions.length === query.limit) break;
      }
    }
    await flush();
    return actions.length === query.limit && last !== undefined
      ? { actions, nextCursor: encodeCursor(last) }
      : { actions };
  };

/** Ids whose time for another look has come, oldest first. */
export const listDue =
  (db: Db, table: string): ListDue =>
  async (now, limit) => {
    const due: ActionId[] = [];
    for await (const key of pages(db, {
      TableName: table,
      IndexName: 'attention',
      KeyConditionExpression: 'attention = :sweep AND attentionAt <= :now',
      ExpressionAttributeValues: { ':sweep': 'sweep', ':now': now },
    })) {
      const [project = '', ...rest] = String(key.pk).split('#');
      due.push({ project, key: rest.join('#') });
      if (due.length === limit) break;
    }
    return due;
  };

/** How many rows are parked for a person. */
export const countParked = (db: Db, table: string) => async (): Promise<number> => {
  let count = 0;
  for await (const _key of pages(db, {
    TableName: table,
    IndexName: 'attention',
    KeyConditionExpression: 'attention = :person',
    ExpressionAttributeValues: { ':person': 'person' },
  })) {
    count += 1;
  }
  return count;
};
