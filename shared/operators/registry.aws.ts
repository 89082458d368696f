import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { ClientRow, PersonRow } from './principal.ts';
import type { BindPersonSubject, ListApprovers, ReadClient, ReadPerson } from './registry.ts';

/** Without the attributes that exist for keys and indexes only. */
const rowOf = (item: Record<string, unknown>): Record<string, unknown> => {
  const { pk: _pk, kind: _kind, sortKey: _sortKey, ...row } = item;
  return row;
};

/** Strongly consistent read of a person by e-mail address, whatever its case. */
export const readPerson =
  (db: Db, table: string): ReadPerson =>
  async (email) => {
    const reply = await db.send(
      new GetCommand({
        TableName: table,
        Key: { pk: `person#${email.toLowerCase()}` },
        ConsistentRead: true,
      }),
    );
    return reply.Item === undefined ? undefined : PersonRow.parse(rowOf(reply.Item));
  };

/** Strongly consistent read of a machine by its OAuth client id. */
export const readClient =
  (db: Db, table: string): ReadClient =>
  async (clientId) => {
    const reply = await db.send(
      new GetCommand({ TableName: table, Key: { pk: `client#${clientId}` }, ConsistentRead: true }),
    );
    return reply.Item === undefined ? undefined : ClientRow.parse(rowOf(reply.Item));
  };

/** Binds a person to the issuer's subject on first use: one conditional write; `refused` for another subject. */
export const bindPersonSubject =
  (db: Db, table: string): BindPersonSubject =>
  async (email, issuerSubject) => {
    try {
      await db.send(
        new UpdateCommand({
          TableName: table,
          Key: { pk: `person#${email.toLowerCase()}` },
          UpdateExpression: 'SET issuerSubject = :subject',
          ConditionExpression:
            'attribute_exists(pk) AND (attribute_not_exists(issuerSubject) OR issuerSubject = :subject)',
          ExpressionAttributeValues: { ':subject': issuerSubject },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return 'bound';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'refused';
      throw error;
    }
  };

/** Active operators, by address. The index only finds them; the rows are read strongly, together. */
export const listOperators = (db: Db, table: string) => async (): Promise<readonly PersonRow[]> => {
  const emails: string[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await db.send(
      new QueryCommand({
        TableName: table,
        IndexName: 'byKind',
        KeyConditionExpression: '#kind = :person',
        ExpressionAttributeNames: { '#kind': 'kind' },
        ExpressionAttributeValues: { ':person': 'person' },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    for (const item of page.Items ?? []) emails.push(z.object({ sortKey: z.string() }).parse(item).sortKey);
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  const rows = await readRows(
    db,
    emails.map((email) => ({ table, pk: `person#${email}` })),
  );
  return rows
    .flatMap((row) => (row === undefined ? [] : [PersonRow.parse(rowOf(row))]))
    .filter(({ active, roles }) => active && roles.includes('operator'));
};

/** Active operators of a project, by address. */
export const listApprovers =
  (db: Db, table: string): ListApprovers =>
  async (project) =>
    (await listOperators(db, table)()).filter(({ projects }) => projects.includes(project));
