import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { DescribeSecret, MoveStage, PutVersion, ReadVersion, RemoveStage } from './versions.ts';

const named = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);

/** Labels, rotation settings and dates; never a value. */
export const describeSecret =
  (secrets: SecretsManagerClient): DescribeSecret =>
  async (secretId) => {
    try {
      const reply = await secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
      return {
        arn: reply.ARN ?? secretId,
        name: reply.Name ?? secretId,
        stages: reply.VersionIdsToStages ?? {},
        rotationEnabled: reply.RotationEnabled === true,
        rotationLambdaArn: reply.RotationLambdaARN ?? null,
        lastChangedAt: reply.LastChangedDate?.getTime() ?? null,
        lastRotatedAt: reply.LastRotatedDate?.getTime() ?? null,
        deleted: reply.DeletedDate !== undefined,
      };
    } catch (error) {
      if (named(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  };

/** A version whose stage is not (or no more) the wanted one is none, whichever way Secrets Manager says so. */
export const readVersion =
  (secrets: SecretsManagerClient): ReadVersion =>
  async (secretId, { stage, versionId }) => {
    try {
      const reply = await secrets.send(
        new GetSecretValueCommand({
          SecretId: secretId,
          VersionStage: stage,
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        }),
      );
      return reply.SecretString === undefined || reply.VersionId === undefined
        ? undefined
        : { versionId: reply.VersionId, value: reply.SecretString };
    } catch (error) {
      if (named(error, 'ResourceNotFoundException')) return undefined;
      // The version is there and carries other stages.
      if (versionId !== undefined && named(error, 'InvalidRequestException', 'InvalidParameterException'))
        return undefined;
      throw error;
    }
  };

export const putVersion =
  (secrets: SecretsManagerClient): PutVersion =>
  async (secretId, { token, value, stage }) => {
    try {
      await secrets.send(
        new PutSecretValueCommand({
          SecretId: secretId,
          ClientRequestToken: token,
          SecretString: value,
          VersionStages: [stage],
        }),
      );
      return 'stored';
    } catch (error) {
      if (named(error, 'ResourceExistsException')) return 'exists';
      throw error;
    }
  };

/** Secrets Manager refuses to take a stage from a version that does not have it: the condition of the move. */
export const moveStage =
  (secrets: SecretsManagerClient): MoveStage =>
  async (secretId, { stage, from, to }) => {
    try {
      await secrets.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: stage,
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

export const removeStage =
  (secrets: SecretsManagerClient): RemoveStage =>
  async (secretId, { stage, from }) => {
    try {
      await secrets.send(
        new UpdateSecretVersionStageCommand({
          SecretId: secretId,
          VersionStage: stage,
          RemoveFromVersionId: from,
        }),
      );
      return 'removed';
    } catch (error) {
      if (named(error, 'InvalidParameterException')) return 'refused';
      throw error;
    }
  };
