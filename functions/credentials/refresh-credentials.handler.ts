import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { putCondition, readCondition } from '#shared/credentials/conditions.aws.ts';
import { listCredentials } from '#shared/credentials/list-credentials.aws.ts';
import {
  moveCurrent,
  putPendingConnection,
  readConnectionVersion,
  readCurrentConnection,
} from '#shared/credentials/oauth/connection-secret.aws.ts';
import { oauthOverrides } from '#shared/credentials/oauth/endpoints.ts';
import { putExchange, putLease, readExchange, readLease } from '#shared/credentials/oauth/exchanges.aws.ts';
import { askTokens } from '#shared/credentials/oauth/token.http.ts';
import { closeReauthTask, openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { env as environments } from './env.ts';
import { refreshCredentials } from './refresh-credentials.ts';

const env = parseEnv(environments['refresh-credentials'], process.env);
const db = documentClient();
const secrets = new SecretsManagerClient({});
const { allowLoopback } = providerOverrides(env);

const deps = {
  now: Date.now,
  newId: randomUUID,
  pause: async (ms: number) => pause(ms),
  stage: env.AUTOPACK_ENV,
  log: logLine,
  listCredentials: listCredentials(db, env.CREDENTIALS_TABLE),
  readLease: readLease(db, env.CREDENTIALS_TABLE),
  putLease: putLease(db, env.CREDENTIALS_TABLE),
  readExchange: readExchange(db, env.CREDENTIALS_TABLE),
  putExchange: putExchange(db, env.CREDENTIALS_TABLE),
  readCondition: readCondition(db, env.CREDENTIALS_TABLE),
  putCondition: putCondition(db, env.CREDENTIALS_TABLE),
  openReauthTask: openReauthTask(db, env.CREDENTIALS_TABLE, Date.now),
  closeReauthTask: closeReauthTask(db, env.CREDENTIALS_TABLE, Date.now),
  readCurrent: readCurrentConnection(secrets),
  readVersion: readConnectionVersion(secrets),
  putPending: putPendingConnection(secrets),
  moveCurrent: moveCurrent(secrets),
  askTokens: askTokens({ overrides: oauthOverrides(env), allowLoopback, now: Date.now }),
};

/** Every five minutes. Idempotent; what fails is tried again by the next run. */
export const handler = async () => refreshCredentials(deps);
