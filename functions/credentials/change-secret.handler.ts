import { randomUUID } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { readCredential } from '#shared/credentials/credentials.aws.ts';
import { recordAct } from '#shared/credentials/rotation/acts.aws.ts';
import { cancelRotation, startRotation } from '#shared/credentials/rotation/start.aws.ts';
import { describeSecret, putVersion, removeStage } from '#shared/credentials/rotation/versions.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { changeSecret } from './change-secret.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['change-secret'], process.env);
const db = documentClient();
const secrets = new SecretsManagerClient({});

const deps = {
  readPerson: readPerson(db, env.REGISTRY_TABLE),
  readCredential: readCredential(db, env.CREDENTIALS_TABLE),
  describeSecret: describeSecret(secrets),
  putVersion: putVersion(secrets),
  removeStage: removeStage(secrets),
  startRotation: startRotation(secrets),
  cancelRotation: cancelRotation(secrets),
  recordAct: recordAct(db, env.CREDENTIALS_TABLE),
  house: { keyring: env.KEYRING_SECRET_ARN, 'signing-keys': env.SIGNING_SECRET_ARN },
  rotationFunctionArn: env.ROTATION_FUNCTION_ARN,
  newId: randomUUID,
  now: Date.now,
};

/** POST …/stage, …/rotate and …/unstick of a credential or a house secret. */
export const handler = httpHandler((request) => changeSecret(request, deps));
