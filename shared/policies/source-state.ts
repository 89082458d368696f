import * as z from 'zod';
import { Sha256 } from '../actions/dry-run.ts';
import { Subject, Timestamp } from '../actions/identity.ts';
import { PageHashes } from './content.ts';
import { ChangeClass, ClassReason, UnusableReason } from './observation.ts';
import { Severity, SourceId } from './source-id.ts';

/** A state of the page: which bytes, read how, and when it was first and last seen. */
export const PageState = z.strictObject({
  hashes: PageHashes,
  /** Of a candidate: since when the page shows something that is not accepted, in whatever form. */
  firstSeenAt: Timestamp,
  lastSeenAt: Timestamp,
  /** Where it was found in the end. */
  finalUrl: z.string().max(2000).optional(),
  /** A candidate that would be accepted: the page seems to be back, but a change still waits for a person. */
  returning: z.literal(true).optional(),
});
export type PageState = z.infer<typeof PageState>;

/** A state that is remembered for the known-state window, by text and structure. Never shared between sources. */
export const KnownState = z.strictObject({
  semantic: Sha256,
  structure: Sha256,
  links: Sha256,
  /** Digest of the documents that its links lead to: links that differ in nothing but noise have the same. */
  documents: Sha256,
  canonical: Sha256,
  firstSeenAt: Timestamp,
  /** When it was last live: last seen, or the moment at which another state was first seen in its place. */
  lastSeenAt: Timestamp,
  /** How often the page came back to it. */
  returns: z.int().nonnegative(),
  acknowledged: z.boolean(),
  /** A person said that it is gone for good: any return is a change again. */
  superseded: z.boolean(),
  /** Where it was acknowledged and became a change again: since when. Sets the ids of both changes apart. */
  round: Timestamp.optional(),
  /** The change that people were told of when the page came to say this. */
  changeId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
});
export type KnownState = z.infer<typeof KnownState>;

/** A change that waits for a person: bound to the pair of hashes, void when `to` is no longer what the page says. */
export const PendingChange = z.strictObject({
  /** digest(source, from, to): 32 hex digits. */
  changeId: z.string().regex(/^[0-9a-f]{32}$/),
  /** What was acknowledged last; null for a baseline. */
  from: PageHashes.nullable(),
  to: PageHashes,
  class: ChangeClass,
  reasons: z.array(ClassReason).max(20),
  severity: Severity,
  /** First seen, and confirmed by a second fetch. */
  since: Timestamp,
  confirmedAt: Timestamp,
  /** First of two people, where the source is critical. */
  firstAcknowledgement: z.strictObject({ by: Subject, at: Timestamp, reason: z.string() }).optional(),
});
export type PendingChange = z.infer<typeof PendingChange>;

/** What waits is the first text under this reading, not a change of it. */
export const isBaseline = (pending: Pick<PendingChange, 'from' | 'class'>): boolean =>
  pending.from === null || pending.class === 'baseline';

/** Learned: digits inside blocks of this skeleton move all the time and mean nothing (a view counter). */
export const VolatileBlock = z.strictObject({
  skeleton: Sha256,
  sample: z.string().max(160),
  changes: z.int().positive(),
  lastAt: Timestamp,
});
export type VolatileBlock = z.infer<typeof VolatileBlock>;

/** What is to be told to people, once each: deterministic ids, cleared when the mail was handed over. */
export const Notice = z.strictObject({
  /** `change#<changeId>`, `void#<changeId>`, `incident#<at>`, `recovered#<at>`, `slack#<verifiedAt>#50`, … */
  noticeId: z.string().max(120),
  kind: z.enum([
    'CHANGE',
    'BASELINE',
    'INCIDENT',
    'RECOVERED',
    'SLACK',
    'UNSTABLE',
    'MOVED',
    'EFFECTIVE_TODAY',
  ]),
  at: Timestamp,
  detail: z.string().max(300),
});
export type Notice = z.infer<typeof Notice>;

/** A future-effective text: looked at again on its day. */
export const ScheduledChange = z.strictObject({
  on: Timestamp,
  phrase: z.string().max(300),
  foundAt: Timestamp,
  reminded: z.boolean(),
});
export type ScheduledChange = z.infer<typeof ScheduledChange>;

/**
 * All that is remembered of one source between checks: `state#<id>` in the policies table, replaced by condition on
 * `version`. Bodies are not here; they lie in the artifacts bucket under their hashes.
 */
export const SourceState = z.strictObject({
  schemaVersion: z.literal(1),
  source: SourceId,
  version: z.int().nonnegative(),
  configHash: Sha256,
  extractor: z.string(),
  /** Observations at or before this moment change no pointer any more (reference P21). */
  lastObservedAt: Timestamp.nullable(),
  lastSlot: Timestamp.nullable(),
  /** The last reading of that slot: the same check twice changes nothing. */
  lastReading: z.int().positive().optional(),
  /** The last usable state that a person (or a rule, recorded) acknowledged: the base of every diff. */
  acknowledged: PageState.nullable(),
  /** Change id of the acknowledgement behind `acknowledged`; `auto` where a rule recorded it. */
  acknowledgement: z.string().max(64).optional(),
  /** The last usable, confirmed state. */
  current: PageState.nullable(),
  /** Time of the last usable, extracted, sanity-checked observation of a confirmed state. */
  verifiedAt: Timestamp.nullable(),
  candidate: PageState.nullable(),
  pending: PendingChange.nullable(),
  known: z.array(KnownState).max(60),
  volatile: z.array(VolatileBlock).max(20),
  /** A run of unusable captures: one incident. */
  incident: z
    .strictObject({
      since: Timestamp,
      reason: UnusableReason,
      detail: z.string().max(300),
      count: z.int().positive(),
      /** Semantic hash and length of a quarantined (shrunken, grown) body that keeps coming, as it came last. */
      quarantined: Sha256.optional(),
      quarantinedLength: z.int().nonnegative().optional(),
      /** Since when, and how often, that body came. */
      quarantinedSince: Timestamp.optional(),
      quarantinedCount: z.int().positive().optional(),
      /** How many in a row said that the page is elsewhere or gone for good. */
      away: z.int().nonnegative().optional(),
    })
    .nullable(),
  /** Returns between known states per day, newest last, for the flap rate. */
  flaps: z.array(Timestamp).max(200),
  scheduled: z.array(ScheduledChange).max(20),
  /** Validators of the last usable capture, only for this reader and configuration (reference P10). */
  validators: z
    .strictObject({
      etag: z.string().max(400).optional(),
      lastModified: z.string().max(100).optional(),
      raw: Sha256,
      /** When the body that they came with was fetched; a 304 does not move it. Absent: they are not sent. */
      fetchedAt: Timestamp.optional(),
    })
    .nullable(),
  /** The URL that permanent redirects or 404/410 point away from, twice in a row. */
  movedTo: z.string().nullable(),
  nextCheckAt: Timestamp,
  slackWarned: z.int().min(0).max(100),
  notices: z.array(Notice).max(50),
});
export type SourceState = z.infer<typeof SourceState>;
