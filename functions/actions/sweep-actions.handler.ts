import { randomUUID } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { ActionId } from '#shared/actions/identity.ts';
import { readExecution, readExecutionInput, startExecution } from '#shared/actions/executions.aws.ts';
import { applyChange, countParked, listDue, readAction } from '#shared/actions/ledger.aws.ts';
import {
  applyApprovalChange,
  listPendingCallbacks,
  oldestWaiting,
  readApproval,
} from '#shared/approvals/approvals.aws.ts';
import { deliverCallback } from '#shared/approvals/deliver-callback.ts';
import { decryptToken } from '#shared/approvals/task-token.aws.ts';
import { tellWait } from '#shared/approvals/tell-wait.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { putCredentialWait, readCredentialWait } from '#shared/credentials/credential-waits.aws.ts';
import { credentialIsUsable } from '#shared/credentials/credentials.aws.ts';
import { resumePaused } from '#shared/credentials/resume-paused.ts';
import { tellCredentialWait } from '#shared/credentials/tell-credential-wait.aws.ts';
import { findOperation } from '#shared/providers/catalogue.ts';
import { env as environments } from './env.ts';
import { SweepEvent, sweepActions } from './sweep-actions.ts';

const env = parseEnv(environments['sweep-actions'], process.env);
const db = documentClient();
const sfn = new SFNClient({});
const clock = { now: Date.now, newId: randomUUID };
const decrypt = decryptToken(new KMSClient({}), env.TOKEN_KEY_ARN);

const approvals = {
  ...clock,
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  applyApprovalChange: applyApprovalChange(db, env.APPROVALS_TABLE),
  decryptToken: decrypt,
  tellWait: tellWait(sfn),
};
const deps = {
  ...clock,
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  listDue: listDue(db, env.ACTIONS_TABLE),
  countParked: countParked(db, env.ACTIONS_TABLE),
  start: startExecution(sfn, env.ACTION_STATE_MACHINE_ARN),
  readExecution: readExecution(sfn, env.ACTION_STATE_MACHINE_ARN),
  readExecutionInput: readExecutionInput(sfn),
  listPendingCallbacks: listPendingCallbacks(db, env.APPROVALS_TABLE),
  oldestWaiting: oldestWaiting(db, env.APPROVALS_TABLE),
  deliverCallback: (approvalId: string, whenGone: (id: ActionId) => Promise<void>) =>
    deliverCallback(approvalId, approvals, whenGone),
  resumePaused: resumePaused({
    ...clock,
    readWait: readCredentialWait(db, env.CREDENTIALS_TABLE),
    putWait: putCredentialWait(db, env.CREDENTIALS_TABLE),
    credentialIsUsable: credentialIsUsable(db, env.CREDENTIALS_TABLE, new SecretsManagerClient({})),
    decryptToken: decrypt,
    tell: tellCredentialWait(sfn),
  }),
  findOperation,
  leastLagMs: env.PROVIDER_LAG_SECONDS * 1000,
  stage: env.AUTOPACK_ENV,
  log: logLine,
};

export const handler = async (event: unknown) => sweepActions(SweepEvent.parse(event), deps);
