import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { canonicalJson } from '../actions/canonical-json.ts';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { ProblemError } from '../operators/problems.ts';
import { Observation } from './observation.ts';
import {
  type CheckId,
  type ListObservations,
  type ListSources,
  type PutSourceIfAbsent,
  type ReadObservation,
  type ReadSource,
  type ReadState,
  type ReadStates,
  type RecordObservation,
  type ReplaceSource,
  type ReplaceState,
} from './ports.ts';
import { observationPk, sourcePk, statePk } from './row-keys.ts';
import { SourceRecord } from './source.ts';
import { SourceState } from './source-state.ts';

type Item = Record<string, unknown>;

/** Without the attributes that exist for keys and indexes only. */
const rowOf = (item: Item): Item => {
  const { pk: _pk, kind: _kind, sortKey: _sortKey, ...row } = item;
  return row;
};

const sourceItem = (record: SourceRecord): Item => ({
  ...record,
  pk: sourcePk(record.source.id),
  kind: 'source',
  sortKey: record.source.id,
});
const stateItem = (state: SourceState): Item => ({ ...state, pk: statePk(state.source) });
/** Slots sort as times do, and readings of a slot as numbers do. */
const observationSortKey = ({ slot, reading }: CheckId): string =>
  `${slot}#${String(reading).padStart(6, '0')}`;
const observationItem = (observation: Observation): Item => ({
  ...observation,
  pk: observationPk(observation),
  kind: `observation#${observation.source}`,
  sortKey: observationSortKey(observation),
});

/**
 * Hears of a row that is there and cannot be understood, and the others are answered without it. Without one such a
 * row fails the whole read.
 */
export type ReportUnreadable = (pk: string, error: unknown) => void;

const parseRows = <Schema extends z.ZodType>(
  schema: Schema,
  rows: readonly (Item | undefined)[],
  report: ReportUnreadable | undefined,
): z.output<Schema>[] =>
  rows.flatMap((row) => {
    if (row === undefined) return [];
    const parsed = schema.safeParse(rowOf(row));
    if (parsed.success) return [parsed.data];
    if (report === undefined) throw parsed.error;
    report(String(row['pk']), parsed.error);
    return [];
  });

/** The stored version is the one before; the first version is put only where there is none. */
const versionIs = (before: number) =>
  before === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': before },
      };

const get = async (db: Db, table: string, pk: string): Promise<Item | undefined> => {
  const { Item: found } = await db.send(
    new GetCommand({ TableName: table, Key: { pk }, ConsistentRead: true }),
  );
  return found === undefined ? undefined : rowOf(found);
};

