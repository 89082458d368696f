import { SESv2Client } from '@aws-sdk/client-sesv2';
import { sendMail } from '#shared/approvals/mail.aws.ts';
import { type ApprovalMetric, metricLine } from '#shared/approvals/metric.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { listOperators } from '#shared/operators/registry.aws.ts';
import { listObservations, listSources, readStates } from '#shared/policies/policies.aws.ts';
import { putTold, readTold } from '#shared/policies/told.aws.ts';
import { env as environments } from './env.ts';
import { DigestInput, weeklyDigest } from './weekly-digest.ts';

const env = parseEnv(environments['weekly-digest'], process.env);
const db = documentClient();

const deps = {
  now: Date.now,
  listSources: listSources(db, env.POLICIES_TABLE),
  readStates: readStates(db, env.POLICIES_TABLE),
  listObservations: listObservations(db, env.POLICIES_TABLE),
  readTold: readTold(db, env.POLICIES_TABLE),
  putTold: putTold(db, env.POLICIES_TABLE),
  listOperators: listOperators(db, env.REGISTRY_TABLE),
  sendMail: sendMail(new SESv2Client({}), env.SENDER_ADDRESS),
  count: (metric: ApprovalMetric, ids: Readonly<Record<string, string>>) =>
    logLine(metricLine(metric, env.AUTOPACK_ENV, Date.now(), ids)),
  publicUrl: env.PUBLIC_URL,
};

export const handler = async (event: unknown) => weeklyDigest(DigestInput.parse(event), deps);
