import * as z from 'zod';
import { executeAction, type ExecuteDeps } from '#functions/actions/execute-action.ts';
import { reconcileAction, type ReconcileDeps } from '#functions/actions/reconcile-action.ts';
import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { approvalId } from '#shared/actions/hashes.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { transition } from '#shared/actions/transition.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import type { CredentialUse } from '#shared/credentials/note-use.ts';
import { Secret } from '#shared/credentials/secret.ts';
import type { Decision } from '#shared/governance/gate.ts';
import { strictProjectConfig } from '#shared/governance/project-config.ts';
import type { Finding, OutgoingRequest, ProviderOperation, Verdict } from '#shared/providers/provider.ts';
import { memoryLedger } from './memory-ledger.ts';
import { newAction, newDryRun, T0 } from './rows.ts';
import { aCredential } from '../credentials/rows.ts';

/** What the pretended provider does with one request: whether the effect lands, and what the caller hears. */
export interface Script {
  readonly lands: boolean;
  readonly hears: 'ok' | 'timeout' | 'reset' | 'refused' | 'busy';
}

const requestOf = (dryRun: DryRun): OutgoingRequest => ({
  method: dryRun.request.method,
  url: dryRun.request.url,
  headers: dryRun.request.headers,
  body: dryRun.request.body,
  timeoutMs: 10_000,
});

/** A provider with an effect counter: what it did is the truth that the ledger has to agree with. */
export const pretendProvider = (recoveryClass: DryRun['recoveryClass'] = 'keyed') => {
  const state = {
    effects: new Map<string, number>(),
    sent: 0,
    script: [] as Script[],
    heard: 'ok' as Script['hears'],
  };
  const classify = (outcome: unknown): Verdict => {
    if (outcome instanceof Error) return { kind: 'ambiguous', code: 'TIMEOUT', summary: 'no answer' };
    switch (state.heard) {
      case 'refused':
        return { kind: 'notApplied', retryable: false, code: 'REFUSED', summary: 'refused' };
      case 'busy':
        return {
          kind: 'notApplied',
          retryable: true,
          code: 'RATE_LIMITED',
          summary: 'later',
          retryAfterSeconds: 7,
        };
      default:
        return {
          kind: 'applied',
          code: 'ACCEPTED',
          summary: 'accepted',
          resourceId: 'order-1',
          resourceStatus: 'new',
        };
    }
  };
  const operation: ProviderOperation = {
    describe: () => ({
      operation: 'alpaca/order.submit',
      adapterVersion: '1',
      title: 'Submit an order',
      payload: z.record(z.string(), z.json()),
      effects: ['trade'],
      recoveryClass,
      transportTimeoutMs: 10_000,
      lagMs: 5_000,
    }),
    render: () => {
      throw new Error('not used here');
    },
    prepare: ({ request, secret }) => ({
      method: request.method,
      url: request.url,
      headers: {
        ...request.headers,
        ...(secret === null ? {} : { 'apca-api-key-id': secret.reveal('keyId') ?? '' }),
      },
      body: request.body,
      timeoutMs: 10_000,
    }),
    classify,
    reconcile: async ({ providerKey }): Promise<Finding> =>
      (state.effects.get(providerKey) ?? 0) > 0
        ? { kind: 'applied', code: 'FOUND', summary: 'found by our key', resourceId: 'order-1' }
        : { kind: 'absent' },
  };
  const send = async (providerKey: string): Promise<{ status: number; headers: {}; body: string }> => {
    state.sent += 1;
    const next = state.script.shift() ?? { lands: true, hears: 'ok' };
    state.heard = next.hears;
    if (next.lands) state.effects.set(providerKey, (state.effects.get(providerKey) ?? 0) + 1);
    if (next.hears === 'timeout' || next.hears === 'reset') throw new Error(next.hears);
    return { status: 200, headers: {}, body: '{}' };
  };
  return { operation, send, state, requestOf, count: (key: string) => state.effects.get(key) ?? 0 };
};

/** One action, approved and ready, with a clock that tests move. */
export const world = (options: { recoveryClass?: DryRun['recoveryClass']; row?: Partial<Action> } = {}) => {
  const clock = { now: T0 + 60_000 };
  let ids = 0;
  const ledger = memoryLedger();
  const provider = pretendProvider(options.recoveryClass);
  const first = newAction({ recoveryClass: options.recoveryClass ?? 'keyed', ...options.row });
  const id = { project: first.project, key: first.key };
  const store = {
    dryRun: newDryRun(first),
    approval: undefined as Approval | undefined,
    decision: undefined as Decision | undefined,
    uses: [] as CredentialUse[],
    secret: new Secret({ keyId: 'k', secretKey: 's' }) as Secret | undefined,
  };
  const asPerson: Decision = { verdict: 'NEEDS_PERSON', tier: 'standard', riskScore: 40, reasons: [] };
  const common = {
    now: () => clock.now,
    newId: () => `id-${(ids += 1)}`,
    read: ledger.read,
    apply: ledger.apply,
    readDryRun: async () => store.dryRun,
    findOperation: () => provider.operation,
    sendTo: () => () => provider.send(first.providerKey),
    leastLagMs: 1_000,
    resolveCredential: async () =>
      store.secret === undefined
        ? ({ kind: 'unusable', code: 'CREDENTIAL_MISSING', detail: 'no secret' } as const)
        : ({
            kind: 'usable',
            secret: store.secret,
            credential: aCredential(),
          } as const),
  };
  const executeDeps: ExecuteDeps = {
    ...common,
    readAgreement: async (project) => ({
      project: strictProjectConfig(project),
      approval: store.approval,
    }),
    askGates: async () => store.decision ?? asPerson,
    stageIsProduction: false,
    noteUse: async (use) => void store.uses.push(use),
    leaseMs: 35_000,
    remainingMs: () => 30_000,
  };
  const reconcileDeps: ReconcileDeps = common;

  const approve = async (lifeMs = 86_400_000): Promise<void> => {
    const approvedId = approvalId(id, 1);
    store.approval = {
      schemaVersion: 1,
      approvalId: approvedId,
      project: id.project,
      key: id.key,
      round: 1,
      status: 'APPROVED',
      version: 2,
      operation: first.operation,
      title: store.dryRun.title,
      proposer: first.proposer,
      tier: 'standard',
      riskScore: 40,
      reasons: [],
      requestHash: store.dryRun.requestHash,
      projectVersion: 0,
      files: [],
      originators: first.originators,
      createdAt: timestamp(clock.now),
      expiresAt: timestamp(clock.now + lifeMs),
      taskToken: 'cipher',
      mailed: [],
      writeToken: 'a1',
    } as Approval;
    const row = await ledger.read(id);
    await ledger.apply(
      transition(row!, 'PENDING_APPROVAL', {
        at: timestamp(clock.now),
        by: 'system:test',
        writeToken: 'p1',
        set: {
          requestHash: store.dryRun.requestHash,
          approvalId: approvedId,
          approvalExpiresAt: timestamp(clock.now + lifeMs),
        },
      }),
    );
  };
  return {
    clock,
    ledger,
    provider,
    store,
    id,
    first,
    executeDeps,
    reconcileDeps,
    approve,
    propose: () => ledger.reserve(first),
    row: async () => (await ledger.read(id))!,
    execute: (deps: Partial<ExecuteDeps> = {}) => executeAction({ action: id }, { ...executeDeps, ...deps }),
    reconcile: () => reconcileAction({ action: id }, reconcileDeps),
    effects: () => provider.count(first.providerKey),
  };
};
