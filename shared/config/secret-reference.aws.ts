import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretSources } from './secrets.ts';

/** The current value behind a name or ARN. @throws where there is none, or it is not text */
export const readSecretReference =
  (secrets: SecretsManagerClient): SecretSources['readReference'] =>
  async (reference) => {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: reference }));
    if (SecretString === undefined) throw new Error('the secret holds no text');
    return SecretString;
  };
