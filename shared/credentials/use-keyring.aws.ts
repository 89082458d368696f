import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretCache } from '../config/secret-cache.ts';
import { overlapMs } from './keyring.ts';
import { KEYRING_TIMING, openKeyring } from './rotation/keyring-document.ts';
import { Secret } from './secret.ts';
import type { UseKeyring } from './use-keyring.ts';

/** The ring of a secret, kept no longer than its timing says. */
export const useKeyring = (
  secrets: SecretsManagerClient,
  secretId: string,
  now: () => number = Date.now,
): UseKeyring => {
  const cache = secretCache({
    now,
    cacheMs: KEYRING_TIMING.cacheMs,
    overlapMs: overlapMs(KEYRING_TIMING),
    read: async (name) => {
      const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
      return new Secret({ ring: SecretString });
    },
  });
  return (run, keyIsUnknown = () => false) =>
    cache.use(
      secretId,
      async (secret) => run(openKeyring(secret.reveal('ring') ?? '')),
      (outcome) => 'value' in outcome && keyIsUnknown(outcome.value),
    );
};
