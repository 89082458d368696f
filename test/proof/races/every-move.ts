import type { Action } from '#shared/actions/action.ts';
import type { LedgerChange } from '#shared/actions/ledger.ts';
import { type ActionStatus, type Move, STATUSES, TRANSITIONS } from '#shared/actions/status.ts';
import { amend, park, restart, transition } from '#shared/actions/transition.ts';
import { at, newAction } from '../../actions/rows.ts';

const HASH = 'a'.repeat(64);

/** One legal write of the ledger: where it starts from, and how a writer with this token makes it. */
export interface LegalMove {
  readonly name: string;
  readonly from: (key: string) => Action;
  readonly change: (row: Action, writeToken: string) => LedgerChange;
}

/** A row of a status on which every requirement of the table can be met. */
const rowIn = (status: ActionStatus, key: string): Action => ({
  ...newAction({ key, dryRun: true }),
  status,
  version: 3,
  ...(status === 'PROPOSED' || status === 'INVALID' ? {} : { requestHash: HASH }),
  ...(status === 'PROPOSED' || status === 'RENDERED'
    ? {}
    : { approvalId: 'b'.repeat(32), approvalExpiresAt: at(86_400_000) }),
  ...(status === 'EXECUTING' || status === 'OUTCOME_UNKNOWN'
    ? { ownerToken: 'owner', attempts: 1, leaseUntil: at(1000), startedAt: at(500) }
    : {}),
  ...(status === 'OUTCOME_UNKNOWN' ? { settleUntil: at(2000) } : {}),
});

const legal = (from: ActionStatus, { to, needs }: Move): LegalMove => ({
  name: `${from} to ${to}`,
  from: (key) => rowIn(from, key),
  change: (row, writeToken) =>
    transition(row, to, {
      at: at(3000),
      by: 'system:proof',
      writeToken,
      ...(needs.some((need) => need === 'owner' || need === 'ownerOrLeaseEnd')
        ? { ownerToken: 'owner' }
        : {}),
      ...(needs.includes('evidence') ? { evidence: 'lookup' } : {}),
      set: {
        requestHash: HASH,
        ...(needs.includes('authorization') && row.approvalId === undefined ? { permit: 'policy@v1' } : {}),
        ...(to === 'EXECUTING'
          ? { ownerToken: writeToken, attempts: row.attempts + 1, leaseUntil: at(40_000) }
          : {}),
      },
    }),
});

const write = (writeToken: string) => ({ at: at(3000), by: 'system:proof', writeToken }) as const;

/** Every move of the transition table, and the writes that leave the status as it is. */
export const EVERY_MOVE: readonly LegalMove[] = [
  ...STATUSES.flatMap((from) => TRANSITIONS[from].map((move) => legal(from, move))),
  {
    name: 'a note on NOT_APPLIED',
    from: (key) => rowIn('NOT_APPLIED', key),
    change: (row, token) => amend(row, { ...write(token), set: { approvalId: 'c'.repeat(32) } }),
  },
  {
    name: 'OUTCOME_UNKNOWN parked for a person',
    from: (key) => rowIn('OUTCOME_UNKNOWN', key),
    change: (row, token) => park(row, write(token)),
  },
  {
    name: 'a new generation of PROPOSED',
    from: (key) => rowIn('PROPOSED', key),
    change: (row, token) => restart(row, write(token)),
  },
];
