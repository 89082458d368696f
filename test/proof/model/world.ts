import { cancelAction } from '#functions/actions/cancel-action.ts';
import { executeAction } from '#functions/actions/execute-action.ts';
import { proposeAction } from '#functions/actions/propose-action.ts';
import { reconcileAction } from '#functions/actions/reconcile-action.ts';
import { renderAction } from '#functions/actions/render-action.ts';
import { resolveAction } from '#functions/actions/resolve-action.ts';
import { submitAction } from '#functions/actions/submit-action.ts';
import { sweepActions } from '#functions/actions/sweep-actions.ts';
import { closeApproval } from '#functions/approvals/close-approval.ts';
import { decideApproval } from '#functions/approvals/decide-approval.ts';
import { requestApproval } from '#functions/approvals/request-approval.ts';
import { waitForCredential } from '#functions/credentials/wait-for-credential.ts';
import { evaluateGatesStep } from '#functions/governance/evaluate-gates.ts';
import type { Action } from '#shared/actions/action.ts';
import { approvalId, providerKey } from '#shared/actions/hashes.ts';
import { type ActionId, actionPk, epochMs, timestamp } from '#shared/actions/identity.ts';
import { isTerminal } from '#shared/actions/status.ts';
import type { CallbackInput, StepInput } from '#shared/actions/step-results.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import { mailApprovers } from '#shared/approvals/mail-approvers.ts';
import { deliverCallback } from '#shared/approvals/deliver-callback.ts';
import type { CredentialCondition } from '#shared/credentials/condition.ts';
import { resumePaused } from '#shared/credentials/resume-paused.ts';
import { credentialGate } from '#shared/governance/credential-gate.ts';
import type { Decision, GovernanceFacts } from '#shared/governance/gate.ts';
import { askGates } from '#shared/governance/gates.ts';
import type { PersonRow, Principal } from '#shared/operators/principal.ts';
import { aCredential } from '../../credentials/rows.ts';
import { ports } from './ports.ts';
import { type Answer, pretendProvider } from './provider.ts';
import { type End, type Process, simulation } from './simulation.ts';
import { type Execution, stepFunctions } from './machine.ts';
import { stores, type StoreOptions } from './stores.ts';

export const T0 = Date.UTC(2026, 10, 21, 12, 0, 0);
/** As the development stage has it: the claim outlives the function that made it. */
const LEASE_MS = 90_000;
const LIMITS: Readonly<Record<string, number>> = { execute: 60_000, sweep: 55_000, reconcile: 60_000 };
export const ATTENDED = 'pretend/attended';
export const UNATTENDED = 'pretend/unattended';

export const AGENT: Extract<Principal, { kind: 'client' }> = {
  kind: 'client',
  subject: 'client:agent',
  name: 'Agent',
  projects: ['demo'],
  roles: ['agent'],
  owner: 'person:ada@example.test',
};
const personRow = (name: string): PersonRow => ({
  schemaVersion: 1,
  email: `${name}@example.test`,
  name,
  projects: ['demo'],
  roles: ['operator'],
  active: true,
  createdAt: timestamp(T0),
});
const PEOPLE: readonly PersonRow[] = [personRow('olivia'), personRow('sam')];
export type PersonName = 'olivia' | 'sam';

export interface WorldOptions extends StoreOptions {
  readonly recoveryClass: Action['recoveryClass'];
  /** Breaks the promise about how late a request may land: only to show that the suite would see it. */
  readonly landsTooLateByMs?: number;
}

