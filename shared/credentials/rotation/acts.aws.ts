import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../../config/dynamo.aws.ts';
import { actPk, CredentialAct, type RecordAct } from './acts.ts';

/** Partition of the index `byKind` that acts are found in, in the order of their time. */
const ACT_KIND = 'act';

/** Puts it once; an id that was used already is an error. */
export const recordAct =
  (db: Db, table: string): RecordAct =>
  async (act) => {
    await db.send(
      new PutCommand({
        TableName: table,
        Item: {
          ...CredentialAct.parse(act),
          pk: actPk(act),
          rowKind: ACT_KIND,
          sortKey: `${act.at}#${act.id}`,
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  };
