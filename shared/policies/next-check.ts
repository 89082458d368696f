import { sha256 } from '../actions/canonical-json.ts';
import { epochMs, timestamp, type Timestamp } from '../actions/identity.ts';
import type { UnusableReason } from './observation.ts';
import type { PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** No two checks of a source are nearer than this (or its cadence, where that is shorter), but for the confirming one. */
export const LEAST_MS = 15 * MINUTE;
/** Part of the cadence that the jitter may take off. */
export const JITTER = 0.1;
/** A 304 vouches for a page at most this long after its bytes were last seen whole. */
export const CONDITIONAL_MS = DAY;

/** A fraction in [0, 1) that is the same whenever it is asked for. */
const fraction = (text: string): number => Number.parseInt(sha256(text).slice(0, 12), 16) / 2 ** 48;

type Backoff =
  /** First wait, doubled with each failure in a row up to the limit. */
  { readonly from: number; readonly upTo: number | 'cadence' } | { readonly every: number | 'cadence' };

/** The server's trouble passes soon: ask again soon, then ever less. */
const SOON: Backoff = { from: 15 * MINUTE, upTo: 'cadence' };
/** A page that came but is not the page: a wall or an error page is often gone within hours. */
const LATER: Backoff = { from: HOUR, upTo: 'cadence' };
/** Asking more often changes nothing: a person has to. */
const REGULAR: Backoff = { every: 'cadence' };
const HOURLY: Backoff = { every: HOUR };

/** How long to wait after each kind of failure. Complete by type: a new reason needs its line. */
export const BACKOFFS: Readonly<Record<UnusableReason, Backoff>> = {
  DNS: HOURLY,
  TLS: HOURLY,
  TIMEOUT: SOON,
  CONNECTION: SOON,
  TRUNCATED: SOON,
  DECODING: SOON,
  HTTP_SERVER_ERROR: SOON,
  HTTP_RATE_LIMITED: { from: HOUR, upTo: DAY },
  HTTP_GONE: { every: DAY },
  HTTP_FORBIDDEN: REGULAR,
  HTTP_CLIENT_ERROR: REGULAR,
  ROBOTS_DISALLOWED: REGULAR,
  BLOCKED_ADDRESS: REGULAR,
  REDIRECTED_AWAY: REGULAR,
  TOO_MANY_REDIRECTS: REGULAR,
  TOO_LARGE: REGULAR,
  EMPTY: LATER,
  SELECTOR_MISSED: LATER,
  SELECTOR_INVALID: REGULAR,
  FILTER_INVALID: REGULAR,
  RANGE_MISSED: LATER,
  NO_TEXT_LAYER: REGULAR,
  PDF_BROKEN: LATER,
  UNSUPPORTED_FORMAT: LATER,
  CHARSET_UNKNOWN: REGULAR,
  WALL: LATER,
  SOFT_404: LATER,
  LOGIN: LATER,
  REDIRECT_STUB: LATER,
  ERROR_PAGE: LATER,
  TOO_SHORT: LATER,
  SHRINK: LATER,
  GROWTH: LATER,
  WRONG_LANGUAGE: LATER,
  REPLACEMENT_CHARACTERS: LATER,
  SHARED_BODY: LATER,
  MISSING_ANCHORS: LATER,
  MOVED: { every: DAY },
  CUT_OFF: SOON,
  VALIDATORS_STALE: { every: LEAST_MS },
};

const backoffMs = (reason: UnusableReason, failures: number, cadenceMs: number): number => {
  const rule = BACKOFFS[reason];
  if ('every' in rule) return rule.every === 'cadence' ? cadenceMs : rule.every;
  const limit = rule.upTo === 'cadence' ? cadenceMs : rule.upTo;
  // 2^30 of anything is beyond every limit, and further doubling would overflow.
  return Math.min(rule.from * 2 ** Math.min(Math.max(failures - 1, 0), 30), limit);
};

export interface LastCheck {
  /** When it ended. */
  readonly at: Timestamp;
  /** Why it brought nothing; absent where it did. */
  readonly unusable?: UnusableReason;
  /** What the server asked for. */
  readonly retryAfterSeconds?: number;
}

/**
 * When a source is looked at next. Pure and deterministic: the same facts give the same moment.
 *
 * - After a usable check: the cadence, less up to a tenth (from the id and the moment), so that sources spread.
 * - With a candidate: `confirmSeconds` after it.
 * - After a failure: by its class (`BACKOFFS`), doubling with each one in a row.
 * - While the text is fresh, never later than half of what is left of its freshness, so that several tries fit in
 *   before the gate shuts; and on the day of an announced change.
 * - `Retry-After` is obeyed before all of that, up to a day.
 */
export const nextCheckAt = (
  source: PolicySource,
  state: Pick<SourceState, 'candidate' | 'verifiedAt' | 'incident' | 'scheduled'>,
  last: LastCheck,
  timing: { readonly confirmSeconds: number },
): Timestamp => {
  const at = epochMs(last.at);
  const cadence = source.cadenceHours * HOUR;
  const least = Math.min(LEAST_MS, cadence);
  const confirmation =
    state.candidate === null || last.unusable !== undefined
      ? Number.POSITIVE_INFINITY
      : at + timing.confirmSeconds * 1000;
  const regular =
    last.unusable === undefined
      ? at + cadence * (1 - JITTER * fraction(`${source.id}#${last.at}`))
      : at + backoffMs(last.unusable, state.incident?.count ?? 1, cadence);
  const staleAt =
    state.verifiedAt === null
      ? Number.NEGATIVE_INFINITY
      : epochMs(state.verifiedAt) + source.maxAgeDays * DAY;
  const budget = staleAt > at ? at + (staleAt - at) / 2 : Number.POSITIVE_INFINITY;
  const announced = state.scheduled
    .filter(({ reminded }) => !reminded)
    .map(({ on }) => epochMs(on))
    .filter((on) => on > at);
  const wanted = Math.max(Math.min(regular, budget, ...announced), at + least);
  const asked = last.retryAfterSeconds === undefined ? at : at + Math.min(last.retryAfterSeconds * 1000, DAY);
  // A rate limit that names its wait means it: doubling is for servers that do not say.
  const told = last.unusable === 'HTTP_RATE_LIMITED' && last.retryAfterSeconds !== undefined;
  const due = told ? Math.max(asked, at + least) : Math.max(wanted, asked);
  return timestamp(Math.ceil(Math.min(due, Math.max(confirmation, asked))));
};

/**
 * The validators that a check may send, or undefined where it has to see the page itself: after a failure (so that a
 * server that says 304 to everything is found out), while a change waits for its second look, in that second look,
 * and once a day at least, since a 304 is only the server's word.
 */
export const validatorsToSend = (
  state: Pick<SourceState, 'validators' | 'incident' | 'candidate' | 'configHash' | 'extractor'>,
  check: {
    readonly now: Timestamp;
    readonly reading: number;
    readonly configHash: string;
    readonly extractor: string;
  },
): SourceState['validators'] | undefined => {
  const { validators } = state;
  if (validators === null || validators.fetchedAt === undefined) return undefined;
  if (state.incident !== null || state.candidate !== null || check.reading > 1) return undefined;
  if (state.configHash !== check.configHash || state.extractor !== check.extractor) return undefined;
  const age = epochMs(check.now) - epochMs(validators.fetchedAt);
  return age >= 0 && age < CONDITIONAL_MS ? validators : undefined;
};
