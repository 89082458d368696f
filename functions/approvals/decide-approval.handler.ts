import { randomUUID } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { Approval } from '#shared/approvals/approval.ts';
import { applyApprovalChange, readApproval } from '#shared/approvals/approvals.aws.ts';
import { countUp } from '#shared/approvals/counters.aws.ts';
import { deliverCallback } from '#shared/approvals/deliver-callback.ts';
import { readLocator } from '#shared/approvals/locators.aws.ts';
import { decryptToken } from '#shared/approvals/task-token.aws.ts';
import { tellWait } from '#shared/approvals/tell-wait.aws.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { mayApprove } from '#shared/governance/decide.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { useKeyring } from '#shared/credentials/use-keyring.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { decideOnPage, decideOverHttp } from './decide-approval.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['decide-approval'], process.env);
const db = documentClient();
const people = readPerson(db, env.REGISTRY_TABLE);

const outbox = {
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  applyApprovalChange: applyApprovalChange(db, env.APPROVALS_TABLE),
  decryptToken: decryptToken(new KMSClient({}), env.TOKEN_KEY_ARN),
  tellWait: tellWait(new SFNClient({})),
  newId: randomUUID,
};

const deps = {
  ...outbox,
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  mayApprove,
  deliverCallback: (written: Approval) => deliverCallback(written, outbox),
  stageIsProduction: env.AUTOPACK_ENV === 'prod',
  now: Date.now,
  log: logLine,
  readPerson: people,
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: people,
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  readLocator: readLocator(db, env.APPROVALS_TABLE),
  useKeyring: useKeyring(new SecretsManagerClient({}), env.KEYRING_SECRET_ARN),
  countUp: countUp(db, env.CONTROLS_TABLE),
};

const onPage = httpHandler((request) => decideOnPage(request, deps), { page: true });
const overHttp = httpHandler((request) => decideOverHttp(request, deps));

/** POST /a/{locator} with a session, POST /approvals/{id}/decision with a person's token. */
export const handler = async (event: { readonly rawPath?: string }) =>
  event.rawPath?.startsWith('/a/') === true ? onPage(event) : overHttp(event);
