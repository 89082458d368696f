import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import type { CountUp } from './rate-limit.ts';

/** One conditional update per count; a counter at its limit is not written again. */
export const countUp =
  (db: Db, table: string): CountUp =>
  async (key, most, expiresAtEpoch) => {
    try {
      await db.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: key },
          UpdateExpression: 'ADD #count :one SET expiresAtEpoch = :expires',
          ConditionExpression: 'attribute_not_exists(#count) OR #count < :most',
          ExpressionAttributeNames: { '#count': 'count' },
          ExpressionAttributeValues: { ':one': 1, ':most': most, ':expires': expiresAtEpoch },
        }),
      );
      return 'counted';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'over';
      throw error;
    }
  };
