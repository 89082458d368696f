import * as z from 'zod';
import { executeAction, type ExecuteDeps } from '#functions/actions/execute-action.ts';
import { proposeAction, type ProposeDeps } from '#functions/actions/propose-action.ts';
import { reconcileAction } from '#functions/actions/reconcile-action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { type ActionId, actionPk, epochMs } from '#shared/actions/identity.ts';
import { applyChange, readAction, reserveAction } from '#shared/actions/ledger.aws.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { Finding, ProviderOperation, ProviderReply, Verdict } from '#shared/providers/provider.ts';
import { newDryRun, renderedRequest } from '../../actions/rows.ts';
import { type Contender, INVOCATION_MS, type Surroundings } from './contender.ts';
import { ProviderError } from './provider.ts';

/** Whether the provider can be asked by our key. */
export type LedgerSetup = 'lookup' | 'none';

const OPERATION = 'http/request';

const classify = (outcome: ProviderReply | Error): Verdict => {
  if (!(outcome instanceof Error))
    return { kind: 'applied', code: 'ACCEPTED', summary: 'accepted', resourceId: 'order-1' };
  switch (outcome.name) {
    case 'Refused':
      return { kind: 'notApplied', retryable: false, code: 'REFUSED', summary: 'refused' };
    case 'Busy':
      return { kind: 'notApplied', retryable: true, code: 'RATE_LIMITED', summary: 'later' };
    default:
      return { kind: 'ambiguous', code: 'TIMEOUT', summary: 'no answer' };
  }
};

const operationOf = ({ provider }: Surroundings, setup: LedgerSetup): ProviderOperation => ({
  describe: () => ({
    operation: OPERATION,
    adapterVersion: '1',
    title: 'Call',
    payload: z.record(z.string(), z.json()),
    effects: ['trade'],
    recoveryClass: setup,
    transportTimeoutMs: 10_000,
    lagMs: 5_000,
  }),
  render: () => {
    throw new Error('the dry run is given');
  },
  prepare: ({ request }) => ({
    method: request.method,
    url: request.url,
    headers: request.headers,
    body: request.body,
    timeoutMs: 10_000,
  }),
  classify,
  reconcile: async (): Promise<Finding> =>
    provider.state.effects > 0
      ? { kind: 'applied', code: 'FOUND', summary: 'found by our key', resourceId: 'order-1' }
      : { kind: 'absent' },
});

/**
 * The ledger: propose, then what the state machine does with the row (execute, settle, reconcile), with the
 * production use cases and adapters. Rendering and gates are given, so that the protocols are compared and not what
 * is built around them.
 */
export const ledger = (surroundings: Surroundings, setup: LedgerSetup): Contender => {
  const { store, provider, clock } = surroundings;
  const { db } = store;
  let ids = 0;
  const newId = (): string => `id-${(ids += 1)}`;
  const operation = operationOf(surroundings, setup);
  const dryRunOf = (id: ActionId): DryRun =>
    newDryRun({ ...id, operation: OPERATION, payloadHash: 'a'.repeat(64), recoveryClass: setup } as never, {
      request: renderedRequest({ credential: null, operation: OPERATION }),
      recoveryClass: setup,
    });
  const common = {
    now: clock.now,
    newId,
    read: readAction(db, 'actions'),
    apply: applyChange(db, 'actions'),
    readDryRun: async (id: ActionId) => dryRunOf(id),
    resolveCredential: async () => {
      throw new Error('no credential is used');
    },
    findOperation: () => operation,
    sendTo: () => async () => {
      const reply = await provider.send();
      return { status: 200, headers: {}, body: JSON.stringify(reply) };
    },
    leastLagMs: 1_000,
  };
  const executeDeps: ExecuteDeps = {
    ...common,
    noteUse: async () => undefined,
    readAgreement: async (project) => ({
      project: await readProjectConfig(db, 'registry')(project),
      approval: undefined,
    }),
    askGates: async () => ({
      verdict: 'UNATTENDED',
      tier: 'low',
      riskScore: 0,
      reasons: [],
      permit: 'rule@1',
    }),
    stageIsProduction: false,
    leaseMs: INVOCATION_MS + 5_000,
    remainingMs: () => INVOCATION_MS,
  };
  /** Executions by name, and the moment at which each goes on: Step Functions starts a name once. */
  const waiting = new Map<string, { readonly id: ActionId; at: number; next: 'EXECUTE' | 'RECONCILE' }>();
  const started = new Set<string>();

  const execute = async (id: ActionId): Promise<void> => {
    const name = actionPk(id);
    // If the invocation dies, the machine sees that at its time limit and looks.
    waiting.set(name, { id, at: clock.now() + INVOCATION_MS, next: 'RECONCILE' });
    try {
      const step = await executeAction({ action: id }, executeDeps);
      // A late end of an invocation that the machine gave up on moves nothing any more.
      if (step.next === 'CLOSED') waiting.delete(name);
      else if (step.next === 'SETTLE')
        waiting.set(name, { id, at: epochMs(step.settleUntil), next: 'RECONCILE' });
      else waiting.set(name, { id, at: clock.now() + step.waitSeconds * 1000, next: 'EXECUTE' });
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      waiting.set(name, { id, at: clock.now(), next: 'RECONCILE' });
    }
  };
  const reconcile = async (id: ActionId): Promise<void> => {
    const step = await reconcileAction({ action: id }, common);
    const name = actionPk(id);
    if (step.next === 'SETTLE') waiting.set(name, { id, at: epochMs(step.settleUntil), next: 'RECONCILE' });
    else if (step.next === 'GATES') waiting.set(name, { id, at: clock.now(), next: 'EXECUTE' });
    else waiting.delete(name);
  };
  const proposeDeps: ProposeDeps = {
    now: clock.now,
    newId,
    describeOperation: () => operation.describe(),
    readProjectConfig: readProjectConfig(db, 'registry'),
    mayPropose: () => ({ kind: 'allow', reasons: [] }),
    storePayload: async () => undefined,
    reserve: reserveAction(db, 'actions'),
    start: async () => 'started',
    log: () => undefined,
  };
  const record = async (key: string): Promise<string> =>
    (await readAction(store.unseen, 'actions')({ project: 'demo', key }))?.status ?? 'no record';
  return {
    record,
    call: async ({ key, payload }) => {
      const id = { project: 'demo', key };
      try {
        await proposeAction(
          {
            id,
            principal: {
              kind: 'client',
              subject: 'client:agent',
              name: 'Agent',
              projects: ['demo'],
              roles: ['agent'],
              owner: 'person:ada@example.test',
            },
            proposal: { operation: OPERATION, payload },
          },
          proposeDeps,
        );
      } catch (error) {
        if (error instanceof ProblemError && error.code === 'IDEMPOTENCY_KEY_REUSED')
          return 'refused: other payload';
        throw error;
      }
      const name = actionPk(id);
      if (!started.has(name)) {
        started.add(name);
        await execute(id);
      }
      return record(key);
    },
    passTime: async (until) => {
      for (;;) {
        const due = [...waiting.values()].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
        if (due === undefined) return;
        clock.set(Math.max(clock.now(), due.at));
        await (due.next === 'EXECUTE' ? execute(due.id) : reconcile(due.id));
      }
    },
  };
};
