import { randomUUID } from 'node:crypto';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { StepInput } from '#shared/actions/step-results.ts';
import { applyApprovalChange, readApproval } from '#shared/approvals/approvals.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { closeApproval } from './close-approval.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['close-approval'], process.env);
const db = documentClient();

const deps = {
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  applyApprovalChange: applyApprovalChange(db, env.APPROVALS_TABLE),
  now: Date.now,
  newId: randomUUID,
};

export const handler = async (event: unknown) => closeApproval(StepInput.parse(event), deps);
