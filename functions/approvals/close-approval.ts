import type { Action } from '#shared/actions/action.ts';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, ReadAction } from '#shared/actions/ledger.ts';
import type { ActionStatus } from '#shared/actions/status.ts';
import type { CloseStep, StepInput } from '#shared/actions/step-results.ts';
import { amend, transition } from '#shared/actions/transition.ts';
import {
  type Approval,
  type ApplyApprovalChange,
  type ReadApproval,
  WAIT_GRACE_SECONDS,
} from '#shared/approvals/approval.ts';
import { settleMove } from '#shared/approvals/settle-move.ts';
import { clearCallback, expire, isPastExpiry, wasMailed } from '#shared/approvals/moves.ts';

export interface CloseApprovalDeps {
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly readApproval: ReadApproval;
  readonly applyApprovalChange: ApplyApprovalChange;
  readonly now: () => number;
  readonly newId: () => string;
}

const BY = 'system:close-wait';
const ATTEMPTS = 8;
const CLOSED: CloseStep = { next: 'CLOSED' };

/** How the ledger follows a decision that is not a live approval. */
type Ending = 'REJECTED' | 'EXPIRED' | 'CANCELLED';

/** Rows that follow the approval; every other status has its own way to the end. */
const FOLLOWS: Partial<Record<ActionStatus, Readonly<Record<Ending, ActionStatus>>>> = {
  PENDING_APPROVAL: { REJECTED: 'REJECTED', EXPIRED: 'EXPIRED', CANCELLED: 'CANCELLED' },
  NOT_APPLIED: { REJECTED: 'FAILED', EXPIRED: 'EXPIRED', CANCELLED: 'CANCELLED' },
  PAUSED_CREDENTIAL: { REJECTED: 'DENIED', EXPIRED: 'EXPIRED', CANCELLED: 'CANCELLED' },
};

const CODES: Readonly<Record<Ending, string>> = {
  REJECTED: 'APPROVAL_REJECTED',
  EXPIRED: 'APPROVAL_EXPIRED',
  CANCELLED: 'APPROVAL_CANCELLED',
};

const summaryOf = (ending: Ending, approval: Approval | undefined): string => {
  const decision = approval?.decision;
  if (approval?.status === 'EXPIRED' && !wasMailed(approval))
    return 'It expired, and nobody had been mailed about it. Propose it again under a new key.';
  if (ending === 'EXPIRED' || decision === undefined)
    return 'Nobody decided in time, or it could not run in time.';
  const reason = decision.reason === '' ? '' : `: ${decision.reason}`;
  return `${decision.byName} ${ending === 'REJECTED' ? 'rejected' : 'withdrew'} it${reason}`.slice(0, 240);
};

const endingOf = (row: Action, approval: Approval | undefined, now: number): Ending | 'EXECUTE' | 'OPEN' => {
  if (approval === undefined) {
    // Paused under an unattended permit: there is no approval, only the life that one would have had.
    const over = epochMs(row.createdAt) + row.approvalTtlSeconds * 1000 <= now;
    return row.status === 'PAUSED_CREDENTIAL' && over ? 'EXPIRED' : 'OPEN';
  }
  if (approval.status === 'WAITING') return 'OPEN';
  if (approval.status !== 'APPROVED') return approval.status;
  if (isPastExpiry(approval, now)) return 'EXPIRED';
  // A paused row asks again after the pause of the machine; executing at once could spin.
  return row.status === 'PAUSED_CREDENTIAL' ? 'OPEN' : 'EXECUTE';
};

/** Whole seconds that the wait still has, with the grace in which a committed decision arrives. */
const left = (row: Action, approval: Approval | undefined, now: number): number => {
  const until = approval === undefined ? now + row.approvalTtlSeconds * 1000 : epochMs(approval.expiresAt);
  return Math.max(0, Math.ceil((until - now) / 1000)) + WAIT_GRACE_SECONDS;
};

/** Writes the ending; a row that somebody moved meanwhile is read again. */
const follow = async (
  first: Action,
  ending: Ending,
  approval: Approval | undefined,
  deps: CloseApprovalDeps,
): Promise<void> => {
  let row = first;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const to = FOLLOWS[row.status]?.[ending];
    if (to === undefined) return;
    const code = CODES[ending];
    const change = transition(row, to, {
      at: timestamp(deps.now()),
      by: approval?.status === ending ? (approval.decision?.by ?? BY) : BY,
      writeToken: deps.newId(),
      code,
      set: { outcome: { code, summary: summaryOf(ending, approval) } },
    });
    const written = await deps.apply(change);
    if (written.kind === 'applied') return;
    row = written.current;
  }
  throw new Error('LEDGER_BUSY: the row changed too often');
};

/** The wait ended before the ledger learned of a request. */
const UNASKED = new Set<ActionStatus>(['PROPOSED', 'RENDERED']);

/**
 * Raises the version, so that what a dead asker still has on the wire is refused: landing after the execution ended,
 * it would leave a request that nobody is mailed about. The sweeper starts the action again.
 * @returns false where it landed before this
 */
const fence = async (row: Action, deps: CloseApprovalDeps): Promise<boolean> => {
  const write = {
    at: timestamp(deps.now()),
    by: BY,
    writeToken: deps.newId(),
    // The sweeper counts this among the restarts that led nowhere, and rests longer after each.
    code: 'EXECUTION_ENDED',
  };
  return (await deps.apply(amend(row, write))).kind === 'applied';
};

/**
 * "Close the wait": reads the approval and lets the ledger follow it. A committed, live approval goes on to
 * EXECUTE even where its callback came too late; what nobody decided expires by condition; a wait that broke off
 * before its time goes on waiting, so that no request is lost. Idempotent.
 */
export const closeApproval = async (input: StepInput, deps: CloseApprovalDeps): Promise<CloseStep> => {
  const row = await deps.read(input.action);
  if (row === undefined) return CLOSED;
  if (UNASKED.has(row.status) && !(await fence(row, deps))) return closeApproval(input, deps);
  if (FOLLOWS[row.status] === undefined) return CLOSED;
  let approval = row.approvalId === undefined ? undefined : await deps.readApproval(row.approvalId);
  if (approval?.status === 'WAITING')
    approval = await settleMove(
      approval,
      (current) => expire(current, deps.now(), deps.newId()),
      deps.applyApprovalChange,
    );
  const ending = endingOf(row, approval, deps.now());
  if (ending === 'OPEN') return { next: 'WAIT', waitSeconds: left(row, approval, deps.now()) };
  if (ending !== 'EXECUTE') await follow(row, ending, approval, deps);
  if (approval !== undefined)
    await settleMove(approval, (current) => clearCallback(current, deps.newId()), deps.applyApprovalChange);
  return ending === 'EXECUTE' ? { next: 'EXECUTE' } : CLOSED;
};
