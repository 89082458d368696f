import * as z from 'zod';
import { Timestamp } from '../actions/identity.ts';
import { PolicyGateReason } from './gate-basis.ts';
import { Observation, UnusableReason } from './observation.ts';
import { PolicyDiff } from './policy-diff.ts';
import { PolicySource } from './source.ts';
import { SourceId } from './source-id.ts';
import { PageState, PendingChange, ScheduledChange } from './source-state.ts';
import { STANDINGS, type StandingWord } from './standing.ts';

/** A watched page as the API shows it. */
export const PolicyView = z.strictObject({
  source: PolicySource,
  /** Version of the registry row; an edit raises it. */
  version: z.int(),
  retired: z.boolean(),
  standing: z.enum(Object.keys(STANDINGS) as [StandingWord, ...StandingWord[]]),
  /** Why an action that requires this source would be refused now; empty: it would not. */
  reasons: z.array(PolicyGateReason),
  verifiedAt: Timestamp.nullable(),
  ageSeconds: z.int().nullable(),
  /** Seconds until it is stale, 0 where it is. */
  slackSeconds: z.int(),
  nextCheckAt: Timestamp.nullable(),
  acknowledged: PageState.nullable(),
  /** Change id of the acknowledgement behind `acknowledged`. */
  acknowledgement: z.string().nullable(),
  candidateSince: Timestamp.nullable(),
  pending: PendingChange.nullable(),
  incident: z
    .strictObject({ since: Timestamp, reason: UnusableReason, detail: z.string(), count: z.int() })
    .nullable(),
  movedTo: z.string().nullable(),
  scheduled: z.array(ScheduledChange),
  /** Returns between known states within the last day. */
  flapsPerDay: z.int(),
  /** An edit of a critical source that waits for a second person. */
  proposedBy: z.string().nullable(),
});
export type PolicyView = z.infer<typeof PolicyView>;

export const PolicyListView = z.strictObject({ policies: z.array(PolicyView) });
export type PolicyListView = z.infer<typeof PolicyListView>;

/** One page of the log of checks, newest first. */
export const ObservationListView = z.strictObject({
  source: SourceId,
  observations: z.array(Observation),
  nextCursor: z.string().nullable(),
});
export type ObservationListView = z.infer<typeof ObservationListView>;

/** What waits for a person, with what there is to read. All text is the provider's and untrusted. */
export const PolicyChangeView = z.strictObject({
  source: SourceId,
  title: z.string(),
  url: z.string(),
  critical: z.boolean(),
  change: PendingChange.nullable(),
  /** Absent where it is a baseline, or not made yet. */
  diff: PolicyDiff.nullable(),
  /** The extracted text of a baseline; cut where it is very long. */
  text: z.string().nullable(),
  textCut: z.boolean(),
});
export type PolicyChangeView = z.infer<typeof PolicyChangeView>;

/** A check that was asked for. */
export const CheckView = z.strictObject({
  source: SourceId,
  slot: Timestamp,
  /** `exists`: one of this minute was asked for before. */
  check: z.enum(['started', 'exists']),
});
