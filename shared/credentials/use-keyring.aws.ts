import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretCache } from '../config/secret-cache.ts';
import { readSecretReference } from '../config/secret-reference.aws.ts';
import { readConfigSecret, SECRET_VALUE } from '../config/secrets.ts';
import { overlapMs } from './keyring.ts';
import { KEYRING_TIMING, openKeyring } from './rotation/keyring-document.ts';
import type { UseKeyring } from './use-keyring.ts';

/** The ring of a secret, kept no longer than its timing says. @throws ConfigSecretError, Error KEYRING_INVALID */
export const useKeyring = (
  secrets: SecretsManagerClient,
  secretId: string,
  now: () => number = Date.now,
): UseKeyring => {
  const sources = {
    env: { KEYRING_SECRET_ARN: secretId },
    production: true,
    readFile: () => Promise.reject(new Error('a function reads no files')),
    readReference: readSecretReference(secrets),
  };
  const cache = secretCache({
    now,
    cacheMs: KEYRING_TIMING.cacheMs,
    overlapMs: overlapMs(KEYRING_TIMING),
    read: async () => {
      const found = await readConfigSecret('KEYRING', sources);
      if (found === undefined) throw new Error('KEYRING_MISSING: no secret is named');
      return found.secret;
    },
  });
  return (run, keyIsUnknown = () => false) =>
    cache.use(
      'KEYRING',
      async (secret) => run(openKeyring(secret.reveal(SECRET_VALUE) ?? '')),
      (outcome) => 'value' in outcome && keyIsUnknown(outcome.value),
    );
};
