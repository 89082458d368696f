import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { type PutTold, type ReadTold, toldPk } from './ports.ts';

export const readTold =
  (db: Db, table: string): ReadTold =>
  async (keys) => {
    const rows = await readRows(
      db,
      keys.map((key) => ({ table, pk: toldPk(key) })),
    );
    return new Set(rows.flatMap((row) => (row === undefined ? [] : [String(row['pk'])])));
  };

export const putTold =
  (db: Db, table: string): PutTold =>
  async (row) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: { ...row, pk: toldPk(row) },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  };
