import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Db } from '../config/dynamo.aws.ts';
import { type NoteText, textPk } from './ports.ts';

const Noted = z.object({ sources: z.set(z.string()) });

/** Adding to a set: the same text noted twice is there once, however often a check is repeated. */
export const noteText =
  (db: Db, table: string): NoteText =>
  async (semantic, source) => {
    const { Attributes } = await db.send(
      new UpdateCommand({
        TableName: table,
        Key: { pk: textPk(semantic) },
        UpdateExpression: 'ADD sources :source',
        ExpressionAttributeValues: { ':source': new Set([source]) },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return [...Noted.parse(Attributes).sources].filter((other) => other !== source).toSorted();
  };
