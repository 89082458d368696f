import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { epochMs } from '../actions/identity.ts';
import type { Db } from '../config/dynamo.aws.ts';
import {
  type CreateSession,
  type ReadSession,
  type RevokeSession,
  Session,
  type TouchSession,
} from './sessions.ts';

const keyOf = (digest: string): { pk: string } => ({ pk: `session#${digest}` });

export const readSession =
  (db: Db, table: string): ReadSession =>
  async (digest) => {
    const reply = await db.send(
      new GetCommand({ TableName: table, Key: keyOf(digest), ConsistentRead: true }),
    );
    if (reply.Item === undefined) return undefined;
    const { pk: _pk, expiresAtEpoch: _ttl, ...row } = reply.Item;
    return Session.parse(row);
  };

/** Puts a session under a digest that nobody used before. `expiresAtEpoch` lets the table forget it some day. */
export const createSession =
  (db: Db, table: string): CreateSession =>
  async (digest, session) => {
    await db.send(
      new PutCommand({
        TableName: table,
        Item: {
          ...keyOf(digest),
          ...session,
          expiresAtEpoch: Math.ceil(epochMs(session.expiresAt) / 1000) + 86_400,
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  };

/** A session that ended in the meantime stays ended. */
const unlessEnded = async (write: () => Promise<unknown>): Promise<void> => {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
};

export const touchSession =
  (db: Db, table: string): TouchSession =>
  (digest, lastSeenAt) =>
    unlessEnded(() =>
      db.send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(digest),
          UpdateExpression: 'SET lastSeenAt = :at',
          ConditionExpression:
            'attribute_exists(pk) AND attribute_not_exists(revokedAt) AND lastSeenAt < :at',
          ExpressionAttributeValues: { ':at': lastSeenAt },
        }),
      ),
    );

export const revokeSession =
  (db: Db, table: string): RevokeSession =>
  (digest, revokedAt) =>
    unlessEnded(() =>
      db.send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(digest),
          UpdateExpression: 'SET revokedAt = :at',
          ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(revokedAt)',
          ExpressionAttributeValues: { ':at': revokedAt },
        }),
      ),
    );
