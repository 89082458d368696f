import { randomBytes } from 'node:crypto';
import { cancelAction } from '#functions/actions/cancel-action.ts';
import { executeAction } from '#functions/actions/execute-action.ts';
import { proposeAction } from '#functions/actions/propose-action.ts';
import { reconcileAction } from '#functions/actions/reconcile-action.ts';
import { renderAction } from '#functions/actions/render-action.ts';
import { sweepActions } from '#functions/actions/sweep-actions.ts';
import { closeApproval } from '#functions/approvals/close-approval.ts';
import { decideOverHttp } from '#functions/approvals/decide-approval.ts';
import { requestApproval } from '#functions/approvals/request-approval.ts';
import { waitForCredential } from '#functions/credentials/wait-for-credential.ts';
import { evaluateGatesStep } from '#functions/governance/evaluate-gates.ts';
import { readAgreement } from '#shared/actions/agreement.aws.ts';
import { readExecution, readExecutionInput, startExecution } from '#shared/actions/executions.aws.ts';
import type { ActionId } from '#shared/actions/identity.ts';
import { applyChange, countParked, listDue, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import type { CallbackInput, StepInput } from '#shared/actions/step-results.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import {
  applyApprovalChange,
  createApproval,
  listPendingCallbacks,
  oldestWaiting,
  readApproval,
} from '#shared/approvals/approvals.aws.ts';
import { countUp } from '#shared/approvals/counters.aws.ts';
import { deliverCallback } from '#shared/approvals/deliver-callback.ts';
import { putLocator, readLocator } from '#shared/approvals/locators.aws.ts';
import { mailApprovers } from '#shared/approvals/mail-approvers.ts';
import { sendMail } from '#shared/approvals/mail.aws.ts';
import { decryptToken, encryptToken } from '#shared/approvals/task-token.aws.ts';
import { failWait, tellWait } from '#shared/approvals/tell-wait.aws.ts';
import { readDryRun, readPayload, storeDryRun, storePayload } from '#shared/artifacts/artifacts.aws.ts';
import { putCredentialWait, readCredentialWait } from '#shared/credentials/credential-waits.aws.ts';
import { askForPerson } from '#shared/credentials/ask-for-person.ts';
import { putCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import { credentialIsUsable, resolveCredential } from '#shared/credentials/credentials.aws.ts';
import { noteUse } from '#shared/credentials/note-use.ts';
import { openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import { resumePaused } from '#shared/credentials/resume-paused.ts';
import { tellCredentialWait } from '#shared/credentials/tell-credential-wait.aws.ts';
import { mayApprove } from '#shared/governance/decide.ts';
import { credentialGate } from '#shared/governance/credential-gate.ts';
import { askGates, evaluateGates } from '#shared/governance/gates.ts';
import { mayPropose } from '#shared/governance/may-propose.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import type { HttpRequest } from '#shared/operators/http.ts';
import { nameOf } from '#shared/operators/registry.ts';
import { listApprovers, readClient, readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { findOperation } from '#shared/providers/catalogue.ts';
import { OutboundError } from '#shared/providers/outbound-error.ts';
import { outboundSend } from '#shared/providers/outbound.http.ts';
import type { OutgoingRequest, Send } from '#shared/providers/provider.ts';
import { hostIsStandIn } from '#shared/providers/stand-in.ts';
import { here, type Wire } from './wire.ts';

/** Where things are, as the environment of the functions says it. */
export interface Places {
  readonly tables: Readonly<
    Record<'actions' | 'approvals' | 'registry' | 'credentials' | 'controls', string>
  >;
  readonly bucket: string;
  readonly tokenKeyArn: string;
  readonly stateMachineArn: string;
  readonly sender: string;
  readonly alpacaUrl: string;
}

/** As the development stage has it: the claim outlives the function that made it. */
export const LEASE_MS = 90_000;
/** Longest that an invocation of a function may take. */
export const limitMs = (name: string): number =>
  ({ execute: 60_000, sweep: 55_000, reconcile: 60_000 })[name.split(' ')[0] ?? ''] ?? 30_000;

/** `http:POST orders`: the call and the kind of thing. */
const nameOfRequest = ({ method, url }: OutgoingRequest): string =>
  `provider:${method} ${new URL(url).pathname.replace(/^\/(v2\/)?/, '').split('/')[0] ?? ''}`;

/**
 * The use cases with the adapters that their handlers give them, over shared clients. Only the clock, the ids and the
 * log are those of the test; each invocation finds its own through `here()`.
 */
export const functions = (
  { db, s3, kms, ses, secrets, sfn, happen }: Wire,
  { tables, bucket, tokenKeyArn, stateMachineArn, sender, alpacaUrl }: Places,
) => {
  const tools = {
    now: () => here().run.sim.now(),
    newId: () => here().run.sim.newId(),
    log: () => undefined,
    count: () => undefined,
  };
  const people = readPerson(db, tables.registry);
  const sendTo =
    ({ request: { url } }: { readonly request: { readonly url: string } }): Send =>
    (request) => {
      const mine = here();
      const send = outboundSend({ allowedHosts: [new URL(url).host], allowLoopback: true });
      const what = nameOfRequest(request);
      return mine.run.sim
        .call(mine.process, what, () => happen(mine, what, () => send(request)))
        .catch((error: unknown) => {
          // The real client gives up by the wall clock; here its time limit is the simulation's.
          throw error instanceof OutboundError
            ? error
            : new OutboundError('SEND_TIMEOUT', 'no complete reply in time', { sent: true, cause: error });
        });
    };

  const ledger = {
    read: readAction(db, tables.actions),
    readAction: readAction(db, tables.actions),
    apply: applyChange(db, tables.actions),
    reserve: reserveAction(db, tables.actions),
    listDue: listDue(db, tables.actions),
    countParked: countParked(db, tables.actions),
  };
  const artifacts = {
    storePayload: storePayload(s3, bucket),
    readPayload: readPayload(s3, bucket),
    readDryRun: readDryRun(s3, bucket),
    storeDryRun: storeDryRun(s3, bucket),
  };
  const approvals = {
    readApproval: readApproval(db, tables.approvals),
    applyApprovalChange: applyApprovalChange(db, tables.approvals),
    createApproval: createApproval(db, tables.approvals),
    listPendingCallbacks: listPendingCallbacks(db, tables.approvals),
    oldestWaiting: oldestWaiting(db, tables.approvals),
    readLocator: readLocator(db, tables.approvals),
    encryptToken: encryptToken(kms, tokenKeyArn),
    decryptToken: decryptToken(kms, tokenKeyArn),
    tellWait: tellWait(sfn),
    failWait: failWait(sfn),
  };
  const governance = {
    readProjectConfig: readProjectConfig(db, tables.registry),
    decideAction: evaluateGates,
    askPolicies: async () => null,
    mayPropose,
    mayApprove,
    stageIsProduction: false,
  };
  const credentials = {
    readStanding: readStanding(db, tables.credentials),
    resolveCredential: resolveCredential(db, tables.credentials, secrets),
    credentialIsUsable: credentialIsUsable(db, tables.credentials, secrets),
    putCondition: putCondition(db, tables.credentials),
    askForPerson: askForPerson({
      now: tools.now,
      readStanding: readStanding(db, tables.credentials),
      resolveCredential: resolveCredential(db, tables.credentials, secrets),
      openReauthTask: openReauthTask(db, tables.credentials, tools.now),
    }),
    readWait: readCredentialWait(db, tables.credentials),
    putWait: putCredentialWait(db, tables.credentials),
    hostIsStandIn,
    tell: tellCredentialWait(sfn),
    fail: failWait(sfn),
  };
  const provider = {
    findOperation,
    describeOperation: (operation: string) => findOperation(operation)?.describe(),
    sendTo,
    baseUrlOverride: (operation: string) => (operation.startsWith('alpaca/') ? alpacaUrl : undefined),
    leaseMs: LEASE_MS,
    leastLagMs: 1_000,
  };
  const executions = {
    start: startExecution(sfn, stateMachineArn),
    readExecution: readExecution(sfn, stateMachineArn),
    readExecutionInput: readExecutionInput(sfn),
  };
  const all = {
    ...tools,
    ...ledger,
    ...artifacts,
    ...approvals,
    ...governance,
    ...credentials,
    ...provider,
    ...executions,
    listApprovers: listApprovers(db, tables.registry),
    nameOf: nameOf(people, readClient(db, tables.registry)),
    mailApprovers: mailApprovers({
      ...tools,
      applyApprovalChange: approvals.applyApprovalChange,
      putLocator: putLocator(db, tables.approvals),
      sendMail: sendMail(ses, sender),
      randomBytes,
      publicUrl: 'https://autopack.example.test',
    }),
  };
  const outbox = { ...tools, ...approvals };
  const deciding = {
    ...all,
    readPerson: people,
    deliverCallback: (written: Approval) => deliverCallback(written, outbox),
    signedIn: sessionPrincipal({
      readSession: readSession(db, tables.registry),
      readPerson: people,
      touchSession: touchSession(db, tables.registry),
    }),
    countUp: countUp(db, tables.controls),
  };
  const sweeping = {
    ...all,
    deliverCallback: (id: string, whenGone: (action: ActionId) => Promise<void>) =>
      deliverCallback(id, outbox, whenGone),
    resumePaused: resumePaused(all),
    stage: 'dev',
  };

  return {
    /** What the tasks of the machine invoke, by the names that the ASL has for them. */
    steps: {
      RenderAction: (input: StepInput) => renderAction(input, all),
      EvaluateGates: (input: StepInput) =>
        evaluateGatesStep(input, {
          ...all,
          askGates: askGates([credentialGate(all.readStanding, tools.now)]),
        }),
      RequestApproval: (input: CallbackInput) => requestApproval(input, all),
      CloseApproval: (input: StepInput) => closeApproval(input, all),
      ExecuteAction: (input: StepInput) => {
        const { process, run } = here();
        return executeAction(input, {
          ...all,
          askGates: askGates([credentialGate(all.readStanding, tools.now)]),
          // What it remembers of earlier uses is the memory of one function, and every run has functions of its own.
          noteUse: noteUse(all),
          readAgreement: readAgreement(db, tables),
          remainingMs: () => limitMs(process.name) - (run.sim.now() - process.startedAt),
        });
      },
      WaitForCredential: (input: CallbackInput) => waitForCredential(input, all),
      ReconcileAction: (input: StepInput) => reconcileAction(input, all),
    } as Readonly<Record<string, (input: never) => Promise<unknown>>>,
    propose: (input: Parameters<typeof proposeAction>[0]) => proposeAction(input, all),
    decide: (request: HttpRequest) => decideOverHttp(request, deciding),
    cancel: (input: Parameters<typeof cancelAction>[0]) =>
      cancelAction(input, { ...all, deliverCallback: (id) => deliverCallback(id, outbox) }),
    sweep: (event: Parameters<typeof sweepActions>[0]) => sweepActions(event, sweeping),
  };
};
export type Functions = ReturnType<typeof functions>;
