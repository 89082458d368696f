import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { timestamp } from '../actions/identity.ts';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import {
  type ClaimReauthTask,
  type CloseReauthTask,
  type ListOpenReauthTasks,
  type OpenReauthTask,
  reauthPk,
  ReauthTask,
} from './reauth.ts';

/** Partitions of the index `byKind`: the open ones, oldest first, and those that are kept for the record. */
const KINDS = { OPEN: 'reauth', CLOSED: 'reauth-closed' } as const;

const itemOf = (task: ReauthTask) => ({
  ...ReauthTask.parse(task),
  pk: reauthPk(task.project, task, task.connectionVersion),
  rowKind: KINDS[task.status],
  sortKey: task.openedAt,
});

const taskOfItem = (item: Record<string, unknown>): ReauthTask | undefined => {
  const { pk: _pk, rowKind: _rowKind, sortKey: _sortKey, ...row } = item;
  return ReauthTask.safeParse(row).data;
};

/** False where the condition refused it. */
const unlessRefused = async (write: Promise<unknown>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return false;
  }
};

/**
 * One conditional put: absent, or closed. A connection that healed by itself and dies again before anybody connects
 * it anew is the same task, open again.
 */
export const openReauthTask =
  (db: Db, table: string, now: () => number): OpenReauthTask =>
  async ({ project, credential, connectionVersion, reason }) => {
    const task: ReauthTask = {
      schemaVersion: 1,
      project,
      provider: credential.provider,
      account: credential.account,
      environment: credential.environment,
      connectionVersion,
      status: 'OPEN',
      reason,
      openedAt: timestamp(now()),
      closedAt: null,
      tellingUntil: null,
    };
    await unlessRefused(
      db.send(
        new PutCommand({
          TableName: table,
          Item: itemOf(task),
          ConditionExpression: 'attribute_not_exists(pk) OR #status = :closed',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':closed': 'CLOSED' },
        }),
      ),
    );
  };

/** The index only finds them; the rows are read strongly. */
export const listOpenReauthTasks =
  (db: Db, table: string): ListOpenReauthTasks =>
  async () => {
    const keys: string[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await db.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'byKind',
          KeyConditionExpression: 'rowKind = :kind',
          ExpressionAttributeValues: { ':kind': KINDS.OPEN },
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      for (const item of page.Items ?? []) keys.push(String(item['pk']));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    const rows = await readRows(
      db,
      keys.map((pk) => ({ table, pk })),
    );
    return rows.flatMap((row) => {
      const task = taskOfItem(row ?? {});
      return task?.status === 'OPEN' ? [task] : [];
    });
  };

export const claimReauthTask =
  (db: Db, table: string): ClaimReauthTask =>
  async (task, tellingUntil) => {
    const claimed = await unlessRefused(
      db.send(
        new PutCommand({
          TableName: table,
          Item: itemOf({ ...task, tellingUntil }),
          ConditionExpression: '#status = :open AND openedAt = :opened AND tellingUntil = :seen',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: {
            ':open': 'OPEN',
            ':opened': task.openedAt,
            ':seen': task.tellingUntil,
          },
        }),
      ),
    );
    return claimed ? 'claimed' : 'refused';
  };

/** Reads the task and closes it where it is open still. */
export const closeReauthTask =
  (db: Db, table: string, now: () => number): CloseReauthTask =>
  async ({ project, credential, connectionVersion }) => {
    const { Item } = await db.send(
      new GetCommand({
        TableName: table,
        Key: { pk: reauthPk(project, credential, connectionVersion) },
        ConsistentRead: true,
      }),
    );
    const task = taskOfItem(Item ?? {});
    if (task === undefined || task.status === 'CLOSED') return;
    await unlessRefused(
      db.send(
        new PutCommand({
          TableName: table,
          Item: itemOf({ ...task, status: 'CLOSED', closedAt: timestamp(now()) }),
          ConditionExpression: '#status = :open AND openedAt = :opened',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':open': 'OPEN', ':opened': task.openedAt },
        }),
      ),
    );
  };