/** Puts by condition. A refusal by the very row that was to be put is the echo of a write whose reply was lost. */
const putIf = async (
  db: Db,
  table: string,
  item: Item,
  condition: ReturnType<typeof versionIs>,
): Promise<'put' | 'refused'> => {
  try {
    await db.send(
      new PutCommand({
        TableName: table,
        Item: item,
        ...condition,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return 'put';
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return error.Item !== undefined && sameRow(unmarshall(error.Item), item) ? 'put' : 'refused';
  }
};

const sameRow = (stored: Item, ours: Item): boolean =>
  canonicalJson(stored) === canonicalJson(JSON.parse(JSON.stringify(ours)));

export const readSource =
  (db: Db, table: string): ReadSource =>
  async (source) => {
    const row = await get(db, table, sourcePk(source));
    return row === undefined ? undefined : SourceRecord.parse(row);
  };

export const listSources =
  (db: Db, table: string, report?: ReportUnreadable): ListSources =>
  async () => {
    const ids: string[] = [];
    let from: Item | undefined;
    do {
      const page = await db.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'byKind',
          KeyConditionExpression: '#kind = :source',
          ExpressionAttributeNames: { '#kind': 'kind' },
          ExpressionAttributeValues: { ':source': 'source' },
          ExclusiveStartKey: from,
        }),
      );
      for (const item of page.Items ?? []) ids.push(z.object({ sortKey: z.string() }).parse(item).sortKey);
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    const rows = await readRows(
      db,
      ids.map((id) => ({ table, pk: sourcePk(id) })),
    );
    return parseRows(SourceRecord, rows, report);
  };

export const putSourceIfAbsent =
  (db: Db, table: string): PutSourceIfAbsent =>
  async (record) =>
    (await putIf(db, table, sourceItem(record), versionIs(0))) === 'put' ? 'created' : 'existed';

export const replaceSource =
  (db: Db, table: string): ReplaceSource =>
  async (record) =>
    (await putIf(db, table, sourceItem(record), versionIs(record.version - 1))) === 'put'
      ? 'replaced'
      : 'refused';

export const readState =
  (db: Db, table: string): ReadState =>
  async (source) => {
    const row = await get(db, table, statePk(source));
    return row === undefined ? undefined : SourceState.parse(row);
  };

export const readStates =
  (db: Db, table: string, report?: ReportUnreadable): ReadStates =>
  async (sources) => {
    const rows = await readRows(
      db,
      sources.map((source) => ({ table, pk: statePk(source) })),
    );
    return new Map(parseRows(SourceState, rows, report).map((state) => [state.source, state]));
  };

export const replaceState =
  (db: Db, table: string): ReplaceState =>
  async (to) =>
    (await putIf(db, table, stateItem(to), versionIs(to.version - 1))) === 'put' ? 'replaced' : 'refused';

/** One transaction of two puts; costs twice the write units of the single writes. */
export const recordObservation =
  (db: Db, tables: { readonly policies: string }): RecordObservation =>
  async ({ to, observation }) => {
    try {
      await db.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Put: {
                TableName: tables.policies,
                Item: observationItem(observation),
                ConditionExpression: 'attribute_not_exists(pk)',
              },
            },
            { Put: { TableName: tables.policies, Item: stateItem(to), ...versionIs(to.version - 1) } },
          ],
        }),
      );
      return 'recorded';
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const [ofObservation, ofState] = (error.CancellationReasons ?? []).map(({ Code }) => Code);
      // The two are written together, so an observation that is there has its state write behind it.
      if (ofObservation === 'ConditionalCheckFailed') return 'known';
      if (ofState === 'ConditionalCheckFailed') return 'refused';
      if (ofObservation === 'TransactionConflict' || ofState === 'TransactionConflict') return 'refused';
      throw error;
    }
  };

export const readObservation =
  (db: Db, table: string): ReadObservation =>
  async (id) => {
    const row = await get(db, table, observationPk(id));
    return row === undefined ? undefined : Observation.parse(row);
  };

const CursorParts = z.tuple([z.iso.datetime({ precision: 3 }), z.string().regex(/^\d{6}$/)]);

/** The index key that a cursor stands for. @throws ProblemError INVALID_CURSOR */
const startKey = (source: string, cursor: string): Item => {
  const sortKey = Buffer.from(cursor, 'base64url').toString('utf8');
  const parts = CursorParts.safeParse(sortKey.split('#'));
  if (!parts.success)
    throw new ProblemError(
      'INVALID_CURSOR',
      'Leave the cursor out, or send the nextCursor of the page before.',
      { field: 'cursor' },
    );
  const [slot, reading] = parts.data;
  return {
    pk: observationPk({ source, slot, reading: Number(reading) }),
    kind: `observation#${source}`,
    sortKey,
  };
};

/** The index gives the keys, the rows are read strongly. */
export const listObservations =
  (db: Db, table: string): ListObservations =>
  async ({ source, limit, since, cursor }) => {
    const found: { pk: string; sortKey: string }[] = [];
    let from: Item | undefined = cursor === undefined ? undefined : startKey(source, cursor);
    do {
      const page = await db.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'byKind',
          KeyConditionExpression: `#kind = :kind${since === undefined ? '' : ' AND sortKey >= :since'}`,
          ExpressionAttributeNames: { '#kind': 'kind' },
          ExpressionAttributeValues: {
            ':kind': `observation#${source}`,
            ...(since === undefined ? {} : { ':since': since }),
          },
          ScanIndexForward: false,
          Limit: limit + 1 - found.length,
          ExclusiveStartKey: from,
        }),
      );
      for (const { pk, sortKey } of page.Items ?? [])
        found.push({ pk: String(pk), sortKey: String(sortKey) });
      from = page.LastEvaluatedKey;
    } while (from !== undefined && found.length <= limit);
    const shown = found.slice(0, limit);
    const rows = await readRows(
      db,
      shown.map(({ pk }) => ({ table, pk })),
    );
    const observations = parseRows(Observation, rows, undefined);
    const last = shown.at(-1);
    return found.length > limit && last !== undefined
      ? { observations, nextCursor: Buffer.from(last.sortKey).toString('base64url') }
      : { observations };
  };
