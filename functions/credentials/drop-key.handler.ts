import { randomUUID } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { recordAct } from '#shared/credentials/rotation/acts.aws.ts';
import { putDrop, readDrop } from '#shared/credentials/rotation/drops.aws.ts';
import {
  describeSecret,
  moveStage,
  putVersion,
  readVersion,
} from '#shared/credentials/rotation/versions.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { dropRingKey } from './drop-key.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['drop-key'], process.env);
const db = documentClient();
const secrets = new SecretsManagerClient({});

const deps = {
  readPerson: readPerson(db, env.REGISTRY_TABLE),
  describeSecret: describeSecret(secrets),
  readVersion: readVersion(secrets),
  putVersion: putVersion(secrets),
  moveStage: moveStage(secrets),
  readDrop: readDrop(db, env.CREDENTIALS_TABLE),
  putDrop: putDrop(db, env.CREDENTIALS_TABLE),
  recordAct: recordAct(db, env.CREDENTIALS_TABLE),
  house: { keyring: env.KEYRING_SECRET_ARN, 'signing-keys': env.SIGNING_SECRET_ARN },
  newId: randomUUID,
  now: Date.now,
  log: logLine,
};

/** POST /house-secrets/{secret}/drop. */
export const handler = httpHandler((request) => dropRingKey(request, deps));
