import { randomUUID } from 'node:crypto';
import { SFNClient } from '@aws-sdk/client-sfn';
import { startExecution } from '#shared/actions/executions.aws.ts';
import { actionOfPath } from '#shared/actions/http-input.ts';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import { httpHandler, requirePrincipal, requireProject } from '#shared/operators/http-edge.ts';
import { env as environments } from './env.ts';
import { submitAction } from './submit-action.ts';

const env = parseEnv(environments['submit-action'], process.env);
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
  if (
    principal.kind === 'public' ||
    !(principal.roles.includes('agent') || principal.roles.includes('operator'))
  ) {
    throw new ProblemError('FORBIDDEN', 'Submitting needs the role "agent" or "operator" in this project.');
  }
  const { status, action } = await submitAction({ id, principal }, deps);
  return { status, json: action };
});
