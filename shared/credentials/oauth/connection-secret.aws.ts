import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { SecretDocument } from '../secret.ts';
import { type ConnectionVersion, connectionOf, documentOf } from './connection.ts';
import type {
  MoveCurrent,
  PutPendingConnection,
  ReadConnectionVersion,
  ReadCurrentConnection,
} from './secret-port.ts';

const named = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** Never a word of the value, whatever it is. */
const versionOf = (reply: GetSecretValueCommandOutput): ConnectionVersion | undefined => {
  let document: unknown;
  try {
    document = JSON.parse(reply.SecretString ?? '');
  } catch {
    return undefined;
  }
  const fields = SecretDocument.safeParse(document).data;
  const connection = fields === undefined ? undefined : connectionOf(fields);
  if (connection === undefined || reply.VersionId === undefined) return undefined;
  return { versionId: reply.VersionId, connection, createdAt: reply.CreatedDate?.getTime() ?? 0 };
};

const read = async (
  secrets: SecretsManagerClient,
  SecretId: string,
  VersionId: string | undefined,
): Promise<ConnectionVersion | undefined> => {
  try {
    return versionOf(
      await secrets.send(
        new GetSecretValueCommand({ SecretId, ...(VersionId === undefined ? {} : { VersionId }) }),
      ),
    );
  } catch (error) {
    if (named(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
};

/** The version that carries AWSCURRENT; undefined where there is none, or it is no connection. */
export const readCurrentConnection =
  (secrets: SecretsManagerClient): ReadCurrentConnection =>
  (secretId) =>
    read(secrets, secretId, undefined);

/** One version by its id, whatever stage it carries. */
export const readConnectionVersion =
  (secrets: SecretsManagerClient): ReadConnectionVersion =>
  (secretId, versionId) =>
    read(secrets, secretId, versionId);

/** Puts a version under its id, as AWSPENDING. */
export const putPendingConnection =
  (secrets: SecretsManagerClient): PutPendingConnection =>
  async (secretId, versionId, connection) => {
    try {
      await secrets.send(
        new PutSecretValueCommand({
          SecretId: secretId,
          ClientRequestToken: versionId,
          SecretString: JSON.stringify(documentOf(connection)),
          VersionStages: ['AWSPENDING'],
        }),
      );
      return 'stored';
    } catch (error) {
      if (named(error, 'ResourceExistsException')) return 'taken';
      throw error;
    }
  };

/** Moves AWSCURRENT from the version that was seen with it. */
export const moveCurrent =
  (secrets: SecretsManagerClient): MoveCurrent =>
  async (secretId, to, from) => {
    try {
      await secrets.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: to,
          RemoveFromVersionId: from,
        }),
      );
      return 'moved';
    } catch (error) {
      if (named(error, 'InvalidParameterException')) return 'refused';
      throw error;
    }
  };
