import { S3Client } from '@aws-sdk/client-s3';
import { actionOfPath, listQueryOf } from '#shared/actions/http-input.ts';
import { listActions, readAction } from '#shared/actions/ledger.aws.ts';
import { readApproval } from '#shared/approvals/approvals.aws.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { httpHandler, requirePrincipal, requireProject } from '#shared/operators/http-edge.ts';
import { env as environments } from './env.ts';
import { listProjectActions, readOneAction } from './read-actions.ts';

const env = parseEnv(environments['read-actions'], process.env);
const db = documentClient();

const deps = {
  read: readAction(db, env.ACTIONS_TABLE),
  list: listActions(db, env.ACTIONS_TABLE),
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  readApproval: readApproval(db, env.APPROVALS_TABLE),
};

export const handler = httpHandler(async (request) => {
  const principal = requirePrincipal(request);
  if (request.params.key !== undefined) {
    const id = actionOfPath(request);
    requireProject(principal, id.project);
    return { status: 200, json: await readOneAction(id, deps) };
  }
  const query = listQueryOf(request);
  requireProject(principal, query.project);
  return { status: 200, json: await listProjectActions(query, deps) };
});
