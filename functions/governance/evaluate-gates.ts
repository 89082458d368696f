import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { approvalId } from '#shared/actions/hashes.ts';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, ReadAction, ReadDryRun } from '#shared/actions/ledger.ts';
import { outcomeOf } from '#shared/actions/outcome.ts';
import { isTerminal } from '#shared/actions/status.ts';
import type { GatesStep, StepInput } from '#shared/actions/step-results.ts';
import { type MoveInput, transition } from '#shared/actions/transition.ts';
import {
  type ApplyApprovalChange,
  type ReadApproval,
  WAIT_GRACE_SECONDS,
} from '#shared/approvals/approval.ts';
import { cancel } from '#shared/approvals/moves.ts';
import { settleMove } from '#shared/approvals/settle-move.ts';
import type { AskGates, Decision } from '#shared/governance/gate.ts';
import type { ReadProjectConfig } from '#shared/governance/project-config.ts';
import { reason } from '#shared/governance/reasons.ts';

export interface EvaluateGatesDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly readDryRun: ReadDryRun;
  readonly readProjectConfig: ReadProjectConfig;
  readonly askGates: AskGates;
  readonly stageIsProduction: boolean;
  readonly readApproval: ReadApproval;
  readonly applyApprovalChange: ApplyApprovalChange;
}

const BY = 'system:gates';

const judge = async (
  row: Action,
  dryRun: DryRun,
  deps: EvaluateGatesDeps,
): Promise<{ readonly decision: Decision; readonly projectVersion: number }> => {
  const project = await deps.readProjectConfig(row.project);
  const decision = await deps.askGates({
    dryRun,
    project,
    proposer: row.proposer,
    originators: row.originators,
    stageIsProduction: deps.stageIsProduction,
  });
  return { decision, projectVersion: project.version };
};

/** Writes a move; a row that somebody closed meanwhile stands, one that is still open is looked at again. */
const close = async (
  row: Action,
  to: 'DENIED' | 'RENDERED',
  what: Pick<MoveInput, 'code' | 'set'>,
  deps: EvaluateGatesDeps,
): Promise<GatesStep> => {
  const written = await deps.apply(
    transition(row, to, { at: timestamp(deps.now()), by: BY, writeToken: deps.newId(), ...what }),
  );
  if (written.kind === 'applied' || isTerminal(written.current.status)) return { next: 'CLOSED' };
  throw new Error('LEDGER_MOVED: somebody else moved the action; evaluate its gates again');
};

/**
 * Only an execution that was started again can find a request that waits for people: the first one asks its gates before
 * it asks anybody. Its asker may have died before the ledger learned of the request, which then is that of the first round.
 */
const requestOf = (row: Action): string | undefined =>
  row.approvalId ?? (row.generation > 1 ? approvalId(row, 1) : undefined);

/**
 * Nobody decides any more what is refused anyway. The approval moves before the ledger does (rule 3): a crash in between
 * leaves an open row, and this step is run again. Whoever decided first stays the one who did.
 */
const voidRequest = async (row: Action, why: string, deps: EvaluateGatesDeps): Promise<void> => {
  const id = requestOf(row);
  const approval = id === undefined ? undefined : await deps.readApproval(id);
  if (approval?.status !== 'WAITING') return;
  const who = { by: BY, byName: 'Gates', reason: why };
  await settleMove(
    approval,
    (current) => cancel(current, who, deps.now(), deps.newId()),
    deps.applyApprovalChange,
  );
};

const deny = async (
  row: Action,
  reasons: Decision['reasons'],
  deps: EvaluateGatesDeps,
): Promise<GatesStep> => {
  const [first] = reasons;
  const code = first?.code ?? 'GATE_REFUSED';
  const outcome = outcomeOf({ code, summary: first?.detail ?? code });
  await voidRequest(row, `${code}: ${outcome.summary}`.slice(0, 500), deps);
  return close(row, 'DENIED', { code, set: { outcome } }, deps);
};

/** What is left of the approval, or a whole one, and the grace in which a committed decision still arrives. */
const waitSeconds = (row: Action, now: number): number => {
  const left =
    row.approvalExpiresAt === undefined ? 0 : Math.ceil((epochMs(row.approvalExpiresAt) - now) / 1000);
  // An approval that ended before a proven failure is asked for afresh; one that ended while it waited is over.
  const whole = row.approvalExpiresAt === undefined || (row.status === 'NOT_APPLIED' && left <= 0);
  return (whole ? row.approvalTtlSeconds : Math.max(0, left)) + WAIT_GRACE_SECONDS;
};

/**
 * "Evaluate the gates": refuses (DENIED is written before it answers), rests a dry run (RENDERED), hands out the
 * explicit permit of an unattended run without a write, or sends the action to a person. Every other case is a person.
 */
export const evaluateGatesStep = async (input: StepInput, deps: EvaluateGatesDeps): Promise<GatesStep> => {
  const row = await deps.read(input.action);
  if (row === undefined || isTerminal(row.status) || row.attention === 'person') return { next: 'CLOSED' };
  // A claim exists, so nothing may be decided here any more.
  if (row.status === 'EXECUTING' || row.status === 'OUTCOME_UNKNOWN') {
    return { next: 'SETTLE', settleUntil: row.settleUntil ?? row.leaseUntil ?? row.updatedAt };
  }
  if (row.status === 'RENDERED' && row.dryRun) return { next: 'CLOSED' };
  const dryRun = await deps.readDryRun(input.action);
  if (dryRun === undefined) return deny(row, [reason('request', 'DRY_RUN_MISSING')], deps);
  if (dryRun.key !== row.key || (row.requestHash !== undefined && row.requestHash !== dryRun.requestHash)) {
    return deny(row, [reason('request', 'HASH_MISMATCH')], deps);
  }
  const { decision, projectVersion } = await judge(row, dryRun, deps);
  if (decision.verdict === 'REFUSE') return deny(row, decision.reasons, deps);
  if (row.dryRun && row.status === 'PROPOSED') {
    const effects = [...new Set(dryRun.effects.map((effect) => effect.type))];
    const { requestHash, recoveryClass } = dryRun;
    const set = { requestHash, recoveryClass, effects, tier: decision.tier, projectVersion };
    return close(row, 'RENDERED', { set }, deps);
  }
  // A round with an approval stays with people: a rule of today must not stand in for a vote that was asked for.
  if (decision.verdict === 'UNATTENDED' && decision.permit !== undefined && row.approvalId === undefined) {
    return { next: 'UNATTENDED', permit: decision.permit };
  }
  return { next: 'PERSON', waitSeconds: waitSeconds(row, deps.now()) };
};
