import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { type AcceptUpload, type PutUpload, type ReadUpload, Upload, uploadPk } from './ports.ts';

const itemOf = (upload: Upload): Record<string, unknown> => ({
  ...upload,
  pk: uploadPk(upload.source, upload.uploadId),
});
const uploadOf = ({ pk: _pk, ...row }: Record<string, unknown>): Upload => Upload.parse(row);

const storedInstead = (error: unknown): Upload => {
  if (!(error instanceof ConditionalCheckFailedException) || error.Item === undefined) throw error;
  return uploadOf(unmarshall(error.Item));
};

export const putUpload =
  (db: Db, table: string): PutUpload =>
  async (upload) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: itemOf(upload),
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return upload;
    } catch (error) {
      return storedInstead(error);
    }
  };

export const readUpload =
  (db: Db, table: string): ReadUpload =>
  async (source, id) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: uploadPk(source, id) }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : uploadOf(Item);
  };

export const acceptUpload =
  (db: Db, table: string): AcceptUpload =>
  async (upload) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: itemOf(upload),
          ConditionExpression: '#status = :waiting',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':waiting': 'WAITING' },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return upload;
    } catch (error) {
      return storedInstead(error);
    }
  };
