import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { credentialOfItem, GRANT_KIND, type ListCredentials } from './credential.ts';

/** The index only finds them; the rows are read strongly. */
export const listCredentials =
  (db: Db, table: string): ListCredentials =>
  async () => {
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
    const rows = await readRows(
      db,
      keys.map((pk) => ({ table, pk })),
    );
    return rows.flatMap((row) => (row === undefined ? [] : (credentialOfItem(row) ?? [])));
  };
