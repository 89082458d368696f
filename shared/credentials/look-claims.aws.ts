import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { type ClaimLook, LOOK_EVERY_MS, lookKey } from './look-claims.ts';

/** One row for each credential, written again by each look that is granted; the table forgets it by itself. */
export const claimLook =
  (db: Db, table: string): ClaimLook =>
  async (project, ref, now) => {
    try {
      await db.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: lookKey(project, ref) },
          UpdateExpression: 'SET startedAt = :now, expiresAtEpoch = :expires',
          ConditionExpression: 'attribute_not_exists(startedAt) OR startedAt <= :before',
          ExpressionAttributeValues: {
            ':now': now,
            ':before': now - LOOK_EVERY_MS,
            ':expires': Math.ceil((now + 2 * LOOK_EVERY_MS) / 1000),
          },
        }),
      );
      return 'claimed';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'taken';
      throw error;
    }
  };
