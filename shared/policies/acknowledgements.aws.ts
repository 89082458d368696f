import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { Acknowledgement, acknowledgementPk } from './acknowledge.ts';
import type { ListAcknowledgements, RecordAcknowledgement } from './ports.ts';
import { statePk } from './row-keys.ts';

/**
 * The state that a person's word led to and the record of that word, in one transaction: there is never one without the
 * other. The state's version is the condition, so a newer look at the page makes the word void.
 */
export const recordAcknowledgement =
  (db: Db, tables: { readonly policies: string }): RecordAcknowledgement =>
  async ({ to, acknowledgement }) => {
    try {
      await db.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Put: {
                TableName: tables.policies,
                Item: {
                  ...acknowledgement,
                  pk: acknowledgementPk(acknowledgement),
                  kind: `ack#${acknowledgement.source}`,
                  sortKey: acknowledgement.people.at(-1)?.at,
                },
              },
            },
            {
              Put: {
                TableName: tables.policies,
                Item: { ...to, pk: statePk(to.source) },
                ConditionExpression: '#version = :version',
                ExpressionAttributeNames: { '#version': 'version' },
                ExpressionAttributeValues: { ':version': to.version - 1 },
              },
            },
          ],
        }),
      );
      return 'recorded';
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
      if (codes.includes('ConditionalCheckFailed') || codes.includes('TransactionConflict')) return 'refused';
      throw error;
    }
  };

/** Newest first; the index gives the keys, the rows are read strongly. */
export const listAcknowledgements =
  (db: Db, table: string): ListAcknowledgements =>
  async (source, limit) => {
    const { Items = [] } = await db.send(
      new QueryCommand({
        TableName: table,
        IndexName: 'byKind',
        KeyConditionExpression: '#kind = :kind',
        ExpressionAttributeNames: { '#kind': 'kind' },
        ExpressionAttributeValues: { ':kind': `ack#${source}` },
        ScanIndexForward: false,
        Limit: limit,
      }),
    );
    const rows = await readRows(
      db,
      Items.map(({ pk }) => ({ table, pk: String(pk) })),
    );
    return rows.flatMap((item) => {
      if (item === undefined) return [];
      const { pk: _pk, kind: _kind, sortKey: _sortKey, ...row } = item;
      return [Acknowledgement.parse(row)];
    });
  };
