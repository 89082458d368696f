import { randomBytes } from 'node:crypto';
import type { SecretsManagerService } from '../ports.ts';
import type { Host } from '../service.ts';
import type { OAuthStandIn } from './ports.ts';
import { STAND_IN_PROVIDERS } from './rules.ts';

/** Where the app of each stand-in provider is kept: `autopack/dev/<provider>-stand-in`. */
export const standInSecretId = (provider: string): string => `autopack/dev/${provider}-stand-in`;

/**
 * Registers Autopack as an app with each stand-in provider: made once per data folder, kept in the local Secrets
 * Manager beside what connecting adds to it, worth nothing anywhere else.
 * @param publicUrl where the callbacks are, exactly
 */
export const oauthClients = async (
  standIn: OAuthStandIn,
  secrets: SecretsManagerService,
  host: Pick<Host, 'region' | 'accountId'>,
  publicUrl: string,
): Promise<void> => {
  for (const provider of STAND_IN_PROVIDERS) {
    const name = standInSecretId(provider);
    await secrets.ensureSecret({
      arn: `arn:aws:secretsmanager:${host.region}:${host.accountId}:secret:${name}-local1`,
      name,
      description: `App at the stand-in of ${provider} on this machine, and what connecting it brings`,
      secretString: JSON.stringify({
        clientId: `local-${randomBytes(8).toString('hex')}`,
        clientSecret: randomBytes(24).toString('base64url'),
      }),
    });
    const { clientId = '', clientSecret = '' } = JSON.parse(await secrets.currentValue(name)) as Record<
      string,
      string
    >;
    await standIn.ensureClient({
      provider,
      clientId,
      clientSecret,
      redirectUris: [`${publicUrl}/credentials/connect/${provider}/callback`],
    });
  }
};
