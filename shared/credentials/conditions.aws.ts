import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { conditionPk, CredentialCondition, type PutCondition, type ReadCondition } from './condition.ts';

/** Partition of the index `byKind` that conditions are found in. */
const CONDITION_KIND = 'condition';

/** Strongly consistent read of how a credential is doing. @throws ZodError for a row that does not fit. */
export const readCondition =
  (db: Db, table: string): ReadCondition =>
  async (project, ref) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: conditionPk(project, ref) }, ConsistentRead: true }),
    );
    if (Item === undefined) return undefined;
    const { pk: _pk, rowKind: _rowKind, sortKey: _sortKey, ...row } = Item;
    return CredentialCondition.parse(row);
  };

/** Writes it where it still is as it was read. */
export const putCondition =
  (db: Db, table: string): PutCondition =>
  async (from, to) => {
    const pk = conditionPk(to.project, to);
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: { ...CredentialCondition.parse(to), pk, rowKind: CONDITION_KIND, sortKey: pk },
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
