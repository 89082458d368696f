import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { conditionOfItem } from './conditions.aws.ts';
import { conditionPkOf, type ListStandings } from './condition.ts';
import { credentialOfItem, GRANT_KIND, type ListCredentials } from './credential.ts';

/** Keys of every grant, by the index. */
const grantKeys = async (db: Db, table: string): Promise<string[]> => {
  const keys: string[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await db.send(
      new QueryCommand({
        TableName: table,
        IndexName: 'byKind',
        KeyConditionExpression: 'rowKind = :kind',
        ExpressionAttributeValues: { ':kind': GRANT_KIND },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    for (const item of page.Items ?? []) keys.push(String(item['pk']));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return keys;
};

/** The index only finds them; the rows are read strongly. */
export const listCredentials =
  (db: Db, table: string): ListCredentials =>
  async () => {
    const keys = await grantKeys(db, table);
    const rows = await readRows(
      db,
      keys.map((pk) => ({ table, pk })),
    );
    return rows.flatMap((row) => (row === undefined ? [] : (credentialOfItem(row) ?? [])));
  };

/** Grants with their conditions, by key, strongly read. */
export const listStandings =
  (db: Db, table: string): ListStandings =>
  async () => {
    const keys = await grantKeys(db, table);
    const rows = await readRows(
      db,
      keys.flatMap((pk) => [
        { table, pk },
        { table, pk: conditionPkOf(pk) },
      ]),
    );
    return keys.flatMap((_pk, index) => {
      const [grantRow, conditionRow] = rows.slice(2 * index, 2 * index + 2);
      const grant = grantRow === undefined ? undefined : credentialOfItem(grantRow);
      if (grant === undefined) return [];
      return [{ grant, condition: conditionRow === undefined ? undefined : conditionOfItem(conditionRow) }];
    });
  };
