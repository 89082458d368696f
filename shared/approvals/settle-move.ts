import type { Approval, ApplyApprovalChange } from './approval.ts';
import type { MoveResult } from './moves.ts';

const ATTEMPTS = 8;

/**
 * Moves an approval by condition until it is where the move leads, or somebody else has led it elsewhere.
 * @throws Error APPROVAL_BUSY where it changed under every attempt; nothing was lost, try again
 */
export const settleMove = async (
  first: Approval,
  move: (approval: Approval) => MoveResult,
  applyApprovalChange: ApplyApprovalChange,
): Promise<Approval> => {
  let approval = first;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const result = move(approval);
    if (result.kind !== 'move') return approval;
    const written = await applyApprovalChange({ from: approval, to: result.to });
    if (written.kind === 'applied') return written.approval;
    approval = written.current;
  }
  throw new Error('APPROVAL_BUSY: the approval changed too often');
};
