import { isDeepStrictEqual } from 'node:util';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Db } from '../../config/dynamo.aws.ts';
import { Exchange, exchangePk, type PutExchange, type ReadExchange } from './exchange.ts';
import { Lease, leasePk, type PutLease, type ReadLease } from './lease.ts';

const withoutKey = ({ pk: _pk, ...row }: Record<string, unknown>): Record<string, unknown> => row;

/**
 * A conditional put whose answer was lost is sent again by the SDK, and meets what it has written itself: that is
 * success, not a race.
 */
const isOwn = (error: ConditionalCheckFailedException, row: object): boolean =>
  error.Item !== undefined && isDeepStrictEqual(withoutKey(unmarshall(error.Item)), row);

/** Strongly consistent read of the exchange ledger of one credential. */
export const readExchange =
  (db: Db, table: string): ReadExchange =>
  async (project, ref) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: exchangePk(project, ref) }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : Exchange.parse(withoutKey(Item));
  };

/** Writes the next version of it, unless somebody else did, or holds a later lease. */
export const putExchange =
  (db: Db, table: string): PutExchange =>
  async (from, to) => {
    const row = Exchange.parse(to);
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: { ...row, pk: exchangePk(to.project, to) },
          ...(from === undefined
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#version = :seen AND fence <= :fence',
                ExpressionAttributeNames: { '#version': 'version' },
                ExpressionAttributeValues: { ':seen': from.version, ':fence': to.fence },
              }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return 'stored';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return isOwn(error, row) ? 'stored' : 'refused';
    }
  };

/** Strongly consistent read of who writes a connection. */
export const readLease =
  (db: Db, table: string): ReadLease =>
  async (project, ref) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: leasePk(project, ref) }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : Lease.parse(withoutKey(Item));
  };

/** Takes it, or gives it back, where it is as it was read. */
export const putLease =
  (db: Db, table: string): PutLease =>
  async (project, ref, from, to) => {
    const row = Lease.parse(to);
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: { ...row, pk: leasePk(project, ref) },
          ...(from === undefined
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: 'fence = :fence AND #until = :until',
                ExpressionAttributeNames: { '#until': 'until' },
                ExpressionAttributeValues: { ':fence': from.fence, ':until': from.until },
              }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return 'stored';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return isOwn(error, row) ? 'stored' : 'refused';
    }
  };
