import * as z from 'zod';
import { executeAction } from '#functions/actions/execute-action.ts';
import { proposeAction } from '#functions/actions/propose-action.ts';
import { reconcileAction } from '#functions/actions/reconcile-action.ts';
import { resolveAction } from '#functions/actions/resolve-action.ts';
import { sweepActions } from '#functions/actions/sweep-actions.ts';
import { cancelAction } from '#functions/actions/cancel-action.ts';
import { closeApproval } from '#functions/approvals/close-approval.ts';
import { decideApproval } from '#functions/approvals/decide-approval.ts';
import { requestApproval } from '#functions/approvals/request-approval.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { approvalId } from '#shared/actions/hashes.ts';
import { applyChange, listDue, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import { applyApprovalChange, createApproval, readApproval } from '#shared/approvals/approvals.aws.ts';
import { mailApprovers } from '#shared/approvals/mail-approvers.ts';
import type { Decision } from '#shared/governance/gate.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import type { Person } from '#shared/approvals/moves.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import { hashOfOutgoing } from '#shared/providers/outgoing-hash.ts';
import type { Finding, OutgoingRequest, ProviderOperation, Verdict } from '#shared/providers/provider.ts';
import { order, T0 } from '../../actions/rows.ts';
import type { Outside, Program } from './replay.ts';
import { dbOf } from './table.ts';

export const ACTIONS = 'actions';
export const APPROVALS = 'approvals';

/** What an exploration fixes: everything that its programs do not ask the world. */
export interface Setting {
  readonly recoveryClass: DryRun['recoveryClass'];
  readonly id: { readonly project: string; readonly key: string };
  /** The stored dry run, and the one that somebody may put in its place. */
  readonly dryRuns: readonly DryRun[];
  readonly decision: Decision;
  /** Milliseconds. A function dies when it is older than `lifeMs`; `leaseMs` is at least that. */
  readonly time: {
    readonly tickMs: number;
    readonly lifeMs: number;
    readonly leaseMs: number;
    readonly wireMs: number;
    readonly lagMs: number;
    readonly approvalMs: number;
  };
  /** Whether the dry run is read from a store that may have been changed: then reading it is a step. */
  readonly dryRunMayChange: boolean;
}

const reply = (status: number) => ({ status, headers: {}, body: '' });
/** What a provider answers: done, refused for good, or come back later. */
export const REPLIES = { done: reply(200), refused: reply(422), busy: reply(429) } as const;

const classify = (outcome: { status: number } | Error): Verdict => {
  if (outcome instanceof Error) return { kind: 'ambiguous', code: 'TIMEOUT', summary: 'no answer' };
  if (outcome.status === 200) return { kind: 'applied', code: 'DONE', summary: 'done', resourceId: 'thing' };
  return {
    kind: 'notApplied',
    retryable: outcome.status === 429,
    code: outcome.status === 429 ? 'BUSY' : 'REFUSED',
    summary: 'not applied',
  };
};

const operationOf = (setting: Setting, outside: Outside): ProviderOperation => ({
  describe: () => ({
    operation: 'alpaca/order.submit',
    adapterVersion: '1',
    title: 'Submit an order',
    payload: z.record(z.string(), z.json()),
    effects: ['trade'],
    recoveryClass: setting.recoveryClass,
    transportTimeoutMs: setting.time.wireMs,
    lagMs: setting.time.lagMs,
  }),
  render: () => {
    throw new Error('nothing is rendered in an exploration');
  },
  prepare: ({ request, providerKey }) => ({
    method: request.method,
    url: request.url,
    // The pretended provider reads the key where authentication stands, outside the requestHash.
    headers: { ...request.headers, authorization: providerKey },
    body: request.body,
    timeoutMs: setting.time.wireMs,
  }),
  classify,
  reconcile: ({ providerKey }) => outside.ask({ kind: 'lookup', key: providerKey }) as Promise<Finding>,
});

const personOf = (name: 'olivia' | 'sam' | 'ada', now: number): Person => ({
  kind: 'person',
  subject: `person:${name}@example.test`,
  email: `${name}@example.test`,
  name,
  projects: ['demo'],
  roles: name === 'ada' ? ['viewer'] : ['operator'],
  authTimeMs: now,
});
const SAM: PersonRow = {
  schemaVersion: 1,
  email: 'sam@example.test',
  name: 'sam',
  projects: ['demo'],
  roles: ['operator'],
  active: true,
  createdAt: '2026-01-01T00:00:00.000Z',
};

const portsOf = (setting: Setting, outside: Outside) => {
  const db = dbOf(outside);
  const operation = operationOf(setting, outside);
  const [dryRun] = setting.dryRuns;
  const nothing = async (): Promise<void> => undefined;
  return {
    now: outside.now,
    newId: outside.newId,
    read: readAction(db, ACTIONS),
    apply: applyChange(db, ACTIONS),
    reserve: reserveAction(db, ACTIONS),
    listDue: listDue(db, ACTIONS),
    readApproval: readApproval(db, APPROVALS),
    createApproval: createApproval(db, APPROVALS),
    applyApprovalChange: applyApprovalChange(db, APPROVALS),
    readDryRun: async () =>
      setting.dryRunMayChange ? ((await outside.ask({ kind: 'dryRun' })) as DryRun) : dryRun,
    readProjectConfig: async (project: string) => strictProjectConfig(project),
    readAgreement: async (project: string, approvalId: string | undefined) => ({
      project: strictProjectConfig(project),
      approval: approvalId === undefined ? undefined : await readApproval(db, APPROVALS)(approvalId),
    }),
    askGates: async () => setting.decision,
    decideAction: () => setting.decision,
    askPolicies: async () => null,
    mayApprove: () => ({ kind: 'allow' as const, reasons: [] }),
    mayPropose: () => ({ kind: 'allow' as const, reasons: [] }),
    resolveCredential: async () => ({
      kind: 'unusable' as const,
      code: 'CREDENTIAL_MISSING' as const,
      detail: 'not used here',
    }),
    noteUse: nothing,
    findOperation: () => operation,
    describeOperation: () => operation.describe(),
    sendTo: (run: DryRun) => (request: OutgoingRequest) =>
      outside.ask({
        kind: 'send',
        key: request.headers['authorization'] ?? '',
        hash: hashOfOutgoing(run.request, request),
      }) as Promise<(typeof REPLIES)['done']>,
    start: (_id: unknown, generation: number) =>
      outside.ask({ kind: 'start', generation }) as Promise<'started' | 'exists'>,
    readExecution: (_id: unknown, generation: number) =>
      outside.ask({ kind: 'execution', generation }) as Promise<'running' | 'ended' | 'absent'>,
    readExecutionInput: async () => undefined,
    stageIsProduction: false,
    leaseMs: setting.time.leaseMs,
    leastLagMs: setting.time.lagMs,
    remainingMs: () => outside.startedAt + setting.time.lifeMs - outside.now(),
    log: () => undefined,
    count: () => undefined,
    storePayload: nothing,
    encryptToken: async (_pk: string, token: string) => token,
    tellWait: async () => 'told' as const,
    failWait: nothing,
    listApprovers: async () => [SAM],
    nameOf: async () => undefined,
    listPendingCallbacks: async () => [],
    deliverCallback: nothing,
    resumePaused: nothing,
    oldestWaiting: async () => undefined,
    countParked: async () => 0,
    stage: 'dev',
  };
};

/** The production use cases of the path, each as a program that the explorer can step. */
export const programsOf = (setting: Setting): Readonly<Record<string, Program>> => {
  const { id } = setting;
  const action = { action: id };
  const [dryRun] = setting.dryRuns;
  const ballot = { requestHash: dryRun?.requestHash ?? '', version: 1, reason: '' };
  const resolve = (outside: Outside, who: 'olivia' | 'sam', outcome: 'SUCCEEDED' | 'NOT_APPLIED') =>
    resolveAction(
      { id, principal: personOf(who, T0), body: { outcome, reason: 'looked' } },
      portsOf(setting, outside),
    );
  const lookAndResolve =
    (who: 'olivia' | 'sam'): Program =>
    async (outside) =>
      resolve(outside, who, (await outside.ask({ kind: 'look' })) === true ? 'SUCCEEDED' : 'NOT_APPLIED');
  const decide =
    (decision: 'approve' | 'reject'): Program =>
    (outside) =>
      decideApproval(
        {
          approvalId: approvalOf(setting),
          person: personOf('sam', outside.now()),
          ballot: { ...ballot, decision },
        },
        portsOf(setting, outside),
      );
  return {
    Execute: (outside) => executeAction(action, portsOf(setting, outside)),
    Reconcile: (outside) => reconcileAction(action, portsOf(setting, outside)),
    Sweeper: (outside) => sweepActions({ scheduledTime: '2026-01-01T00:00:00Z' }, portsOf(setting, outside)),
    Propose: (outside) =>
      proposeAction(
        {
          id,
          principal: personOf('ada', T0),
          proposal: { operation: 'alpaca/order.submit', payload: order },
        },
        portsOf(setting, outside),
      ),
    'Wait for approval': (outside) => {
      const ports = portsOf(setting, outside);
      let random = 0;
      const mail = mailApprovers({
        ...ports,
        putLocator: async () => undefined,
        sendMail: (to) => outside.ask({ kind: 'mail', to }) as Promise<'sent'>,
        randomBytes: (count) => new Uint8Array(count).fill((random += 1)),
        publicUrl: 'https://autopack.example.test/',
      });
      return requestApproval({ ...action, taskToken: outside.newId() }, { ...ports, mailApprovers: mail });
    },
    'Close the wait': (outside) => closeApproval(action, portsOf(setting, outside)),
    'Sam (approve)': decide('approve'),
    'Sam (reject)': decide('reject'),
    'Ada (cancel)': (outside) =>
      cancelAction(
        { id, principal: { ...personOf('ada', T0), roles: ['operator'] } },
        portsOf(setting, outside),
      ),
    Olivia: lookAndResolve('olivia'),
    Sam: lookAndResolve('sam'),
    'Olivia (mistaken)': (outside) => resolve(outside, 'olivia', 'NOT_APPLIED'),
  };
};

/** The approval of the first round. */
export const approvalOf = (setting: Setting): string => approvalId(setting.id, 1);
