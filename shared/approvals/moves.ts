import { epochMs, type Subject, timestamp } from '../actions/identity.ts';
import { FRESH_SIGN_IN_MS, type Principal } from '../operators/principal.ts';
import type { ProblemCode } from '../operators/problems.ts';
import { type Approval, LAST_MINUTE_MS } from './approval.ts';

/**
 * Every move out of WAITING, as pure functions of the item that was read. They compute the replacement; the store
 * writes it on the condition that the item is still the one that was read, so one arbiter decides every race
 * (DESIGN §2 rule 3). A caller whose write is refused reads again and calls again.
 */

export type Person = Extract<Principal, { kind: 'person' }>;

/** Why a move is not made. `extra` goes into the problem document. */
export interface Refusal {
  readonly code: Extract<
    ProblemCode,
    | 'ALREADY_DECIDED'
    | 'APPROVAL_EXPIRED'
    | 'TOO_LATE_TO_EXECUTE'
    | 'HASH_MISMATCH'
    | 'CONFLICT'
    | 'ORIGINATOR_MAY_NOT_APPROVE'
    | 'SIGN_IN_NOT_FRESH'
  >;
  readonly detail: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}

export type MoveResult =
  /** Write `to` on the condition of the item that was read. */
  | { readonly kind: 'move'; readonly to: Approval }
  /** It was done before, by the same hand: the same answer, no write. */
  | { readonly kind: 'same'; readonly approval: Approval }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a person sends with a vote: what they chose and what they were shown. */
export interface Ballot {
  readonly decision: 'approve' | 'reject';
  readonly requestHash: string;
  readonly version: number;
  readonly reason: string;
}

const refused = (refusal: Refusal): MoveResult => ({ kind: 'refused', refusal });

/** True from the first millisecond at which the claim can no longer commit. */
export const isPastExpiry = (approval: Approval, now: number): boolean =>
  !(now < epochMs(approval.expiresAt));

/** An approval that Execute may still use: approved, and not over. */
export const isLive = (approval: Approval, now: number): boolean =>
  approval.status === 'APPROVED' && !isPastExpiry(approval, now);

/** True where this subject proposed, owns or edited the action. Addresses compare without case. */
export const isOriginator = (
  approval: Pick<Approval, 'proposer' | 'originators'>,
  subject: Subject,
): boolean =>
  [approval.proposer, ...approval.originators].some(
    (originator) => originator.toLowerCase() === subject.toLowerCase(),
  );

const decided = (approval: Approval): Refusal => {
  if (approval.status === 'EXPIRED')
    return { code: 'APPROVAL_EXPIRED', detail: `The approval expired at ${approval.expiresAt}.` };
  const { decision } = approval;
  return {
    code: 'ALREADY_DECIDED',
    detail: `${decision?.byName ?? 'Somebody'} decided this at ${decision?.at ?? approval.createdAt}: ${approval.status}.`,
    extra: {
      decision: approval.status,
      ...(decision === undefined ? {} : { decidedBy: decision.by, decidedAt: decision.at }),
    },
  };
};

/** Why nobody can decide this now, or null: decided, expired, or too close to the end (rule 6). */
export const closedBecause = (approval: Approval, now: number): Refusal | null => {
  if (approval.status !== 'WAITING') return decided(approval);
  if (isPastExpiry(approval, now))
    return { code: 'APPROVAL_EXPIRED', detail: `The approval expired at ${approval.expiresAt}.` };
  if (epochMs(approval.expiresAt) - now <= LAST_MINUTE_MS)
    return {
      code: 'TOO_LATE_TO_EXECUTE',
      detail: `It expires at ${approval.expiresAt} and nothing could run before that. Propose it again under a new key.`,
    };
  return null;
};

/** Why this person cannot decide it, whatever they choose, or null. */
export const barredBecause = (approval: Approval, person: Person, now: number): Refusal | null => {
  if (isOriginator(approval, person.subject))
    return {
      code: 'ORIGINATOR_MAY_NOT_APPROVE',
      detail:
        'You proposed, own or edited this action, or it was proposed for you. Somebody else has to decide.',
    };
  // Written so that a sign-in time that is not a number counts as stale.
  if (approval.tier !== 'low' && !(now - person.authTimeMs <= FRESH_SIGN_IN_MS))
    return {
      code: 'SIGN_IN_NOT_FRESH',
      detail: `A decision of tier ${approval.tier} needs a sign-in of the last ${FRESH_SIGN_IN_MS / 60_000} minutes. Sign in again.`,
    };
  return null;
};

