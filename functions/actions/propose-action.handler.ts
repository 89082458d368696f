import { randomUUID } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { startExecution } from '#shared/actions/executions.aws.ts';
import { actionOfProposal } from '#shared/actions/http-input.ts';
import { reserveAction } from '#shared/actions/ledger.aws.ts';
import { Proposal } from '#shared/actions/proposal.ts';
import { storePayload } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { mayPropose } from '#shared/governance/may-propose.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { httpHandler, readJson, requirePrincipal, requireProject } from '#shared/operators/http-edge.ts';
import { findOperation } from '#shared/providers/catalogue.ts';
import { env as environments } from './env.ts';
import { proposeAction } from './propose-action.ts';

const env = parseEnv(environments['propose-action'], process.env);
const db = documentClient();
const s3 = new S3Client({});
const sfn = new SFNClient({});

const deps = {
  now: Date.now,
  newId: randomUUID,
  describeOperation: (operation: string) => findOperation(operation)?.describe(),
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  mayPropose,
  storePayload: storePayload(s3, env.ARTIFACTS_BUCKET),
  reserve: reserveAction(db, env.ACTIONS_TABLE),
  start: startExecution(sfn, env.ACTION_STATE_MACHINE_ARN),
  log: logLine,
};

export const handler = httpHandler(async (request) => {
  const principal = requirePrincipal(request);
  const id = actionOfProposal(request);
  requireProject(principal, id.project);
  const { status, action } = await proposeAction(
    { id, principal, proposal: readJson(request, Proposal) },
    deps,
  );
  const location = `/projects/${id.project}/actions/${encodeURIComponent(id.key)}`;
  return { status, json: action, headers: { location, ...(status === 202 ? { 'retry-after': '5' } : {}) } };
});
