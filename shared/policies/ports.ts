import * as z from 'zod';
import { sha256 } from '../actions/canonical-json.ts';
import { Sha256 } from '../actions/dry-run.ts';
import { Subject, Timestamp } from '../actions/identity.ts';
import type { Acknowledgement } from './acknowledge.ts';
import type { Capture } from './capture.ts';
import type { PageContent, PageHashes } from './content.ts';
import type { Observation } from './observation.ts';
import type { SourceRecord } from './source.ts';
import type { SourceName } from './row-keys.ts';
import type { SourceState } from './source-state.ts';

/** What identifies one check: a source, the moment it was due, and which look at the page in that slot it is. */
export const CheckId = z.strictObject({
  source: z.string(),
  slot: Timestamp,
  reading: z.int().positive(),
});
export type CheckId = z.infer<typeof CheckId>;

/** Strongly consistent read; undefined where there is no such source. */
export type ReadSource = (source: SourceName) => Promise<SourceRecord | undefined>;
/** Every source there is, retired ones too, by id. Rows are read strongly. */
export type ListSources = () => Promise<readonly SourceRecord[]>;
/** First wins: `existed` where a row of this id was there, whatever it says. */
export type PutSourceIfAbsent = (record: SourceRecord) => Promise<'created' | 'existed'>;
/** Replaces a source by condition on the version before it, or puts its first version. */
export type ReplaceSource = (record: SourceRecord) => Promise<'replaced' | 'refused'>;

/** Strongly consistent read; undefined before the first check. */
export type ReadState = (source: SourceName) => Promise<SourceState | undefined>;
/** States of these sources, strongly, in any number; those that were never checked are not in it. */
export type ReadStates = (sources: readonly SourceName[]) => Promise<ReadonlyMap<string, SourceState>>;

/**
 * Replaces a state by condition: the stored version is the one before `to.version`, and version 1 is put only where
 * there is none. A reply that was lost is recognised by its content, so a repeat of the same write is `replaced`.
 */
export type ReplaceState = (to: SourceState) => Promise<'replaced' | 'refused'>;

/**
 * An observation and the state that it led to, in one transaction: the log of observations is the history of the
 * state, line by line. `known`: this check was recorded before, and its state write with it; nothing was written.
 * `refused`: the state is another one by now; nothing was written. The state's version is checked as in `ReplaceState`.
 */
export type RecordObservation = (step: {
  readonly to: SourceState;
  readonly observation: Observation;
}) => Promise<'recorded' | 'known' | 'refused'>;

/** A person's word and the state that it led to, together. `refused`: the state is another one by now. */
export type RecordAcknowledgement = (step: {
  readonly to: SourceState;
  readonly acknowledgement: Acknowledgement;
}) => Promise<'recorded' | 'refused'>;
/** Newest first. */
export type ListAcknowledgements = (source: SourceName, limit: number) => Promise<readonly Acknowledgement[]>;

/** Strongly consistent read of one check. */
export type ReadObservation = (id: CheckId) => Promise<Observation | undefined>;

export interface ObservationsQuery {
  readonly source: SourceName;
  readonly limit: number;
  /** Only checks whose slot is at or after this. */
  readonly since?: Timestamp;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}
/** Newest slot first. */
export type ListObservations = (
  query: ObservationsQuery,
) => Promise<{ readonly observations: readonly Observation[]; readonly nextCursor?: string }>;

/** Proof that somebody was told something: one row per notice and recipient, put after the mail was handed over. */
export const Told = z.strictObject({
  schemaVersion: z.literal(1),
  /** The source, or `digest`. */
  about: z.string().max(80),
  noticeId: z.string().max(120),
  recipient: z.email(),
  at: Timestamp,
  /** `refused`: the mail service will never take it. */
  outcome: z.enum(['sent', 'refused']),
});
export type Told = z.infer<typeof Told>;
export type ToldKey = Pick<Told, 'about' | 'noticeId' | 'recipient'>;
export const toldPk = ({ about, noticeId, recipient }: ToldKey): string =>
  `told#${about}#${noticeId}#${recipient.toLowerCase()}`;