/**
 * A person's vote. The same person repeating the same choice gets the same answer; anyone else after the
 * decision gets ALREADY_DECIDED with who and when.
 * @param now epoch milliseconds
 * @param writeToken fresh randomness of this write
 */
export const vote = (
  approval: Approval,
  person: Person,
  ballot: Ballot,
  now: number,
  writeToken: string,
): MoveResult => {
  const status = ballot.decision === 'approve' ? 'APPROVED' : 'REJECTED';
  if (ballot.requestHash !== approval.requestHash)
    return refused({
      code: 'HASH_MISMATCH',
      detail: 'The request that waits is not the one that you were shown. Open the page again.',
    });
  if (approval.status === status && approval.decision?.by === person.subject)
    return { kind: 'same', approval };
  const refusal = closedBecause(approval, now) ?? barredBecause(approval, person, now);
  if (refusal !== null) return refused(refusal);
  if (ballot.version !== approval.version)
    return refused({
      code: 'CONFLICT',
      detail: `You were shown version ${ballot.version}; this is version ${approval.version}. Open the page again.`,
    });
  return {
    kind: 'move',
    to: {
      ...approval,
      status,
      version: approval.version + 1,
      callback: 'PENDING',
      decision: {
        by: person.subject,
        byName: person.name,
        at: timestamp(now),
        reason: ballot.reason,
        authTime: timestamp(person.authTimeMs),
      },
      writeToken,
    },
  };
};

/**
 * Withdraws a request that waits. Once it is APPROVED this is refused: cancelling then contends with the claim on
 * the ledger row.
 */
export const cancel = (
  approval: Approval,
  who: { readonly by: Subject; readonly byName: string; readonly reason: string },
  now: number,
  writeToken: string,
): MoveResult => {
  if (approval.status === 'CANCELLED') return { kind: 'same', approval };
  if (approval.status !== 'WAITING') return refused(decided(approval));
  return {
    kind: 'move',
    to: {
      ...approval,
      status: 'CANCELLED',
      version: approval.version + 1,
      callback: 'PENDING',
      decision: { ...who, at: timestamp(now), authTime: null },
      writeToken,
    },
  };
};

/**
 * Whether anybody was mailed about it. Where the step that asks dies and is never heard of again, a request waits to its
 * end without anybody knowing of it: then nobody may be said to have let it pass.
 */
export const wasMailed = ({ mailed }: Pick<Approval, 'mailed'>): boolean => mailed.length > 0;

const UNMAILED = 'Nobody decided in time. No mail about it was handed over, so nobody may have known of it.';

/** Ends a wait that nobody answered. Refused before the time, and once somebody decided. */
export const expire = (approval: Approval, now: number, writeToken: string): MoveResult => {
  if (approval.status === 'EXPIRED') return { kind: 'same', approval };
  if (approval.status !== 'WAITING') return refused(decided(approval));
  if (!isPastExpiry(approval, now))
    return refused({ code: 'CONFLICT', detail: `It waits until ${approval.expiresAt}.` });
  return {
    kind: 'move',
    to: {
      ...approval,
      status: 'EXPIRED',
      version: approval.version + 1,
      callback: 'PENDING',
      decision: {
        by: 'system:expiry',
        byName: 'Expiry',
        at: timestamp(now),
        reason: wasMailed(approval) ? 'Nobody decided in time.' : UNMAILED,
        authTime: null,
      },
      writeToken,
    },
  };
};

/** A wait that was started again has a new token. Only a request that still waits takes it (rule 7). */
export const replaceToken = (approval: Approval, cipher: string, writeToken: string): MoveResult =>
  approval.status === 'WAITING'
    ? { kind: 'move', to: { ...approval, taskToken: cipher, writeToken } }
    : refused(decided(approval));

/** Notes that a mail was handed over. Allowed in any status: it happened. */
export const noteMail = (approval: Approval, mark: string, writeToken: string): MoveResult =>
  approval.mailed.includes(mark)
    ? { kind: 'same', approval }
    : { kind: 'move', to: { ...approval, mailed: [...approval.mailed, mark], writeToken } };

/** The wait was told, or is gone for good: the outbox entry is done. */
export const clearCallback = (approval: Approval, writeToken: string): MoveResult => {
  if (approval.callback === undefined) return { kind: 'same', approval };
  const { callback: _done, ...rest } = approval;
  return { kind: 'move', to: { ...rest, writeToken } };
};
