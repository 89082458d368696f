import { randomBytes, randomUUID } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { CallbackInput } from '#shared/actions/step-results.ts';
import { applyApprovalChange, createApproval, readApproval } from '#shared/approvals/approvals.aws.ts';
import { putLocator } from '#shared/approvals/locators.aws.ts';
import { mailApprovers } from '#shared/approvals/mail-approvers.ts';
import { sendMail } from '#shared/approvals/mail.aws.ts';
import { type ApprovalMetric, metricLine } from '#shared/approvals/metric.ts';
import { encryptToken } from '#shared/approvals/task-token.aws.ts';
import { failWait, tellWait } from '#shared/approvals/tell-wait.aws.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { mayApprove } from '#shared/governance/decide.ts';
import { evaluateGates } from '#shared/governance/gates.ts';
import { askPolicies } from '#shared/governance/policies-gate.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { nameOf } from '#shared/operators/registry.ts';
import { listApprovers, readClient, readPerson } from '#shared/operators/registry.aws.ts';
import { readSourceReadings } from '#shared/policies/gate-rows.aws.ts';
import { requiredSources } from '#shared/policies/required-sources.ts';
import { env as environments } from './env.ts';
import { requestApproval } from './request-approval.ts';

const env = parseEnv(environments['request-approval'], process.env);
const db = documentClient();
const sfn = new SFNClient({});

const tools = {
  applyApprovalChange: applyApprovalChange(db, env.APPROVALS_TABLE),
  now: Date.now,
  newId: randomUUID,
  log: logLine,
  count: (metric: ApprovalMetric, ids: Readonly<Record<string, string>>) =>
    logLine(metricLine(metric, env.AUTOPACK_ENV, Date.now(), ids)),
};

const deps = {
  ...tools,
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  decideAction: evaluateGates,
  askPolicies: askPolicies(readSourceReadings(db, env.POLICIES_TABLE), requiredSources, Date.now),
  mayApprove,
  listApprovers: listApprovers(db, env.REGISTRY_TABLE),
  nameOf: nameOf(readPerson(db, env.REGISTRY_TABLE), readClient(db, env.REGISTRY_TABLE)),
  createApproval: createApproval(db, env.APPROVALS_TABLE),
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  encryptToken: encryptToken(new KMSClient({}), env.TOKEN_KEY_ARN),
  tellWait: tellWait(sfn),
  failWait: failWait(sfn),
  mailApprovers: mailApprovers({
    ...tools,
    putLocator: putLocator(db, env.APPROVALS_TABLE),
    sendMail: sendMail(new SESv2Client({}), env.SENDER_ADDRESS),
    randomBytes,
    publicUrl: env.PUBLIC_URL,
  }),
  stageIsProduction: env.AUTOPACK_ENV === 'prod',
};

export const handler = async (event: unknown) => requestApproval(CallbackInput.parse(event), deps);
