import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { putCondition, readCondition } from '#shared/credentials/conditions.aws.ts';
import { readCredential } from '#shared/credentials/credentials.aws.ts';
import { listCredentials } from '#shared/credentials/list-credentials.aws.ts';
import {
  moveCurrent,
  putPendingConnection,
  readConnectionVersion,
  readCurrentConnection,
} from '#shared/credentials/oauth/connection-secret.aws.ts';
import { oauthOverrides } from '#shared/credentials/oauth/endpoints.ts';
import { putExchange, putLease, readExchange, readLease } from '#shared/credentials/oauth/exchanges.aws.ts';
import { askAccount, askTokens } from '#shared/credentials/oauth/token.http.ts';
import { closeReauthTask, openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { useSignIn } from '#shared/operators/sign-ins.aws.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { finishConnection, startConnection } from './connect-account.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['connect-account'], process.env);
const db = documentClient();
const secrets = new SecretsManagerClient({});
const overrides = oauthOverrides(env);
const calls = { overrides, allowLoopback: providerOverrides(env).allowLoopback, now: Date.now };

const deps = {
  now: Date.now,
  newId: randomUUID,
  newToken: () => randomBytes(32).toString('base64url'),
  pause: async (ms: number) => pause(ms),
  log: logLine,
  overrides,
  publicUrl: env.PUBLIC_URL.replace(/\/$/, ''),
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: readPerson(db, env.REGISTRY_TABLE),
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  useTransaction: useSignIn(db, env.REGISTRY_TABLE),
  readCredential: readCredential(db, env.CREDENTIALS_TABLE),
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
  askTokens: askTokens(calls),
  askAccount: askAccount(calls),
};

/** GET /credentials/connect/{provider} and its callback. */
export const handler = httpHandler(
  (request) =>
    request.path.endsWith('/callback') ? finishConnection(request, deps) : startConnection(request, deps),
  { page: true },
);
