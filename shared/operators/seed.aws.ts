import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';

/** Puts an item whose key is absent; `kept` where something is there, whatever it says. */
export const putIfAbsent =
  (db: Db, table: string) =>
  async (item: Readonly<Record<string, unknown>>): Promise<'put' | 'kept'> => {
    try {
      await db.send(
        new PutCommand({ TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' }),
      );
      return 'put';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'kept';
      throw error;
    }
  };
