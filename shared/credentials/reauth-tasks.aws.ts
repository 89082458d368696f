import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { timestamp } from '../actions/identity.ts';
import type { Db } from '../config/dynamo.aws.ts';
import { type CloseReauthTask, type OpenReauthTask, reauthPk, ReauthTask } from './reauth.ts';

/** Partition of the index `byKind` that tasks are found in, oldest first. */
const REAUTH_KIND = 'reauth';

const itemOf = (task: ReauthTask) => ({
  ...ReauthTask.parse(task),
  pk: reauthPk(task.project, task, task.connectionVersion),
  rowKind: REAUTH_KIND,
  sortKey: task.openedAt,
});

const unlessRefused = async (write: Promise<unknown>): Promise<void> => {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
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
    if (Item === undefined) return;
    const { pk: _pk, rowKind: _rowKind, sortKey: _sortKey, ...row } = Item;
    const task = ReauthTask.parse(row);
    if (task.status === 'CLOSED') return;
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
