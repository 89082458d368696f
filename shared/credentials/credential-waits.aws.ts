import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Db } from '../config/dynamo.aws.ts';
import {
  CredentialWait,
  type PutCredentialWait,
  type ReadCredentialWait,
  waitPk,
} from './credential-wait.ts';

export const readCredentialWait =
  (db: Db, table: string): ReadCredentialWait =>
  async (id) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: waitPk(id) }, ConsistentRead: true }),
    );
    if (Item === undefined) return undefined;
    const { pk: _pk, ...row } = z.object({ pk: z.string() }).loose().parse(Item);
    return CredentialWait.parse(row);
  };

export const putCredentialWait =
  (db: Db, table: string): PutCredentialWait =>
  async (from, to) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: { ...to, pk: waitPk(to) },
          ...(from === undefined
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#version = :seen',
                ExpressionAttributeNames: { '#version': 'version' },
                ExpressionAttributeValues: { ':seen': from.version },
              }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return 'stored';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'refused';
      throw error;
    }
  };
