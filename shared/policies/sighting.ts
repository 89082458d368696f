import type { Timestamp } from '../actions/identity.ts';
import { reason } from './class-reasons.ts';
import type { Capture } from './capture.ts';
import type { PageContent, PageHashes, RemovedNoise } from './content.ts';
import { countFlap } from './flaps.ts';
import { findKnown, leave, remember, wasWelcome } from './known-states.ts';
import type { ChangeClass, ClassReason } from './observation.ts';
import type { PolicySource } from './source.ts';
import type { Severity } from './source-id.ts';
import type { PageState, SourceState } from './source-state.ts';

/** Contents of the states that a source remembers by hash, as far as they can be had. */
export interface Prior {
  readonly acknowledged?: PageContent | undefined;
  readonly current?: PageContent | undefined;
  readonly candidate?: PageContent | undefined;
}

/** A usable look at the page: what the steps of `observe` hand to each other. */
export interface Sight {
  readonly source: PolicySource;
  readonly capture: Capture;
  readonly content: PageContent;
  readonly prior: Prior;
  /** When the page was seen. */
  readonly at: Timestamp;
  readonly confirmMs: number;
}

/** What came of a look. */
export interface Verdict {
  readonly state: SourceState;
  readonly class: ChangeClass;
  readonly reasons: readonly ClassReason[];
  readonly removed?: readonly RemovedNoise[];
  readonly candidate?: boolean;
  readonly verified?: boolean;
  readonly alert?: boolean;
  readonly severity?: Severity | undefined;
  readonly changeId?: string | undefined;
}

/** The state of the page as this look shows it. */
export const pageState = (sight: Sight, firstSeenAt: Timestamp = sight.at): PageState => ({
  hashes: sight.content.hashes,
  firstSeenAt,
  lastSeenAt: sight.at,
  ...(sight.capture.finalUrl.length <= 2000 ? { finalUrl: sight.capture.finalUrl } : {}),
});

/** Text and structure are the same. */
export const sameText = (
  left: { readonly semantic: string; readonly structure: string },
  right: { readonly semantic: string; readonly structure: string },
): boolean => left.semantic === right.semantic && left.structure === right.structure;

/** States that the bound of the known list never pushes out. */
export const kept = (state: SourceState) =>
  [state.acknowledged, state.current].flatMap((one) => (one === null ? [] : [one.hashes]));

/** Freshness moves forward, never back, and the warnings about it start anew. */
export const verify = (state: SourceState, at: Timestamp): SourceState => ({
  ...state,
  verifiedAt: state.verifiedAt === null || state.verifiedAt < at ? at : state.verifiedAt,
  slackWarned: 0,
});

/** A candidate that was not confirmed is remembered, not acknowledged, and nobody is told. */
export const dropCandidate = (
  state: SourceState,
  sight: Sight,
): { readonly state: SourceState; readonly reasons: readonly ClassReason[] } => {
  const { candidate } = state;
  if (candidate === null) return { state, reasons: [] };
  const reasons = [reason('NOT_CONFIRMED', `It was seen at ${candidate.firstSeenAt}.`)];
  const without: SourceState = { ...state, candidate: null };
  const before = findKnown(state.known, candidate.hashes);
  // An accepted text was there until now, if for one look only.
  if (candidate.returning === true || (before !== undefined && wasWelcome(before, candidate.firstSeenAt)))
    return { state: { ...without, known: leave(state.known, candidate.hashes, sight.at) }, reasons };
  // What was accepted long ago stays as it was: a glimpse of it does not make it live again.
  if (before?.acknowledged === true) return { state: without, reasons };
  const known = remember(
    state.known,
    {
      hashes: candidate.hashes,
      content: sight.prior.candidate,
      firstSeenAt: candidate.firstSeenAt,
      at: candidate.lastSeenAt,
    },
    kept(state),
  );
  return { state: { ...without, known }, reasons };
};

/** Counts a return where the look before this one showed another state than the one that the page is back at. */
export const flapFrom = (
  state: SourceState,
  before: PageState | null,
  key: PageHashes,
  at: Timestamp,
): { readonly state: SourceState; readonly returned: boolean } =>
  before === null || sameText(before.hashes, key) || findKnown(state.known, key) === undefined
    ? { state, returned: false }
    : { state: countFlap(state, at), returned: true };
