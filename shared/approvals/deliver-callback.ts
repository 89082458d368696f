import { type ActionId, actionPk } from '../actions/identity.ts';
import type { Approval, ApplyApprovalChange, ReadApproval, TellWait } from './approval.ts';
import { clearCallback } from './moves.ts';

export interface DeliverCallbackDeps {
  readonly readApproval: ReadApproval;
  readonly applyApprovalChange: ApplyApprovalChange;
  /** Opens the stored token; the encryption context is the primary key of the action. */
  readonly decryptToken: (actionPk: string, cipher: string) => Promise<string>;
  readonly tellWait: TellWait;
  readonly newId: () => string;
}

const ATTEMPTS = 5;

/**
 * The outbox of decisions: tells the wait what was decided, then clears the mark. Run by whoever decided, and by
 * the sweeper for decisions whose teller crashed. Idempotent. A wait that is gone was told before, or its
 * execution ended: only who can look after that (`whenGone`) clears the mark.
 * @param which the id, or the item as it was written a moment ago, which saves reading it
 * @returns `nothing` where no callback is outstanding
 * @throws what the wait or the store throws; the mark stays and the sweeper comes back
 */
export const deliverCallback = async (
  which: string | Approval,
  deps: DeliverCallbackDeps,
  whenGone?: (id: ActionId) => Promise<void>,
): Promise<'told' | 'gone' | 'nothing'> => {
  let approval = typeof which === 'string' ? await deps.readApproval(which) : which;
  if (approval === undefined || approval.status === 'WAITING' || approval.callback === undefined)
    return 'nothing';
  const token = await deps.decryptToken(actionPk(approval), approval.taskToken);
  const answer = await deps.tellWait(token, {
    decision: approval.status,
    approvalId: approval.approvalId,
  });
  if (answer === 'gone') {
    if (whenGone === undefined) return answer;
    await whenGone({ project: approval.project, key: approval.key });
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const move = clearCallback(approval, deps.newId());
    if (move.kind !== 'move') return answer;
    const result = await deps.applyApprovalChange({ from: approval, to: move.to });
    if (result.kind === 'applied') return answer;
    approval = result.current;
  }
  return answer;
};
