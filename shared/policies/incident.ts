import { epochMs, type Timestamp } from '../actions/identity.ts';
import type { Capture } from './capture.ts';
import { clip } from './class-reasons.ts';
import type { PageContent } from './content.ts';
import type { UnusableReason } from './observation.ts';
import { notify } from './notices.ts';
import type { SourceState } from './source-state.ts';

/** Unusable captures in a row before people are told. */
const TOLD_AFTER = 2;
/** A body of quite another size is believed to be meant after this many looks over this time. */
const QUARANTINE_LOOKS = 3;
const QUARANTINE_MS = 48 * 3_600_000;

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

/** Bodies that may be meant: another size, or no end where there was one, though no text is missing. */
const QUARANTINED: ReadonlySet<UnusableReason> = new Set(['SHRINK', 'GROWTH', 'CUT_OFF']);

/** A body that was judged by its size or its end alone, and what it says. */
const quarantine = (
  incident: SourceState['incident'],
  { reason }: Unusable,
  content: PageContent | undefined,
  at: Timestamp,
) => {
  if (!QUARANTINED.has(reason) || content === undefined) return {};
  const { semantic } = content.hashes;
  const goesOn = incident?.quarantined === semantic;
  return {
    quarantined: semantic,
    quarantinedSince: goesOn ? (incident.quarantinedSince ?? at) : at,
    quarantinedCount: (goesOn ? (incident.quarantinedCount ?? 1) : 0) + 1,
  };
};

/** It came often and long enough, always the same, to be a rewrite that a person has to look at. */
export const isSizeShift = (
  incident: SourceState['incident'],
  { reason }: Unusable,
  content: PageContent | undefined,
  at: Timestamp,
): boolean => {
  const { quarantinedSince, quarantinedCount } = quarantine(incident, { reason, detail: '' }, content, at);
  return (
    quarantinedSince !== undefined &&
    quarantinedCount >= QUARANTINE_LOOKS &&
    epochMs(at) - epochMs(quarantinedSince) >= QUARANTINE_MS
  );
};

/**
 * One unusable capture: everything that is known of the page stays, the incident grows. People are told once, after
 * the second in a row, or at once where the page moved away; and once more where it has moved for good.
 */
export const suffer = (
  state: SourceState,
  capture: Capture,
  unusable: Unusable,
  content: PageContent | undefined,
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
      ...quarantine(before, unusable, content, at),
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
