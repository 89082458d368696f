import type { Action } from '#shared/actions/action.ts';
import { type ActionView, actionView } from '#shared/actions/action-view.ts';
import { amend, transition } from '#shared/actions/transition.ts';
import { at, newAction, newDryRun } from '../../actions/rows.ts';

const later = (row: Action, ms: number): string => at(Date.parse(row.createdAt) - Date.parse(at(0)) + ms);

/** A row that went a long way: approved, in doubt, not applied, tried again, done. Seven entries and a note. */
export const longRow = (key: string, createdAt = at(0)): Action => {
  const first = newAction({ key, createdAt, runId: 'run-1' });
  const hash = newDryRun(first).requestHash;
  let n = 0;
  const write = (ms: number) => ({
    at: later(first, ms),
    by: 'system:proof',
    writeToken: `w${(n += 1)}`,
  });
  const own = (ownerToken: string, attempts: number) => ({
    ownerToken,
    attempts,
    leaseUntil: later(first, 3000),
  });
  let row = transition(first, 'PENDING_APPROVAL', {
    ...write(1000),
    set: { requestHash: hash, approvalId: 'b'.repeat(32), approvalExpiresAt: later(first, 86_400_000) },
  }).to;
  row = transition(row, 'EXECUTING', { ...write(2000), set: own('o1', 1) }).to;
  row = transition(row, 'OUTCOME_UNKNOWN', {
    ...write(3000),
    ownerToken: 'o1',
    code: 'TIMEOUT',
    set: { ambiguousAttempts: 1, settleUntil: later(first, 9000) },
  }).to;
  row = amend(row, { ...write(4000), code: 'UNREADABLE', set: { reconciliations: 1 } }).to;
  row = transition(row, 'NOT_APPLIED', {
    ...write(9000),
    evidence: 'lookup',
    code: 'NOT_FOUND_AFTER_SETTLE',
    set: { ambiguousAttempts: 0 },
  }).to;
  row = transition(row, 'EXECUTING', { ...write(9500), set: own('o2', 2) }).to;
  return transition(row, 'SUCCEEDED', {
    ...write(9900),
    ownerToken: 'o2',
    code: 'ACCEPTED',
    set: { outcome: { code: 'ACCEPTED', summary: 'accepted', resourceId: `resource-of-${key}` } },
  }).to;
};

/** The action as `autopack export` has it. */
export const exported = (row: Action, body?: string): ActionView => {
  const dryRun = newDryRun(row);
  return {
    ...actionView(row),
    rendered: body === undefined ? dryRun : { ...dryRun, summary: [{ label: 'About', value: body }] },
    decision: null,
  };
};
