import { randomBytes } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { listApprovals, readApproval } from '#shared/approvals/approvals.aws.ts';
import { countUp } from '#shared/approvals/counters.aws.ts';
import { readLocator } from '#shared/approvals/locators.aws.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { readCredential } from '#shared/credentials/credentials.aws.ts';
import { listOpenReauthTasks } from '#shared/credentials/reauth-tasks.aws.ts';
import { mayApprove } from '#shared/governance/decide.ts';
import { askPolicies } from '#shared/governance/policies-gate.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { useKeyring } from '#shared/credentials/use-keyring.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { readSourceReadings } from '#shared/policies/gate-rows.aws.ts';
import { listSources, readStates } from '#shared/policies/policies.aws.ts';
import { requiredSources } from '#shared/policies/required-sources.ts';
import { env as environments } from './env.ts';
import { showPages } from './show-pages.ts';

const env = parseEnv(environments['show-pages'], process.env);
const db = documentClient();

const deps = {
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: readPerson(db, env.REGISTRY_TABLE),
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  readLocator: readLocator(db, env.APPROVALS_TABLE),
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  listApprovals: listApprovals(db, env.APPROVALS_TABLE),
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  mayApprove,
  askPolicies: askPolicies(readSourceReadings(db, env.POLICIES_TABLE), requiredSources, Date.now),
  listSources: listSources(db, env.POLICIES_TABLE),
  readStates: readStates(db, env.POLICIES_TABLE),
  listReauthTasks: listOpenReauthTasks(db, env.CREDENTIALS_TABLE),
  readCredential: readCredential(db, env.CREDENTIALS_TABLE),
  countUp: countUp(db, env.CONTROLS_TABLE),
  useKeyring: useKeyring(new SecretsManagerClient({}), env.KEYRING_SECRET_ARN),
  randomBytes,
  now: Date.now,
  stageIsProduction: env.AUTOPACK_ENV === 'prod',
};

/** GET /, GET /inbox and GET /a/{locator}. */
export const handler = httpHandler((request) => showPages(request, deps), { page: true });
