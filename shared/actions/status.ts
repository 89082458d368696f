/**
 * The states of an action and the moves between them: one data structure that drives production code
 * and tests (DESIGN §2). Anything that is not listed here cannot be written.
 */
export const STATUSES = [
  'PROPOSED',
  'RENDERED',
  'PENDING_APPROVAL',
  'PAUSED_CREDENTIAL',
  'EXECUTING',
  'OUTCOME_UNKNOWN',
  'NOT_APPLIED',
  'SUCCEEDED',
  'FAILED',
  'REJECTED',
  'EXPIRED',
  'CANCELLED',
  'DENIED',
  'INVALID',
] as const;

export type ActionStatus = (typeof STATUSES)[number];

/** What must be on the row for a move to be legal, over and above the status it starts from. */
export type Requirement =
  /** A dry run was asked for: the action stops at RENDERED until `submit`. */
  | 'dryRun'
  /** The rendered request and its hash are known. */
  | 'requestHash'
  /** A live approval of exactly the stored requestHash, or an explicit unattended permit. */
  | 'authorization'
  /** The lease is over or the writer is the owner: time alone opens only the way to OUTCOME_UNKNOWN. */
  | 'ownerOrLeaseEnd'
  /** The writer holds the owner token of this attempt. */
  | 'owner'
  /** No attempt is unresolved: after an ambiguous one a refusal proves nothing. */
  | 'noDoubt'
  /** Evidence from the provider, from a person after the settle window, or both. */
  | 'evidence'
  /** Recovery class keyed, inside the provider's retention, same provider key. */
  | 'keyed';

export interface Move {
  readonly to: ActionStatus;
  readonly needs: readonly Requirement[];
}

const move = (to: ActionStatus, ...needs: Requirement[]): Move => ({ to, needs });

/** Legal moves. An absent row can only become PROPOSED. */
export const TRANSITIONS: Readonly<Record<ActionStatus, readonly Move[]>> = {
  PROPOSED: [
    move('RENDERED', 'dryRun', 'requestHash'),
    move('INVALID'),
    move('DENIED'),
    move('PENDING_APPROVAL', 'requestHash'),
    move('EXECUTING', 'requestHash', 'authorization'),
    move('PAUSED_CREDENTIAL'),
    move('CANCELLED'),
  ],
  RENDERED: [
    move('PENDING_APPROVAL', 'requestHash'),
    move('EXECUTING', 'requestHash', 'authorization'),
    move('DENIED'),
    move('CANCELLED'),
  ],
  PENDING_APPROVAL: [
    move('EXECUTING', 'requestHash', 'authorization'),
    move('REJECTED'),
    move('EXPIRED'),
    move('CANCELLED'),
    move('DENIED'),
    move('PAUSED_CREDENTIAL'),
  ],
  PAUSED_CREDENTIAL: [
    move('EXECUTING', 'requestHash', 'authorization'),
    move('EXPIRED'),
    move('CANCELLED'),
    move('DENIED'),
  ],
  EXECUTING: [
    move('SUCCEEDED', 'owner'),
    move('FAILED', 'owner', 'noDoubt'),
    move('NOT_APPLIED', 'owner', 'noDoubt'),
    move('OUTCOME_UNKNOWN', 'ownerOrLeaseEnd'),
  ],
  OUTCOME_UNKNOWN: [
    move('SUCCEEDED', 'evidence'),
    move('FAILED', 'evidence'),
    move('NOT_APPLIED', 'evidence'),
    move('EXECUTING', 'requestHash', 'authorization', 'keyed'),
  ],
  NOT_APPLIED: [
    move('EXECUTING', 'requestHash', 'authorization'),
    move('FAILED'),
    move('EXPIRED'),
    move('CANCELLED'),
    move('DENIED'),
    move('PAUSED_CREDENTIAL'),
  ],
  SUCCEEDED: [],
  FAILED: [],
  REJECTED: [],
  EXPIRED: [],
  CANCELLED: [],
  DENIED: [],
  INVALID: [],
};

/** True where nothing can follow. */
export const isTerminal = (status: ActionStatus): boolean => TRANSITIONS[status].length === 0;

/** The move from one status to another, or undefined where the table has none. */
export const findMove = (from: ActionStatus, to: ActionStatus): Move | undefined =>
  TRANSITIONS[from].find((candidate) => candidate.to === to);
