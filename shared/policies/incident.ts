import type { Timestamp } from '../actions/identity.ts';
import type { Capture } from './capture.ts';
import { clip } from './class-reasons.ts';
import type { UnusableReason } from './observation.ts';
import { notify } from './notices.ts';
import { quarantine, type Quarantined } from './quarantine.ts';
import type { SourceState } from './source-state.ts';

/** Unusable captures in a row before people are told. */
const TOLD_AFTER = 2;
type Unusable = { readonly reason: UnusableReason; readonly detail: string };

const isMove = (reason: UnusableReason): boolean => reason === 'MOVED' || reason === 'REDIRECTED_AWAY';
const isGone = (capture: Capture, reason: UnusableReason): boolean =>
  reason === 'HTTP_GONE' || capture.status === 404 || capture.status === 410;

/** Where this capture says for good that the page is now, or null where it does not say so. */
const pointsAway = (capture: Capture, { reason }: Unusable): string | null => {
  if (isGone(capture, reason)) return capture.finalUrl;
  const permanent = capture.chain.some(({ status }) => status === 301 || status === 308);
  return isMove(reason) && permanent ? capture.finalUrl : null;
};
/** Captures in a row that point away before the page counts as moved. */
const MOVED_AFTER = 2;

/**
 * One unusable capture: everything that is known of the page stays, the incident grows. People are told once, after
 * the second in a row, or at once where the page moved away; and once more where it has moved for good.
 */
export const suffer = (
  state: SourceState,
  capture: Capture,
  unusable: Unusable,
  body: Quarantined | undefined,
): SourceState => {
  const at = capture.fetchedAt;
  const before = state.incident;
  const since = before?.since ?? at;
  const count = (before?.count ?? 0) + 1;
  const away = pointsAway(capture, unusable);
  const awayCount = away === null ? 0 : (before?.away ?? 0) + 1;
  const next: SourceState = {
    ...state,
    incident: {
      since,
      reason: unusable.reason,
      detail: clip(unusable.detail, 300),
      count,
      ...quarantine(before, unusable, body, at),
      away: awayCount,
    },
    movedTo: away !== null && awayCount >= MOVED_AFTER ? clip(away, 2000) : state.movedTo,
    validators: unusable.reason === 'VALIDATORS_STALE' ? null : state.validators,
  };
  const told =
    count >= TOLD_AFTER || isMove(unusable.reason)
      ? notify(next, {
          noticeId: `incident#${since}`,
          kind: 'INCIDENT',
          at,
          detail: `${unusable.reason}: ${unusable.detail}`,
        })
      : next;
  return away !== null && awayCount === MOVED_AFTER
    ? notify(told, { noticeId: `moved#${since}`, kind: 'MOVED', at, detail: away })
    : told;
};

/** The first usable capture ends the incident, and those who were told of it are told that it is over. */
export const recover = (state: SourceState, at: Timestamp): SourceState => {
  const { incident } = state;
  if (incident === null) return state.movedTo === null ? state : { ...state, movedTo: null };
  const over: SourceState = { ...state, incident: null, movedTo: null };
  return incident.count >= TOLD_AFTER || isMove(incident.reason)
    ? notify(over, {
        noticeId: `recovered#${incident.since}`,
        kind: 'RECOVERED',
        at,
        detail: `Usable again after ${incident.count} unusable captures.`,
      })
    : over;
};
