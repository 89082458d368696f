import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import {
  conditionPk,
  CredentialCondition,
  type PutCondition,
  type ReadCondition,
  type ReadStanding,
} from './condition.ts';
import { credentialPk, grantOf } from './credential.ts';

/** Partition of the index `byKind` that conditions are found in. */
const CONDITION_KIND = 'condition';

/** The condition that an item holds. @throws ZodError for a row that does not fit. */
export const conditionOfItem = (item: Record<string, unknown>): CredentialCondition => {
  const { pk: _pk, rowKind: _rowKind, sortKey: _sortKey, ...row } = item;
  return CredentialCondition.parse(row);
};

/**
 * Grant and condition in one request. A grant that does not fit is none; a condition that does not fit throws, since
 * taking it for absent would make a dead credential look usable.
 */
export const readStanding =
  (db: Db, table: string): ReadStanding =>
  async (project, ref) => {
    const [grantRow, conditionRow] = await readRows(db, [
      { table, pk: credentialPk(project, ref) },
      { table, pk: conditionPk(project, ref) },
    ]);
    return {
      grant: grantRow === undefined ? undefined : grantOf(project, ref, grantRow),
      condition: conditionRow === undefined ? undefined : conditionOfItem(conditionRow),
    };
  };

/** Strongly consistent read of how a credential is doing. @throws ZodError for a row that does not fit. */
export const readCondition =
  (db: Db, table: string): ReadCondition =>
  async (project, ref) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: conditionPk(project, ref) }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : conditionOfItem(Item);
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
