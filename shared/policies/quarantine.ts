import { epochMs, type Timestamp } from '../actions/identity.ts';
import type { PageContent } from './content.ts';
import type { UnusableReason } from './observation.ts';
import { shareOf } from './shared-text.ts';
import type { SourceState } from './source-state.ts';

/** A body of quite another size is believed to be meant after this many looks over this time. */
const QUARANTINE_LOOKS = 3;
const QUARANTINE_MS = 48 * 3_600_000;

/** Bodies that may be meant: another size, or no end where there was one, though no text is missing. */
const QUARANTINED: ReadonlySet<UnusableReason> = new Set(['SHRINK', 'GROWTH', 'CUT_OFF']);

/** What a body in quarantine says, and the text that it was judged against. */
export interface Quarantined {
  readonly content: PageContent;
  readonly lastGood: PageContent | undefined;
}

/**
 * What an unusable capture says, where it may come to be believed: nothing but its size is wrong, or nothing but its
 * end is missing and it is no shorter than the last good text (a site that leaves its end tags out from now on).
 */
export const quarantined = (
  content: PageContent | undefined,
  current: PageContent | undefined,
  why: UnusableReason,
): Quarantined | undefined => {
  if (content === undefined) return undefined;
  const isMeant =
    why === 'SHRINK' ||
    why === 'GROWTH' ||
    (why === 'CUT_OFF' && current !== undefined && content.length >= current.length);
  return isMeant ? { content, lastGood: current } : undefined;
};

/** A size that waits for its second look, with another number in it perhaps. */
export const isCandidate = (content: PageContent, candidate: PageContent | undefined): boolean =>
  candidate !== undefined && shareOf(candidate, content) >= 0.5 && shareOf(content, candidate) >= 0.5;

const LEAST_ALIKE = 0.8;
const alike = (left: number, right: number): boolean =>
  Math.min(left, right) >= LEAST_ALIKE * Math.max(left, right);

/**
 * The body that came last goes on coming: word for word; or of the same size, where a counter moves or the page goes on
 * being written. Half of what shrank has to be policy text then, for a wall names another number each time.
 */
const goesOn = (
  incident: SourceState['incident'],
  reason: UnusableReason,
  { content, lastGood }: Quarantined,
): boolean => {
  if (incident?.quarantined === undefined) return false;
  if (incident.quarantined === content.hashes.semantic) return true;
  if (incident.reason !== reason || !alike(incident.quarantinedLength ?? 0, content.length)) return false;
  return reason === 'GROWTH' || (lastGood !== undefined && shareOf(content, lastGood) >= 0.5);
};

/** A body that was judged by its size or its end alone, and what it says. */
export const quarantine = (
  incident: SourceState['incident'],
  { reason }: { readonly reason: UnusableReason },
  body: Quarantined | undefined,
  at: Timestamp,
) => {
  if (!QUARANTINED.has(reason) || body === undefined) return {};
  const again = goesOn(incident, reason, body);
  return {
    quarantined: body.content.hashes.semantic,
    quarantinedLength: body.content.length,
    quarantinedSince: again ? (incident?.quarantinedSince ?? at) : at,
    quarantinedCount: (again ? (incident?.quarantinedCount ?? 1) : 0) + 1,
  };
};

/** It came often and long enough to be a rewrite that a person has to look at. */
export const isSizeShift = (
  incident: SourceState['incident'],
  unusable: { readonly reason: UnusableReason },
  body: Quarantined,
  at: Timestamp,
): boolean => {
  const { quarantinedSince, quarantinedCount } = quarantine(incident, unusable, body, at);
  return (
    quarantinedSince !== undefined &&
    quarantinedCount >= QUARANTINE_LOOKS &&
    epochMs(at) - epochMs(quarantinedSince) >= QUARANTINE_MS
  );
};
