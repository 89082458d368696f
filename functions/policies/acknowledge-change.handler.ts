import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { countUp } from '#shared/approvals/counters.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { useKeyring } from '#shared/credentials/use-keyring.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { recordAcknowledgement } from '#shared/policies/acknowledgements.aws.ts';
import { POLICIES_PAGE } from '#shared/policies/console-paths.ts';
import { readSource, readState } from '#shared/policies/policies.aws.ts';
import { acknowledgeOnPage, acknowledgeOverHttp } from './acknowledge-change.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['acknowledge-change'], process.env);
const db = documentClient();
const people = readPerson(db, env.REGISTRY_TABLE);

const deps = {
  readPerson: people,
  readSource: readSource(db, env.POLICIES_TABLE),
  readState: readState(db, env.POLICIES_TABLE),
  recordAcknowledgement: recordAcknowledgement(db, { policies: env.POLICIES_TABLE }),
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: people,
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  useKeyring: useKeyring(new SecretsManagerClient({}), env.KEYRING_SECRET_ARN),
  countUp: countUp(db, env.CONTROLS_TABLE),
  now: Date.now,
  log: logLine,
};

const onPage = httpHandler((request) => acknowledgeOnPage(request, deps), { page: true });
const overHttp = httpHandler((request) => acknowledgeOverHttp(request, deps));

/** POST /sources/{source}/change with a session, POST /policies/{source}/acknowledge with an operator's token. */
export const handler = async (event: { readonly rawPath?: string }) =>
  event.rawPath?.startsWith(`${POLICIES_PAGE}/`) === true ? onPage(event) : overHttp(event);
