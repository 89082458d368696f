import { SESv2Client } from '@aws-sdk/client-sesv2';
import { sendMail } from '#shared/approvals/mail.aws.ts';
import { type ApprovalMetric, metricLine } from '#shared/approvals/metric.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { listOperators } from '#shared/operators/registry.aws.ts';
import { readSource, readState, replaceState } from '#shared/policies/policies.aws.ts';
import { putTold, readTold } from '#shared/policies/told.aws.ts';
import { env as environments } from './env.ts';
import { TellInput, tellPeople } from './tell-people.ts';

const env = parseEnv(environments['tell-people'], process.env);
const db = documentClient();

const deps = {
  now: Date.now,
  readSource: readSource(db, env.POLICIES_TABLE),
  readState: readState(db, env.POLICIES_TABLE),
  replaceState: replaceState(db, env.POLICIES_TABLE),
  readTold: readTold(db, env.POLICIES_TABLE),
  putTold: putTold(db, env.POLICIES_TABLE),
  listOperators: listOperators(db, env.REGISTRY_TABLE),
  sendMail: sendMail(new SESv2Client({}), env.SENDER_ADDRESS),
  count: (metric: ApprovalMetric, ids: Readonly<Record<string, string>>) =>
    logLine(metricLine(metric, env.AUTOPACK_ENV, Date.now(), ids)),
  publicUrl: env.PUBLIC_URL,
};

export const handler = async (event: unknown) => tellPeople(TellInput.parse(event), deps);
