import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { sendMail } from '#shared/approvals/mail.aws.ts';
import { type ApprovalMetric, metricLine } from '#shared/approvals/metric.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { credentialIsUsable, readCredential } from '#shared/credentials/credentials.aws.ts';
import {
  claimReauthTask,
  closeReauthTask,
  listOpenReauthTasks,
} from '#shared/credentials/reauth-tasks.aws.ts';
import { listApprovers } from '#shared/operators/registry.aws.ts';
import { putTold, readTold } from '#shared/policies/told.aws.ts';
import { env as environments } from './env.ts';
import { tendReauthTasks } from './tend-reauth-tasks.ts';

const env = parseEnv(environments['tend-reauth-tasks'], process.env);
const db = documentClient();

const deps = {
  now: Date.now,
  listOpen: listOpenReauthTasks(db, env.CREDENTIALS_TABLE),
  readCredential: readCredential(db, env.CREDENTIALS_TABLE),
  credentialIsUsable: credentialIsUsable(db, env.CREDENTIALS_TABLE, new SecretsManagerClient({})),
  claim: claimReauthTask(db, env.CREDENTIALS_TABLE),
  close: closeReauthTask(db, env.CREDENTIALS_TABLE, Date.now),
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

/** Every minute. Idempotent; what fails is tried again by the next run. */
export const handler = async () => tendReauthTasks(deps);
