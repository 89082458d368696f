import {
  CancelRotateSecretCommand,
  RotateSecretCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { CancelRotation, StartRotation } from './start.ts';

export const startRotation =
  (secrets: SecretsManagerClient): StartRotation =>
  async (secretId, { token, functionArn, everyDays }) => {
    try {
      await secrets.send(
        new RotateSecretCommand({
          SecretId: secretId,
          ClientRequestToken: token,
          RotationLambdaARN: functionArn,
          RotationRules: { AutomaticallyAfterDays: everyDays },
          RotateImmediately: true,
        }),
      );
      return 'started';
    } catch (error) {
      const again =
        error instanceof Error &&
        error.name === 'InvalidRequestException' &&
        /previous rotation/i.test(error.message);
      if (again) return 'tried-again';
      throw error;
    }
  };

export const cancelRotation =
  (secrets: SecretsManagerClient): CancelRotation =>
  async (secretId) => {
    await secrets.send(new CancelRotateSecretCommand({ SecretId: secretId }));
  };
