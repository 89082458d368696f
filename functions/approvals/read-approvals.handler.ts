import { S3Client } from '@aws-sdk/client-s3';
import { listApprovals, readApproval } from '#shared/approvals/approvals.aws.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { env as environments } from './env.ts';
import { readApprovals } from './read-approvals.ts';

const env = parseEnv(environments['read-approvals'], process.env);
const db = documentClient();

const deps = {
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  listApprovals: listApprovals(db, env.APPROVALS_TABLE),
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  now: Date.now,
};

/** GET /approvals and GET /approvals/{id}. */
export const handler = httpHandler((request) => readApprovals(request, deps));
