import { randomUUID } from 'node:crypto';
import { SFNClient } from '@aws-sdk/client-sfn';
import { startExecution } from '#shared/actions/executions.aws.ts';
import { actionOfPath } from '#shared/actions/http-input.ts';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { ResolveBody } from '#shared/actions/proposal.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import {
  httpHandler,
  readJson,
  requirePrincipal,
  requireProject,
  requireRole,
} from '#shared/operators/http-edge.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import { env as environments } from './env.ts';
import { resolveAction } from './resolve-action.ts';

const env = parseEnv(environments['resolve-action'], process.env);
const db = documentClient();

const deps = {
  now: Date.now,
  newId: randomUUID,
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  start: startExecution(new SFNClient({}), env.ACTION_STATE_MACHINE_ARN),
  log: logLine,
};

export const handler = httpHandler(async (request) => {
  const principal = requirePrincipal(request);
  const id = actionOfPath(request);
  requireProject(principal, id.project);
  if (principal.kind !== 'person') {
    throw new ProblemError('PERSON_REQUIRED', 'Only a signed-in operator may say what became of it.');
  }
  requireRole(principal, 'operator');
  const { status, action } = await resolveAction(
    { id, principal, body: readJson(request, ResolveBody) },
    deps,
  );
  return { status, json: action };
});
