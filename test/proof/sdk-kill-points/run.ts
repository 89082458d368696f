import type { Action } from '#shared/actions/action.ts';
import { approvalId, providerKey } from '#shared/actions/hashes.ts';
import { type ActionId, actionPk, timestamp } from '#shared/actions/identity.ts';
import { readAction } from '#shared/actions/ledger.aws.ts';
import type { Proposal } from '#shared/actions/proposal.ts';
import type { StepInput } from '#shared/actions/step-results.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import { readApproval } from '#shared/approvals/approvals.aws.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { type Execution, stepFunctions } from '../model/machine.ts';
import { type End, type Process, simulation } from '../model/simulation.ts';
import { limitMs } from './functions.ts';
import { OLIVIA, type Place } from './place.ts';
import type { Answer } from './provider-server.ts';
import { stepFunctionsOnTheWire } from './services.ts';
import { type Disturb, inside, type WireRun } from './wire.ts';

export const T0 = Date.UTC(2026, 10, 21, 12, 0, 0);

export interface Path {
  readonly proposal: Pick<Proposal, 'operation' | 'payload'>;
  /** What the provider does with the first requests; afterwards it simply does them. */
  readonly answers?: readonly Answer[];
  /** The provider acts once for each key, however late a request lands. */
  readonly deduplicates?: boolean;
  readonly person?: 'approves' | 'rejects' | 'withdraws';
  /**
   * The first request, by a part of its name, that can tell this path from `sameBefore`: what comes before it is swept
   * there, and has to be the same.
   */
  readonly sweptFrom?: string;
  /** Absent: another API behind the same functions; what matters of it is how it is executed and asked. */
  readonly sameBefore?: string;
  /** The secret lacks its fields for the first minutes. */
  readonly secretComesLate?: boolean;
}

const AGENT: Extract<Principal, { kind: 'client' }> = {
  kind: 'client',
  subject: 'client:agent',
  name: 'Agent',
  projects: ['demo'],
  roles: ['agent'],
  owner: 'person:ada@example.test',
};

/** One action on its own in a place that others share: a fresh key, simulated time from the same moment on. */
export const openRun = (place: Place, id: ActionId, path: Path) => {
  const sim = simulation(T0, place.wire.under.settle);
  const { key } = id;
  const pk = actionPk(id);
  const mails: { readonly to: string; readonly locator: string }[] = [];
  let disturb: Disturb = () => undefined;

  const run: WireRun = {
    sim,
    disturb: (what, process) => disturb(what, process),
    services: {
      states: stepFunctionsOnTheWire(() => machine),
      ses: async (request) => {
        const reply = await place.ses.handle(request);
        const said = JSON.parse(request.body.toString()) as {
          Destination: { ToAddresses: string[] };
          Content: { Simple: { Body: { Text: { Data: string } } } };
        };
        const locator = /\/a\/([\w-]+)/.exec(said.Content.Simple.Body.Text.Data)?.[1] ?? '';
        if (reply.status === 200) for (const to of said.Destination.ToAddresses) mails.push({ to, locator });
        return reply;
      },
    },
  };
  const start = (name: string, body: () => Promise<unknown>, ended?: (end: End) => void): Process =>
    sim.start(name, limitMs(name), (process) => inside(process, run, body), ended);

  const sweep = (of?: Execution): Process =>
    start('sweep', () =>
      place.functions.sweep(
        of === undefined
          ? { scheduledTime: timestamp(sim.now()) }
          : {
              'detail-type': 'Step Functions Execution Status Change',
              // A machine with a key of its own does not say the input on the bus.
              detail: { executionArn: `arn:aws:states:us-east-1:000000000000:execution:action:${of.name}` },
            },
      ),
    );
  const STEP_NAMES: Readonly<Record<string, string>> = {
    RenderAction: 'render',
    EvaluateGates: 'gates',
    RequestApproval: 'request approval',
    CloseApproval: 'close approval',
    ExecuteAction: 'execute',
    WaitForCredential: 'wait for credential',
    ReconcileAction: 'reconcile',
  };
  const machine = stepFunctions(
    sim,
    (functionName, payload, ended) => {
      const name = /\$\{(\w+)FunctionArn\}/.exec(functionName)?.[1] ?? '';
      const step = place.functions.steps[name];
      if (step === undefined) throw new Error(`nobody is ${functionName}`);
      start(STEP_NAMES[name] ?? name, () => step(structuredClone(payload) as StepInput as never), ended);
    },
    // The rule of the bus: executions that failed or were aborted wake the sweeper.
    (execution) => void (execution.status === 'SUCCEEDED' ? undefined : sweep(execution)),
  );

  const row = (): Promise<Action | undefined> => readAction(place.db, 'actions')(id);
  const approvals = async (): Promise<Approval[]> => {
    const found: Approval[] = [];
    for (let round = 1; ; round += 1) {
      const one = await readApproval(place.db, 'approvals')(approvalId(id, round));
      if (one === undefined) return found;
      found.push(one);
    }
  };

  let proposed = false;
  const propose = (): Process =>
    start(
      'propose',
      () =>
        place.functions.propose({
          id,
          principal: AGENT,
          proposal: { ...path.proposal, approvalTtlSeconds: 600 },
        }),
      (end) => void (proposed ||= end.kind === 'done'),
    );
  const vote = ({ approvalId: which, requestHash, version }: Approval): Process =>
    start('decide', () =>
      place.functions.decide({
        method: 'POST',
        path: `/approvals/${which}/decision`,
        params: { id: which },
        query: {},
        headers: { 'content-type': 'application/json' },
        cookies: {},
        body: JSON.stringify({
          decision: path.person === 'rejects' ? 'reject' : 'approve',
          requestHash,
          version,
          reason: 'as shown',
        }),
        requestId: 'request-1',
        principal: {
          kind: 'person',
          subject: `person:${OLIVIA}`,
          email: OLIVIA,
          name: 'Olivia',
          projects: ['demo'],
          roles: ['operator'],
          authTimeMs: sim.now(),
        },
        sourceIp: '127.0.0.1',
      }),
    );
  const cancel = (): Process => start('cancel', () => place.functions.cancel({ id, principal: AGENT }));

  /** Nobody asks again before this. */
  let patientUntil = 0;
  /** Everyone repeats what came to nothing: the agent its proposal, the person the vote. */
  const actAsPeople = async (): Promise<void> => {
    const isAsking = sim.pending().some(({ process }) => /^(propose|decide|cancel)$/.test(process.name));
    if (isAsking || sim.now() < patientUntil) return;
    const now = await row();
    if (!proposed) propose();
    else if (now?.status !== 'PENDING_APPROVAL') return;
    // Nobody knows of a request before the mails are there: a lost mail would show as an expiry.
    else if (new Set(mails.map(({ to }) => to)).size < 2) return;
    else if (path.person === 'withdraws') cancel();
    else {
      const shown = (await approvals()).at(-1);
      if (shown?.status !== 'WAITING') return;
      vote(shown);
    }
    patientUntil = sim.now() + 20_000;
    await sim.settle();
  };

  return {
    key,
    pk,
    sim,
    machine,
    mails,
    row,
    approvals,
    sweep,
    actAsPeople,
    setDisturb: (next: Disturb) => void (disturb = next),
    effects: (): number => place.provider.effects(providerKey(id)),
  };
};
export type Run = ReturnType<typeof openRun>;
