import type { Action } from '#shared/actions/action.ts';
import { actionView } from '#shared/actions/action-view.ts';
import { type ActionId, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, ReadAction } from '#shared/actions/ledger.ts';
import { findMove, isTerminal } from '#shared/actions/status.ts';
import { transition } from '#shared/actions/transition.ts';
import type { ApplyApprovalChange, ReadApproval } from '#shared/approvals/approval.ts';
import { cancel } from '#shared/approvals/moves.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { Proposed } from './propose-action.ts';

export interface CancelDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly readApproval: ReadApproval;
  readonly applyApprovalChange: ApplyApprovalChange;
  /** The outbox step of approvals: tells the wait. */
  readonly deliverCallback: (approvalId: string) => Promise<unknown>;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

type Withdrawer = Exclude<Principal, { kind: 'public' }>;

/** The proposer's own side may withdraw, and any operator of the project. */
const mayCancel = (row: Action, principal: Withdrawer): boolean =>
  row.originators.includes(principal.subject) || principal.roles.includes('operator');

/**
 * Moves the approval item out of WAITING: the one arbiter of approve, reject, cancel and expire (rule 3). An
 * approval that was given stays given; cancelling then contends with the claim on the ledger row.
 */
const withdrawApproval = async (row: Action, principal: Withdrawer, deps: CancelDeps): Promise<void> => {
  if (row.approvalId === undefined) return;
  for (;;) {
    const approval = await deps.readApproval(row.approvalId);
    if (approval === undefined) return;
    const who = { by: principal.subject, byName: principal.name, reason: 'Withdrawn' };
    const move = cancel(approval, who, deps.now(), deps.newId());
    if (move.kind === 'refused') return;
    if (move.kind === 'move') {
      const written = await deps.applyApprovalChange({ from: approval, to: move.to });
      if (written.kind === 'refused') continue;
    }
    await deps.deliverCallback(row.approvalId).catch((error: unknown) => {
      // The callback mark stays on the item: the sweeper delivers it.
      deps.log({
        level: 'warn',
        event: 'CALLBACK_DEFERRED',
        approvalId: row.approvalId,
        error: String(error),
      });
    });
    return;
  }
};

/**
 * Withdraws an action that has not run. Sent twice it is the same withdrawal.
 * @throws ProblemError NOT_FOUND, FORBIDDEN, NOT_CANCELLABLE
 */
export const cancelAction = async (
  input: { readonly id: ActionId; readonly principal: Withdrawer },
  deps: CancelDeps,
): Promise<Proposed> => {
  for (;;) {
    const row = await deps.read(input.id);
    if (row === undefined) throw new ProblemError('NOT_FOUND', `There is no action "${input.id.key}".`);
    if (!mayCancel(row, input.principal)) {
      throw new ProblemError(
        'FORBIDDEN',
        'Only whoever is behind the action, or an operator, may withdraw it.',
      );
    }
    if (row.status === 'CANCELLED') return { status: 200, action: actionView(row) };
    if (findMove(row.status, 'CANCELLED') === undefined) {
      const why = isTerminal(row.status) ? `It is ${row.status} already.` : 'It was sent, or may have been.';
      throw new ProblemError('NOT_CANCELLABLE', `Too late to cancel. ${why}`, {
        extra: { actionStatus: row.status },
      });
    }
    await withdrawApproval(row, input.principal, deps);
    const written = await deps.apply(
      transition(row, 'CANCELLED', {
        at: timestamp(deps.now()),
        by: input.principal.subject,
        writeToken: deps.newId(),
        code: 'WITHDRAWN',
        set: { outcome: { code: 'WITHDRAWN', summary: 'Withdrawn before it ran.' } },
      }),
    );
    if (written.kind === 'applied') return { status: 200, action: actionView(written.action) };
  }
};
