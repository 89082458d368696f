import type { Action } from './action.ts';
import { epochMs, type Timestamp, timestamp } from './identity.ts';

/** How often a proven-not-applied action may be claimed again, the first time included. */
export const MAX_ATTEMPTS = 5;
/** How often the provider is asked in vain before a person has to look. */
export const MAX_RECONCILIATIONS = 6;

export interface SettleTimes {
  /** Longest that a dispatch may be on the wire. */
  readonly transportTimeoutMs: number;
  /** How long a thing that was made may stay invisible to a lookup. */
  readonly lagMs: number;
}

/**
 * The end of the settle window: from then on an absent result at the provider is evidence (rule 5).
 * max(lease end, moment of doubt) + transport timeout + provider lag.
 */
export const settleUntil = (
  row: Pick<Action, 'leaseUntil'>,
  doubtAt: Timestamp,
  { transportTimeoutMs, lagMs }: SettleTimes,
): Timestamp =>
  timestamp(
    Math.max(row.leaseUntil === undefined ? 0 : epochMs(row.leaseUntil), epochMs(doubtAt)) +
      transportTimeoutMs +
      lagMs,
  );

/** Seconds until the next look after `asked` unanswered ones: 30, 60, 120, … at most 30 minutes. */
export const askAgainSeconds = (asked: number): number => Math.min(1800, 30 * 2 ** Math.max(0, asked));

/** Seconds between a proven failure without effect and the next claim; a provider may ask for more. */
export const backOffSeconds = (attempts: number, retryAfterSeconds = 0): number =>
  Math.min(3600, Math.max(retryAfterSeconds, 5 * 2 ** Math.max(0, attempts - 1)));
