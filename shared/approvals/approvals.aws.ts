import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Timestamp } from '../actions/identity.ts';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import {
  Approval,
  type ApplyApprovalChange,
  type CreateApproval,
  type ListApprovals,
  type ListPendingCallbacks,
  type ReadApproval,
} from './approval.ts';
import { collectPage, type IndexEntry } from './listing.ts';

/** Key of an approval's item. */
export const approvalPk = (approvalId: string): string => `approval#${approvalId}`;
const idOf = (pk: unknown): string => String(pk).slice('approval#'.length);

/** The approval without the attributes that exist for keys and indexes only. */
export const approvalOf = (stored: Record<string, unknown>): Approval => {
  const { pk: _pk, open: _open, ...row } = stored;
  return Approval.parse(row);
};

/** What still has to happen, as the sparse index shows it; absent once the decision is delivered. */
const openOf = (approval: Approval): 'WAITING' | 'CALLBACK' | undefined => {
  if (approval.status === 'WAITING') return 'WAITING';
  return approval.callback === undefined ? undefined : 'CALLBACK';
};

const itemOf = (approval: Approval): Record<string, unknown> => ({
  ...approval,
  pk: approvalPk(approval.approvalId),
  open: openOf(approval),
});

const storedInstead = (error: unknown): Approval => {
  if (!(error instanceof ConditionalCheckFailedException) || error.Item === undefined) throw error;
  return approvalOf(unmarshall(error.Item));
};

export const readApproval =
  (db: Db, table: string): ReadApproval =>
  async (approvalId) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: approvalPk(approvalId) }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : approvalOf(Item);
  };

export const createApproval =
  (db: Db, table: string): CreateApproval =>
  async (approval) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: itemOf(approval),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { created: true, approval };
    } catch (error) {
      const stored = storedInstead(error);
      return { created: stored.writeToken === approval.writeToken, approval: stored };
    }
  };

/** The only door through which an approval changes. Bookkeeping leaves the version, so the write token locks too. */
export const applyApprovalChange =
  (db: Db, table: string): ApplyApprovalChange =>
  async ({ from, to }) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: itemOf(to),
          ConditionExpression: '#status = :status AND #version = :version AND writeToken = :writeToken',
          ExpressionAttributeNames: { '#status': 'status', '#version': 'version' },
          ExpressionAttributeValues: {
            ':status': from.status,
            ':version': from.version,
            ':writeToken': from.writeToken,
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return { kind: 'applied', approval: to };
    } catch (error) {
      const current = storedInstead(error);
      return current.writeToken === to.writeToken
        ? { kind: 'applied', approval: current }
        : { kind: 'refused', current };
    }
  };

export const listPendingCallbacks =
  (db: Db, table: string): ListPendingCallbacks =>
  async (limit) => {
    const ids: string[] = [];
    let from: Record<string, unknown> | undefined;
    do {
      const page = await db.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'open',
          KeyConditionExpression: '#open = :callback',
          ExpressionAttributeNames: { '#open': 'open' },
          ExpressionAttributeValues: { ':callback': 'CALLBACK' },
          Limit: limit - ids.length,
          ExclusiveStartKey: from,
        }),
      );
      ids.push(...(page.Items ?? []).map((item) => idOf(item.pk)));
      from = page.LastEvaluatedKey;
    } while (from !== undefined && ids.length < limit);
    return ids;
  };

/** When the oldest approval that waits was asked for; undefined where none waits. */
export const oldestWaiting = (db: Db, table: string) => async (): Promise<Timestamp | undefined> => {
  const { Items = [] } = await db.send(
    new QueryCommand({
      TableName: table,
      IndexName: 'open',
      KeyConditionExpression: '#open = :waiting',
      ExpressionAttributeNames: { '#open': 'open' },
      ExpressionAttributeValues: { ':waiting': 'WAITING' },
      Limit: 1,
    }),
  );
  return Items[0] === undefined ? undefined : String(Items[0].createdAt);
};

/** Newest first over all the projects; the index gives keys, the rows of a page are read strongly. */
export const listApprovals =
  (db: Db, table: string): ListApprovals =>
  (query) =>
    collectPage(query, {
      readIndex: async (project, before, limit) => {
        const { Items = [], LastEvaluatedKey } = await db.send(
          new QueryCommand({
            TableName: table,
            IndexName: 'byProject',
            KeyConditionExpression: `#project = :project${query.since === undefined ? '' : ' AND createdAt >= :since'}`,
            ExpressionAttributeNames: { '#project': 'project' },
            ExpressionAttributeValues: {
              ':project': project,
              ...(query.since === undefined ? {} : { ':since': query.since }),
            },
            ScanIndexForward: false,
            Limit: limit,
            ...(before === undefined
              ? {}
              : {
                  ExclusiveStartKey: {
                    pk: approvalPk(before.approvalId),
                    project,
                    createdAt: before.createdAt,
                  },
                }),
          }),
        );
        const entries: IndexEntry[] = Items.map((item) => ({
          approvalId: idOf(item.pk),
          createdAt: String(item.createdAt),
        }));
        return { entries, isLast: LastEvaluatedKey === undefined };
      },
      readRows: async (ids) => {
        const rows = new Map<string, Approval>();
        const keys = ids.map((id) => ({ table, pk: approvalPk(id) }));
        for (const item of await readRows(db, keys))
          if (item !== undefined) rows.set(idOf(item.pk), approvalOf(item));
        return rows;
      },
    });
