import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../../config/dynamo.aws.ts';
import { dropPk, DropRequest, type PutDrop, type ReadDrop } from './drop-key.ts';

export const readDrop =
  (db: Db, table: string): ReadDrop =>
  async (secret, key) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: dropPk({ secret, key }) }, ConsistentRead: true }),
    );
    if (Item === undefined) return undefined;
    const { pk: _pk, ...row } = Item;
    return DropRequest.parse(row);
  };

/** In no index: it is found by its key, and the acts are the record. */
export const putDrop =
  (db: Db, table: string): PutDrop =>
  async (from, to) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: { ...DropRequest.parse(to), pk: dropPk(to) },
          ...(from === undefined
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#at = :seen',
                ExpressionAttributeNames: { '#at': 'at' },
                ExpressionAttributeValues: { ':seen': from.at },
              }),
        }),
      );
      return 'stored';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'refused';
      throw error;
    }
  };
