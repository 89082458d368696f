import { randomUUID } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { countUp } from '#shared/approvals/counters.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { putCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import { LOOK_PAGE } from '#shared/credentials/console-paths.ts';
import { readSecretDocument } from '#shared/credentials/credentials.aws.ts';
import { claimLook } from '#shared/credentials/look-claims.aws.ts';
import { oauthOverrides } from '#shared/credentials/oauth/endpoints.ts';
import { probeCredential } from '#shared/credentials/probe.http.ts';
import { probeBaseUrl } from '#shared/credentials/probes/base-url.ts';
import { openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import { recordAct } from '#shared/credentials/rotation/acts.aws.ts';
import { useKeyring } from '#shared/credentials/use-keyring.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { env as environments } from './env.ts';
import { lookOnPage, lookOverHttp } from './look-at-credential.ts';

const env = parseEnv(environments['look-at-credential'], process.env);
const db = documentClient();
const secrets = new SecretsManagerClient({});
const overrides = providerOverrides(env);
const people = readPerson(db, env.REGISTRY_TABLE);
const probing = { baseUrl: probeBaseUrl(overrides, oauthOverrides(env)), now: Date.now };

const deps = {
  now: Date.now,
  newId: randomUUID,
  readPerson: people,
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: people,
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  readStanding: readStanding(db, env.CREDENTIALS_TABLE),
  putCondition: putCondition(db, env.CREDENTIALS_TABLE),
  openReauthTask: openReauthTask(db, env.CREDENTIALS_TABLE, Date.now),
  recordAct: recordAct(db, env.CREDENTIALS_TABLE),
  claimLook: claimLook(db, env.CONTROLS_TABLE),
  countUp: countUp(db, env.CONTROLS_TABLE),
  readSecretDocument: readSecretDocument(secrets),
  useKeyring: useKeyring(secrets, env.KEYRING_SECRET_ARN),
  probe: probeCredential({ ...probing, allowLoopback: overrides.allowLoopback }),
};

const onPage = httpHandler((request) => lookOnPage(request, deps), { page: true });
const overHttp = httpHandler((request) => lookOverHttp(request, deps));

/** POST /credentials/look with a session, POST …/look of a credential with an operator's token. */
export const handler = async (event: { readonly rawPath?: string }) =>
  event.rawPath === LOOK_PAGE ? onPage(event) : overHttp(event);
