import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { Locator, type PutLocator, type ReadLocator } from './approval.ts';

const keyOf = (digest: string): string => `locator#${digest}`;

/** Stores what a mail link stands for. The link itself is stored nowhere. */
export const putLocator =
  (db: Db, table: string): PutLocator =>
  async (locator) => {
    // `issuedAt`, because `createdAt` is an index attribute of approvals.
    const { createdAt, ...rest } = locator;
    await db.send(
      new PutCommand({
        TableName: table,
        Item: { ...rest, issuedAt: createdAt, pk: keyOf(locator.digest) },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  };

export const readLocator =
  (db: Db, table: string): ReadLocator =>
  async (digest) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: keyOf(digest) }, ConsistentRead: true }),
    );
    if (Item === undefined) return undefined;
    const { pk: _pk, issuedAt, ...rest } = Item;
    return Locator.parse({ ...rest, createdAt: issuedAt });
  };