/** Everything of Autopack that is ours, as it is, over stores and services in memory. */
export const world = (options: WorldOptions) => {
  const sim = simulation(T0);
  const store = stores(sim.now, options);
  const state = {
    providerIsOn: true,
    credentialWorks: true,
    grant: aCredential({ provider: 'pretend', account: 'main', createdAt: timestamp(T0) }),
    condition: undefined as CredentialCondition | undefined,
    tasks: new Set<string>(),
    /** What the provider does with the next requests; afterwards it simply does them. */
    answers: [] as Answer[],
    /** Votes that a person was told are counted. */
    acknowledged: [] as { readonly approvalId: string; readonly decision: string }[],
    invocations: 0,
    /** Everything that ran for a key through the machine, so that a broken invocation can be named. */
    served: new Map<string, Process[]>(),
  };
  const provider = pretendProvider(sim, options.recoveryClass, {
    lastLanding: (key) => {
      const row = [...store.ledger.rows.values()].find((each) => each.providerKey === key);
      return epochMs(row?.leaseUntil ?? timestamp(sim.now())) + 10_000 + (options.landsTooLateByMs ?? 0);
    },
  });

  const decide = ({ dryRun }: GovernanceFacts): Decision =>
    !state.providerIsOn
      ? {
          verdict: 'REFUSE',
          tier: 'low',
          riskScore: 0,
          reasons: [{ gate: 'governance', code: 'PROVIDER_OFF', detail: 'off' }],
        }
      : dryRun.operation === UNATTENDED
        ? { verdict: 'UNATTENDED', tier: 'low', riskScore: 0, reasons: [], permit: 'policy-1' }
        : { verdict: 'NEEDS_PERSON', tier: 'standard', riskScore: 40, reasons: [] };

  const port = ports({ sim, store, state, provider, decide, people: PEOPLE, machine: () => machine });

  const run = (
    name: string,
    body: (process: Process) => Promise<unknown>,
    ended?: (end: End) => void,
  ): Process => {
    state.invocations += 1;
    return sim.start(name, LIMITS[name] ?? 30_000, body, ended);
  };

  const gatesOf = (own: ReturnType<typeof port>) =>
    askGates([credentialGate(own.readStanding, sim.now)], decide);
  const executeDeps = (process: Process) => {
    const own = port(process);
    return { ...own, askGates: gatesOf(own), ...timesOf(process) };
  };
  const timesOf = (process: Process) => ({
    leaseMs: LEASE_MS,
    leastLagMs: 1_000,
    remainingMs: () => 60_000 - (sim.now() - process.startedAt),
  });

  /** What the tasks of the machine invoke. */
  const steps: Readonly<Record<string, (payload: never, process: Process) => Promise<unknown>>> = {
    render: (input: StepInput, process) => renderAction(input, port(process)),
    gates: (input: StepInput, process) => {
      const deps = port(process);
      return evaluateGatesStep(input, { ...deps, askGates: gatesOf(deps) });
    },
    'request-approval': (input: CallbackInput, process) =>
      requestApproval(input, { ...port(process), mailApprovers: mailApprovers(port(process)) }),
    'close-approval': (input: StepInput, process) => closeApproval(input, port(process)),
    execute: (input: StepInput, process) => executeAction(input, executeDeps(process)),
    'wait-for-credential': (input: CallbackInput, process) => waitForCredential(input, port(process)),
    reconcile: (input: StepInput, process) => reconcileAction(input, executeDeps(process)),
  };
  const NAMES: Readonly<Record<string, string>> = {
    RenderAction: 'render',
    EvaluateGates: 'gates',
    RequestApproval: 'request-approval',
    CloseApproval: 'close-approval',
    ExecuteAction: 'execute',
    WaitForCredential: 'wait-for-credential',
    ReconcileAction: 'reconcile',
  };

  const sweepDeps = (process: Process) => {
    const own = port(process);
    return {
      ...own,
      leastLagMs: 1_000,
      deliverCallback: (id: string, whenGone: (action: ActionId) => Promise<void>) =>
        deliverCallback(id, own, whenGone),
      resumePaused: resumePaused(own),
      oldestWaiting: async () => undefined,
      countParked: async () => 0,
      stage: 'dev',
    };
  };
  const sweep = (named?: Execution): Process =>
    run('sweep', (process) =>
      sweepActions(
        named === undefined
          ? { scheduledTime: timestamp(sim.now()) }
          : {
              'detail-type': 'Step Functions Execution Status Change',
              // A machine with a key of its own does not say the input on the bus.
              detail: { executionArn: named.name },
            },
        sweepDeps(process),
      ),
    );

  const machine = stepFunctions(
    sim,
    (functionName, payload, ended) => {
      const name = NAMES[/\$\{(\w+)FunctionArn\}/.exec(functionName)?.[1] ?? ''] ?? '';
      const step = steps[name];
      if (step === undefined) throw new Error(`nobody is ${functionName}`);
      const process = run(name, (own) => step(payload as never, own), ended);
      const { key } = (payload as StepInput).action;
      const before = state.served.get(key) ?? [];
      // Two executions of one action (a person resolved it while the first still settles) may ask at one moment:
      // the mail of each is marked after it is handed over, so both may send it.
      if (before.some((other) => other.name === name && other.state === 'running')) process.disturbed += 1;
      state.served.set(key, [...before, process]);
    },
    // The rule of the bus: executions that failed or were aborted wake the sweeper.
    (execution) => void (execution.status === 'SUCCEEDED' ? undefined : sweep(execution)),
  );

  const idOf = (key: string): ActionId => ({ project: 'demo', key });
  const row = (key: string): Action | undefined => store.ledger.rows.get(actionPk(idOf(key)));
  const approvalOf = async (key: string): Promise<Approval | undefined> => {
    let latest: Approval | undefined;
    for (let round = 1; ; round += 1) {
      const found = await store.approvals.readApproval(approvalId(idOf(key), round));
      if (found === undefined) return latest;
      latest = found;
    }
  };
  const person = (name: PersonName) => ({
    kind: 'person' as const,
    subject: `person:${name}@example.test`,
    email: `${name}@example.test`,
    name,
    projects: ['demo'],
    roles: ['operator' as const],
    authTimeMs: sim.now(),
  });
  const principal = (who: 'agent' | PersonName): Exclude<Principal, { kind: 'public' }> =>
    who === 'agent' ? AGENT : person(who);

  return {
    sim,
    store,
    state,
    provider,
    machine,
    row,
    approvalOf,
    sweep,
    /** A person hands in a key that works, or connects the account again. */
    mend: (): void => {
      state.credentialWorks = true;
      const { condition: from } = state;
      if (from === undefined || from.status === 'PRESENT') return;
      const at = timestamp(sim.now());
      state.condition = {
        ...from,
        version: from.version + 1,
        status: 'PRESENT',
        detail: null,
        since: at,
        lastValidatedAt: at,
        rotatedAt: at,
        rotationCount: from.rotationCount + 1,
        connectionVersion: from.connectionVersion + 1,
      };
    },
    effects: (key: string): number => provider.effects(providerKey(idOf(key))),
    isQuiet: (key: string): boolean => {
      const now = row(key);
      return (
        now === undefined ||
        isTerminal(now.status) ||
        now.attention === 'person' ||
        (now.status === 'RENDERED' && now.dryRun)
      );
    },
    propose: (
      key: string,
      what: { readonly operation?: string; readonly dryRun?: boolean; readonly qty?: string } = {},
      ended?: (end: End) => void,
    ): Process =>
      run(
        `propose ${key}`,
        (process) =>
          proposeAction(
            {
              id: idOf(key),
              principal: AGENT,
              proposal: {
                operation: what.operation ?? ATTENDED,
                payload: { qty: what.qty ?? '1' },
                approvalTtlSeconds: 600,
                ...(what.dryRun === true ? { dryRun: true } : {}),
              },
            },
            port(process),
          ),
        ended,
      ),
    submit: (key: string): Process =>
      run(`submit ${key}`, (process) => submitAction({ id: idOf(key), principal: AGENT }, port(process))),
    cancel: (key: string, who: 'agent' | PersonName): Process =>
      run(`cancel ${key}`, (process) => {
        const own = port(process);
        return cancelAction(
          { id: idOf(key), principal: principal(who) },
          { ...own, deliverCallback: (id) => deliverCallback(id, own) },
        );
      }),
    /** The person votes on what they are shown at this moment; undefined where there is nothing to vote on. */
    vote: async (
      key: string,
      name: PersonName,
      decision: 'approve' | 'reject',
      ended?: (end: End) => void,
    ): Promise<Process | undefined> => {
      const shown = await approvalOf(key);
      if (shown === undefined) return undefined;
      const { requestHash, version } = shown;
      return run(
        `vote ${key}`,
        (process) => {
          const own = port(process);
          return decideApproval(
            {
              approvalId: shown.approvalId,
              person: person(name),
              ballot: { decision, requestHash, version, reason: '' },
            },
            { ...own, deliverCallback: (id) => deliverCallback(id, own) },
          );
        },
        (end) => {
          if (end.kind === 'done')
            state.acknowledged.push({
              approvalId: shown.approvalId,
              decision: decision === 'approve' ? 'APPROVED' : 'REJECTED',
            });
          ended?.(end);
        },
      );
    },
    /** The person looks at the provider and says what is there. */
    resolve: (key: string, name: PersonName): Process =>
      run(`resolve ${key}`, (process) =>
        resolveAction(
          {
            id: idOf(key),
            principal: person(name),
            body: {
              outcome: provider.effects(providerKey(idOf(key))) > 0 ? 'SUCCEEDED' : 'NOT_APPLIED',
              reason: 'I looked',
            },
          },
          port(process),
        ),
      ),
  };
};

export type World = ReturnType<typeof world>;
