import { randomUUID } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { SFNClient } from '@aws-sdk/client-sfn';
import { actionOfPath } from '#shared/actions/http-input.ts';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { applyApprovalChange, readApproval } from '#shared/approvals/approvals.aws.ts';
import { deliverCallback } from '#shared/approvals/deliver-callback.ts';
import { decryptToken } from '#shared/approvals/task-token.aws.ts';
import { tellWait } from '#shared/approvals/tell-wait.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { httpHandler, requirePrincipal, requireProject } from '#shared/operators/http-edge.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import { cancelAction } from './cancel-action.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['cancel-action'], process.env);
const db = documentClient();

const approvals = {
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  applyApprovalChange: applyApprovalChange(db, env.APPROVALS_TABLE),
  decryptToken: decryptToken(new KMSClient({}), env.TOKEN_KEY_ARN),
  tellWait: tellWait(new SFNClient({})),
  newId: randomUUID,
};
const deps = {
  ...approvals,
  now: Date.now,
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  deliverCallback: (approvalId: string) => deliverCallback(approvalId, approvals),
  log: logLine,
};

export const handler = httpHandler(async (request) => {
  const principal = requirePrincipal(request);
  const id = actionOfPath(request);
  requireProject(principal, id.project);
  if (principal.kind === 'public') throw new ProblemError('FORBIDDEN', 'Sign in to withdraw an action.');
  const { status, action } = await cancelAction({ id, principal }, deps);
  return { status, json: action };
});
