import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { listCredentials } from '#shared/credentials/list-credentials.aws.ts';
import { describeSecret } from '#shared/credentials/rotation/versions.aws.ts';
import { env as environments } from './env.ts';
import { watchRotations } from './watch-rotations.ts';

const env = parseEnv(environments['watch-rotations'], process.env);
const db = documentClient();

const deps = {
  listCredentials: listCredentials(db, env.CREDENTIALS_TABLE),
  describeSecret: describeSecret(new SecretsManagerClient({})),
  house: [env.KEYRING_SECRET_ARN, env.SIGNING_SECRET_ARN],
  stage: env.AUTOPACK_ENV,
  now: Date.now,
  log: logLine,
};

/** Every ten minutes. Reads labels only. */
export const handler = async () => watchRotations(deps);
