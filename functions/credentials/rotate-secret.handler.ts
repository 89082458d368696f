import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { putCondition, readCondition } from '#shared/credentials/conditions.aws.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { listCredentials } from '#shared/credentials/list-credentials.aws.ts';
import { apiKeyKind } from '#shared/credentials/rotation/api-key.ts';
import { askApi } from '#shared/credentials/rotation/api-key.http.ts';
import { countRotation } from '#shared/credentials/rotation/count-rotation.ts';
import { KEYRING_TIMING } from '#shared/credentials/rotation/keyring-document.ts';
import { operatorStagedKind } from '#shared/credentials/rotation/operator-staged.ts';
import { hmacKeyringKind, signingKeyKind } from '#shared/credentials/rotation/ring-kinds.ts';
import { targetOf } from '#shared/credentials/rotation/target.ts';
import { probeValue } from '#shared/credentials/rotation/value-probe.http.ts';
import {
  describeSecret,
  moveStage,
  putVersion,
  readVersion,
  removeStage,
} from '#shared/credentials/rotation/versions.aws.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { env as environments } from './env.ts';
import { rotateSecret, RotationEvent } from './rotate-secret.ts';

const env = parseEnv(environments['rotate-secret'], process.env);
const overrides = providerOverrides(env);
const db = documentClient();
const secrets = new SecretsManagerClient({});

const versions = {
  describeSecret: describeSecret(secrets),
  readVersion: readVersion(secrets),
  putVersion: putVersion(secrets),
  moveStage: moveStage(secrets),
  removeStage: removeStage(secrets),
};
const condition = readCondition(db, env.CREDENTIALS_TABLE);
const probe = probeValue({
  baseUrl: (provider) => overrides.baseUrl(`${provider}/`),
  allowLoopback: overrides.allowLoopback,
});
const ask = askApi({ allowLoopback: overrides.allowLoopback });
const ring = { now: Date.now, randomBytes };

const deps = {
  versions,
  targetOf: targetOf({
    listCredentials: listCredentials(db, env.CREDENTIALS_TABLE),
    house: {
      [env.KEYRING_SECRET_ARN]: hmacKeyringKind(KEYRING_TIMING, ring),
      [env.SIGNING_SECRET_ARN]: signingKeyKind(KEYRING_TIMING, ring),
    },
    operatorStaged: (credential) =>
      operatorStagedKind(credential, {
        ...versions,
        probe,
        knownAccount: async ({ project, ...ref }: Credential) =>
          (await condition(project, ref))?.providerAccount ?? null,
      }),
    apiKey: (credential, renewal) =>
      apiKeyKind(credential, renewal, { readVersion: versions.readVersion, ask }),
  }),
  countRotation: countRotation({
    readCondition: condition,
    putCondition: putCondition(db, env.CREDENTIALS_TABLE),
    now: Date.now,
  }),
  sleep: async (ms: number) => sleep(ms),
  now: Date.now,
  log: logLine,
};

/** One step of a rotation, as Secrets Manager asks for it. */
export const handler = async (event: unknown): Promise<void> =>
  rotateSecret(RotationEvent.parse(event), deps);
