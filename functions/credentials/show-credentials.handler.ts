import { randomBytes } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { listStandings } from '#shared/credentials/list-credentials.aws.ts';
import { useKeyring } from '#shared/credentials/use-keyring.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { env as environments } from './env.ts';
import { showCredentials } from './show-credentials.ts';

const env = parseEnv(environments['show-credentials'], process.env);
const db = documentClient();

const deps = {
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: readPerson(db, env.REGISTRY_TABLE),
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  listStandings: listStandings(db, env.CREDENTIALS_TABLE),
  useKeyring: useKeyring(new SecretsManagerClient({}), env.KEYRING_SECRET_ARN),
  randomBytes,
  log: logLine,
  now: Date.now,
};

/** GET /credentials. */
export const handler = httpHandler((request) => showCredentials(request, deps), { page: true });