/** Which of these have been told already, by `toldPk`. */
export type ReadTold = (keys: readonly ToldKey[]) => Promise<ReadonlySet<string>>;
/** First wins. */
export type PutTold = (row: Told) => Promise<void>;

/**
 * A capture that a person brought for a source that does not let us in. `WAITING` for a second person where the
 * source is critical; the check reads it once it is `ACCEPTED`.
 */
export const Upload = z.strictObject({
  schemaVersion: z.literal(1),
  source: z.string(),
  /** digest(source, bytes, person, moment): 32 hex digits. */
  uploadId: z.string().regex(/^[0-9a-f]{32}$/),
  status: z.enum(['WAITING', 'ACCEPTED']),
  rawSha256: Sha256,
  rawBytes: z.int().positive(),
  contentType: z.string().max(120),
  /** Where the person saw it. */
  url: z.string(),
  /** When the person saw it: the slot of the check, and the time that the freshness counts from. */
  seenAt: Timestamp,
  attestation: z.strictObject({ by: Subject, at: Timestamp, statement: z.string().min(1).max(500) }),
  second: z.strictObject({ by: Subject, at: Timestamp }).optional(),
});
export type Upload = z.infer<typeof Upload>;
export const uploadId = (source: string, rawSha256: string, by: string, seenAt: Timestamp): string =>
  sha256(JSON.stringify([source, rawSha256, by, seenAt])).slice(0, 32);
export const uploadPk = (source: string, id: string): string => `upload#${source}#${id}`;
/** First wins; answers the row that is there. */
export type PutUpload = (upload: Upload) => Promise<Upload>;
export type ReadUpload = (source: string, id: string) => Promise<Upload | undefined>;
/** WAITING to ACCEPTED by condition; answers the row that is there, whoever accepted it. */
export type AcceptUpload = (upload: Upload) => Promise<Upload>;

/**
 * Notes that a source showed this text, and answers the other sources that ever showed it: a wall says the same
 * whatever one asks for.
 */
export type NoteText = (semantic: string, source: SourceName) => Promise<readonly SourceName[]>;
export const textPk = (semantic: string): string => `text#${semantic}`;

/** Stores bytes under their hash; a second put of the same bytes is a success. */
export type StoreRaw = (sha256Hex: string, bytes: Uint8Array) => Promise<void>;
/** @throws Error RAW_MISSING where they are not there: they are always stored before whatever names them. */
export type ReadRaw = (sha256Hex: string) => Promise<Uint8Array>;

/** What was read, by hashes, configuration and reader: see `contentName`. */
export interface ContentKey {
  readonly hashes: PageHashes;
  readonly configHash: string;
  readonly extractor: string;
}
/** File name of what was read off a page: two pages that read alike share it. */
export const contentName = ({ hashes, configHash, extractor }: ContentKey): string => {
  const { canonical, semantic, structure, undated, links } = hashes;
  const rest = sha256(JSON.stringify([semantic, structure, undated, links, configHash, extractor]));
  return `${canonical}-${rest.slice(0, 16)}`;
};
export type StoreContent = (content: PageContent) => Promise<void>;
/** Undefined where it was never stored (or the store answers that it may not be read). */
export type ReadContent = (key: ContentKey) => Promise<PageContent | undefined>;

export const DIFF_FORMATS = ['json', 'md', 'html'] as const;
export type DiffFormat = (typeof DIFF_FORMATS)[number];
export type StoreDiff = (changeId: string, format: DiffFormat, text: string) => Promise<void>;
export type ReadDiff = (changeId: string, format: DiffFormat) => Promise<string | undefined>;

/** Stores a capture unless its check has one, and answers the one that is: the first look wins. */
export type StoreCapture = (capture: Capture) => Promise<Capture>;
export type ReadCapture = (id: CheckId) => Promise<Capture | undefined>;

/** Starts a check beside the schedule. The name is made of source and slot, so a repeat answers `exists`. */
export type StartCheck = (input: {
  readonly source: SourceName;
  readonly slot: Timestamp;
  /** A capture lies there already and only has to be judged. */
  readonly captured?: boolean;
}) => Promise<'started' | 'exists'>;
