import { randomBytes } from 'node:crypto';
import { STAGES } from '../stages.ts';
import type { SecretsManagerService } from './ports.ts';
import type { Host } from './service.ts';

/**
 * Keys of the stand-in: made once per data folder, kept in the local Secrets Manager under the names of the stage
 * record's stand-in credentials, worth nothing anywhere else.
 */
export const standInKeys = async (
  secrets: SecretsManagerService,
  host: Host,
): Promise<{ readonly keyId: string; readonly secretKey: string }[]> =>
  Promise.all(
    STAGES.dev.credentials
      .filter(({ standIn }) => standIn)
      .map(async ({ secretId }) => {
        await secrets.ensureSecret({
          arn: `arn:aws:secretsmanager:${host.region}:${host.accountId}:secret:${secretId}-local1`,
          name: secretId,
          description: 'Keys of the Alpaca stand-in on this machine',
          secretString: JSON.stringify({
            keyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
            secretKey: randomBytes(24).toString('base64url'),
          }),
        });
        return JSON.parse(await secrets.currentValue(secretId)) as { keyId: string; secretKey: string };
      }),
  );
