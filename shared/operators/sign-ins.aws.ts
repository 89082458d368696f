import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { timestamp } from '../actions/identity.ts';
import type { Db } from '../config/dynamo.aws.ts';
import { SIGN_IN_MAX_MS, type UseSignIn } from './sign-in-transaction.ts';

/** Puts `signin#<digest>` if it is absent: the first use wins. */
export const useSignIn =
  (db: Db, table: string): UseSignIn =>
  async (digest, usedAtMs) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: {
            pk: `signin#${digest}`,
            usedAt: timestamp(usedAtMs),
            expiresAtEpoch: Math.ceil((usedAtMs + SIGN_IN_MAX_MS) / 1000) + 86_400,
          },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  };
