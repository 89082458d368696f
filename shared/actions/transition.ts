import type { Action, HistoryEntry } from './action.ts';
import { appendHistory } from './history.ts';
import { epochMs, type Subject, type Timestamp, timestamp } from './identity.ts';
import type { LedgerChange } from './ledger.ts';
import { type ActionStatus, findMove, isTerminal, type Requirement } from './status.ts';

/** An open proposal that nobody acknowledged is looked at again after this long. */
export const UNACKNOWLEDGED_MS = 30_000;
/** How long after the machine's own deadline the sweeper steps in. */
export const SWEEP_SLACK_MS = 120_000;

/** The members of a row that a move may set; everything else is immutable or derived. */
export type Mutable = Partial<
  Pick<
    Action,
    | 'requestHash'
    | 'tier'
    | 'projectVersion'
    | 'effects'
    | 'recoveryClass'
    | 'approvalId'
    | 'approvalExpiresAt'
    | 'permit'
    | 'policies'
    | 'attempts'
    | 'ambiguousAttempts'
    | 'reconciliations'
    | 'ownerToken'
    | 'leaseUntil'
    | 'settleUntil'
    | 'outcome'
    | 'resolution'
    | 'startedAt'
    | 'completedAt'
    | 'dryRun'
    | 'generation'
  >
>;

export interface Write {
  readonly at: Timestamp;
  readonly by: Subject;
  /** Fresh randomness of this write. */
  readonly writeToken: string;
  /** Stable code of the reason. */
  readonly code?: string;
  readonly set?: Mutable;
}

export interface MoveInput extends Write {
  /** The owner token that the writer holds in memory. */
  readonly ownerToken?: string;
  /** The writer has the word of the provider or of a person. */
  readonly evidence?: 'reply' | 'lookup' | 'person';
}

/** A move that the table does not allow: a fault of ours, never an answer to a caller. */
export class IllegalTransitionError extends Error {
  override readonly name = 'IllegalTransitionError';
  readonly code = 'ILLEGAL_TRANSITION';
  readonly missing: Requirement | 'move';
  constructor(from: ActionStatus, to: ActionStatus, missing: Requirement | 'move') {
    super(
      `${from} cannot become ${to}: ${missing === 'move' ? 'the table has no such move' : `${missing} is missing`}`,
    );
    this.missing = missing;
  }
}

const meets = (need: Requirement, from: Action, next: Action, input: MoveInput): boolean => {
  switch (need) {
    case 'dryRun':
      return from.dryRun;
    case 'requestHash':
      return (
        next.requestHash !== undefined &&
        (from.requestHash === undefined || from.requestHash === next.requestHash)
      );
    case 'authorization':
      return (
        next.permit !== undefined ||
        (next.approvalId !== undefined &&
          next.approvalExpiresAt !== undefined &&
          next.approvalExpiresAt > input.at)
      );
    case 'owner':
      return from.ownerToken !== undefined && from.ownerToken === input.ownerToken;
    case 'ownerOrLeaseEnd':
      return (
        (from.ownerToken !== undefined && from.ownerToken === input.ownerToken) ||
        (from.leaseUntil !== undefined && from.leaseUntil <= input.at)
      );
    case 'noDoubt':
      return from.ambiguousAttempts === 0;
    case 'evidence':
      return (
        input.evidence !== undefined &&
        (next.status === 'SUCCEEDED' || (from.settleUntil !== undefined && from.settleUntil <= input.at))
      );
    case 'keyed':
      return from.recoveryClass === 'keyed';
  }
};

const later = (at: Timestamp, ms: number): Timestamp => timestamp(epochMs(at) + ms);

