import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { credentialItem } from '../credentials/credential.ts';
import { ProblemError } from '../operators/problems.ts';
import {
  ChangeRow,
  type ConfirmChange,
  type CreateChange,
  type ListChanges,
  type ReadChange,
} from './change.ts';
import { projectItem, versionIs } from './project-config.aws.ts';

const changePk = (project: string, id: string): string => `change#${project}#${id}`;

const item = (row: ChangeRow): Record<string, unknown> => ({
  ...row,
  pk: changePk(row.project, row.id),
  kind: `change#${row.project}`,
  sortKey: `${row.proposedAt}#${row.id}`,
});

const parse = (stored: Record<string, unknown>): ChangeRow => {
  const { pk: _pk, kind: _kind, sortKey: _sortKey, ...row } = stored;
  return ChangeRow.parse(row);
};

/** Puts a proposed change; its id is new. */
export const createChange =
  (db: Db, table: string): CreateChange =>
  async (row) => {
    await db.send(
      new PutCommand({
        TableName: table,
        Item: item(row),
        ConditionExpression: 'attribute_not_exists(pk) OR #hash = :hash',
        ExpressionAttributeNames: { '#hash': 'hash' },
        ExpressionAttributeValues: { ':hash': row.hash },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
  };

/** Strongly consistent read of one change. */
export const readChange =
  (db: Db, table: string): ReadChange =>
  async (project, id) => {
    const reply = await db.send(
      new GetCommand({ TableName: table, Key: { pk: changePk(project, id) }, ConsistentRead: true }),
    );
    return reply.Item === undefined ? undefined : parse(reply.Item);
  };

const Cursor = z.string().regex(/^\d{4}-[0-9T:.-]+Z#[0-9a-f-]{36}$/);

const cursorKey = (cursor: string, project: string): Record<string, string> => {
  const sortKey = Cursor.safeParse(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!sortKey.success) {
    throw new ProblemError(
      'INVALID_CURSOR',
      'Leave the cursor out, or send the nextCursor of the page before.',
      {
        field: 'cursor',
      },
    );
  }
  const id = sortKey.data.split('#')[1] ?? '';
  return { pk: changePk(project, id), kind: `change#${project}`, sortKey: sortKey.data };
};

const readAll = async (db: Db, table: string, keys: { pk: string }[]): Promise<Map<string, ChangeRow>> => {
  const found = new Map<string, ChangeRow>();
  for (const stored of await readRows(
    db,
    keys.map(({ pk }) => ({ table, pk })),
  ))
    if (stored !== undefined) found.set(String(stored.pk), parse(stored));
  return found;
};

/** Newest first. The index only finds them; each row is read strongly. */
export const listChanges =
  (db: Db, table: string): ListChanges =>
  async ({ project, limit, cursor }) => {
    const keys: { pk: string; sortKey: string }[] = [];
    let start: Record<string, unknown> | undefined =
      cursor === undefined ? undefined : cursorKey(cursor, project);
    do {
      const page = await db.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'byKind',
          KeyConditionExpression: '#kind = :kind',
          ExpressionAttributeNames: { '#kind': 'kind' },
          ExpressionAttributeValues: { ':kind': `change#${project}` },
          ScanIndexForward: false,
          Limit: limit + 1 - keys.length,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      for (const key of page.Items ?? []) keys.push({ pk: String(key.pk), sortKey: String(key.sortKey) });
      start = page.LastEvaluatedKey;
    } while (start !== undefined && keys.length <= limit);
    const shown = keys.slice(0, limit);
    const rows = await readAll(
      db,
      table,
      shown.map(({ pk }) => ({ pk })),
    );
    const changes = shown.flatMap(({ pk }) => rows.get(pk) ?? []);
    const last = shown.at(-1);
    return keys.length > limit && last !== undefined
      ? { changes, nextCursor: Buffer.from(last.sortKey, 'utf8').toString('base64url') }
      : { changes };
  };

/**
 * One transaction of two puts, or three with a credential: the confirmed row (still PROPOSED, same hash), the next
 * version of the project (still at the base) and the credential. Costs twice the write units of the single writes.
 */
export const confirmChange =
  (db: Db, tables: { readonly registry: string; readonly credentials: string }): ConfirmChange =>
  async ({ row, config, credential }) => {
    try {
      await db.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Put: {
                TableName: tables.registry,
                Item: item(row),
                ConditionExpression: '#status = :proposed AND #hash = :hash',
                ExpressionAttributeNames: { '#status': 'status', '#hash': 'hash' },
                ExpressionAttributeValues: { ':proposed': 'PROPOSED', ':hash': row.hash },
              },
            },
            {
              Put: {
                TableName: tables.registry,
                Item: projectItem(config),
                ...versionIs(config.version - 1),
              },
            },
            ...(credential === undefined
              ? []
              : [
                  {
                    Put: {
                      TableName: tables.credentials,
                      Item: credentialItem(credential),
                    },
                  },
                ]),
          ],
        }),
      );
      return 'confirmed';
    } catch (error) {
      if (error instanceof TransactionCanceledException) return 'refused';
      throw error;
    }
  };
