import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { sendMail } from '#shared/approvals/mail.aws.ts';
import { type ApprovalMetric, metricLine } from '#shared/approvals/metric.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { putCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import { readSecretDocument } from '#shared/credentials/credentials.aws.ts';
import { listCredentials } from '#shared/credentials/list-credentials.aws.ts';
import { oauthOverrides } from '#shared/credentials/oauth/endpoints.ts';
import { probeCredential } from '#shared/credentials/probe.http.ts';
import { probeBaseUrl } from '#shared/credentials/probes/base-url.ts';
import { openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import { listApprovers } from '#shared/operators/registry.aws.ts';
import { putTold, readTold } from '#shared/policies/told.aws.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { CheckEvent, checkCredentials } from './check-credentials.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['check-credentials'], process.env);
const db = documentClient();
const overrides = providerOverrides(env);

const deps = {
  now: Date.now,
  listCredentials: listCredentials(db, env.CREDENTIALS_TABLE),
  readStanding: readStanding(db, env.CREDENTIALS_TABLE),
  putCondition: putCondition(db, env.CREDENTIALS_TABLE),
  readSecretDocument: readSecretDocument(new SecretsManagerClient({})),
  probe: probeCredential({
    baseUrl: probeBaseUrl(overrides, oauthOverrides(env)),
    allowLoopback: overrides.allowLoopback,
    now: Date.now,
  }),
  openReauthTask: openReauthTask(db, env.CREDENTIALS_TABLE, Date.now),
  listApprovers: listApprovers(db, env.REGISTRY_TABLE),
  readTold: readTold(db, env.CREDENTIALS_TABLE),
  putTold: putTold(db, env.CREDENTIALS_TABLE),
  sendMail: sendMail(new SESv2Client({}), env.SENDER_ADDRESS),
  count: (metric: ApprovalMetric, ids: Readonly<Record<string, string>>) =>
    logLine(metricLine(metric, env.AUTOPACK_ENV, Date.now(), ids)),
  log: logLine,
  publicUrl: env.PUBLIC_URL,
  stage: env.AUTOPACK_ENV,
};

/** Every hour. Idempotent; what fails is tried again by the next run. */
export const handler = async (event: unknown) => checkCredentials(deps, CheckEvent.parse(event));