/** When the sweeper has to look at a row again; nothing where it is closed or rests as a dry run. */
const attentionOf = (row: Action): Pick<Action, 'attention' | 'attentionAt'> => {
  const sweep = (attentionAt: Timestamp) => ({ attention: 'sweep' as const, attentionAt });
  if (isTerminal(row.status)) return {};
  switch (row.status) {
    case 'RENDERED':
      return row.dryRun ? {} : sweep(later(row.updatedAt, UNACKNOWLEDGED_MS));
    case 'PENDING_APPROVAL':
      return sweep(later(row.approvalExpiresAt ?? row.updatedAt, SWEEP_SLACK_MS));
    case 'EXECUTING':
      return sweep(row.leaseUntil ?? row.updatedAt);
    case 'OUTCOME_UNKNOWN':
      return sweep(later(row.settleUntil ?? row.updatedAt, SWEEP_SLACK_MS));
    case 'NOT_APPLIED':
      return sweep(later(row.updatedAt, SWEEP_SLACK_MS));
    case 'PAUSED_CREDENTIAL':
      // Every sweep looks whether the credential can be used again.
      return sweep(row.updatedAt);
    default:
      return sweep(later(row.updatedAt, UNACKNOWLEDGED_MS));
  }
};

const nextRow = (
  from: Action,
  status: ActionStatus,
  event: HistoryEntry['event'],
  input: Write,
  attention?: 'person',
): Action => {
  const { attention: _attention, attentionAt: _attentionAt, ...kept } = from;
  const changed: Action = {
    ...kept,
    ...input.set,
    status,
    version: from.version + 1,
    updatedAt: input.at,
    writeToken: input.writeToken,
  };
  const due = attention === 'person' ? { attention, attentionAt: input.at } : attentionOf(changed);
  return {
    ...changed,
    ...due,
    history: appendHistory(changed, from.history, {
      version: changed.version,
      event,
      at: input.at,
      by: input.by,
      ...(input.code === undefined ? {} : { code: input.code }),
    }),
  };
};

/**
 * Computes a move of the table as one conditional write.
 * @throws IllegalTransitionError where the table has no such move or a requirement is not met.
 */
export const transition = (from: Action, to: ActionStatus, input: MoveInput): LedgerChange => {
  const found = findMove(from.status, to);
  if (found === undefined) throw new IllegalTransitionError(from.status, to, 'move');
  const closing = isTerminal(to) ? { completedAt: input.at } : {};
  const next = nextRow(from, to, to, { ...input, set: { ...closing, ...input.set } });
  for (const need of found.needs) {
    if (!meets(need, from, next, input)) throw new IllegalTransitionError(from.status, to, need);
  }
  return {
    from,
    to: next,
    ...(found.needs.includes('owner') && input.ownerToken !== undefined
      ? { ownerToken: input.ownerToken }
      : {}),
    ...(to === 'EXECUTING' && from.requestHash !== undefined ? { requestHash: from.requestHash } : {}),
  };
};

/** The same status with other facts: a token of doubt, a fresh approval, an operator's first word. */
export const amend = (from: Action, input: Write): LedgerChange => ({
  from,
  to: nextRow(from, from.status, from.status, input),
});

/** OUTCOME_UNKNOWN that only a person can resolve: the machine stops asking. */
export const park = (from: Action, input: Write): LedgerChange => ({
  from,
  to: nextRow(from, from.status, from.status, input, 'person'),
});

/** A new execution for an open row whose last one ended: raises the generation by condition (rule 1). */
export const restart = (from: Action, input: Write): LedgerChange => ({
  from,
  to: nextRow(from, from.status, 'RESTARTED', {
    ...input,
    set: { ...input.set, generation: from.generation + 1 },
  }),
});

/** The first row of an action. */
export const proposed = (
  facts: Pick<
    Action,
    | 'project'
    | 'key'
    | 'operation'
    | 'effects'
    | 'recoveryClass'
    | 'payloadHash'
    | 'providerKey'
    | 'proposer'
    | 'originators'
    | 'dryRun'
    | 'approvalTtlSeconds'
  > &
    Partial<Pick<Action, 'runId' | 'rationaleHash'>>,
  input: Pick<Write, 'at' | 'writeToken'>,
): Action => {
  const row = {
    ...facts,
    schemaVersion: 1 as const,
    generation: 1,
    version: 1,
    status: 'PROPOSED' as const,
    attempts: 0,
    ambiguousAttempts: 0,
    reconciliations: 0,
    createdAt: input.at,
    updatedAt: input.at,
    writeToken: input.writeToken,
    attention: 'sweep' as const,
    attentionAt: later(input.at, UNACKNOWLEDGED_MS),
  };
  return {
    ...row,
    history: appendHistory(row, [], { version: 1, event: 'PROPOSED', at: input.at, by: facts.proposer }),
  };
};
