import { epochMs } from '../actions/identity.ts';
import type { PolicyGateReason } from './gate-basis.ts';
import { policyGate } from './gate.ts';
import type { SourceRecord } from './source.ts';
import { isBaseline, type SourceState } from './source-state.ts';

/** One word for where a source stands, most urgent first. */
export const STANDINGS = {
  RETIRED: 'Retired',
  BASELINE: 'First text to approve',
  CHANGED: 'Changed, to be read',
  MOVED: 'Moved or gone',
  STALE: 'Stale',
  BLOCKED: 'Refuses actions',
  FAILING: 'Cannot be read at the moment',
  CANDIDATE: 'Something new, being confirmed',
  WAITING: 'Waits for its first check',
  FRESH: 'Up to date',
} as const;
export type StandingWord = keyof typeof STANDINGS;

export interface SourceStanding {
  readonly word: StandingWord;
  /** Seconds since the last verification; null before the first. */
  readonly ageSeconds: number | null;
  /** Seconds until it is stale; 0 where it is. */
  readonly slackSeconds: number;
  /** Why an action that requires it would be refused now, break-glass aside. */
  readonly reasons: readonly PolicyGateReason[];
}

/** Where a source stands now, in the eyes of the gate and of its incidents. Pure. */
export const sourceStanding = (
  record: SourceRecord,
  state: SourceState | undefined,
  now: number,
): SourceStanding => {
  const id = record.source.id;
  const { reasons, slackSeconds } = policyGate({
    required: [id],
    readings: new Map([[id, { kind: 'read', record, state }]]),
    breakGlass: [],
    now,
  });
  const has = (code: PolicyGateReason['code']): boolean => reasons.some((reason) => reason.code === code);
  const word = ((): StandingWord => {
    if (record.retired) return 'RETIRED';
    if (state === undefined) return 'WAITING';
    if (state.pending !== null) return isBaseline(state.pending) ? 'BASELINE' : 'CHANGED';
    if (has('SOURCE_MOVED')) return 'MOVED';
    if (state.acknowledged === null && state.incident === null) return 'WAITING';
    if (has('STALE') && state.verifiedAt !== null) return 'STALE';
    if (state.incident !== null) return 'FAILING';
    if (state.candidate !== null) return 'CANDIDATE';
    return reasons.length > 0 ? 'BLOCKED' : 'FRESH';
  })();
  const verifiedAt = state?.verifiedAt ?? null;
  return {
    word,
    ageSeconds: verifiedAt === null ? null : Math.floor((now - epochMs(verifiedAt)) / 1000),
    slackSeconds: slackSeconds ?? 0,
    reasons,
  };
};

/** A person has something to read here. */
export const waitsForPerson = (state: SourceState | undefined): boolean =>
  state !== undefined && state.pending !== null;
