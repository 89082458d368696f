import * as z from 'zod';
import { Sha256 } from '../actions/dry-run.ts';
import { Timestamp } from '../actions/identity.ts';
import { FETCH_FAILURES } from './capture.ts';
import { PageHashes, READ_FAILURES, RemovedNoise } from './content.ts';
import { Severity, SourceId } from './source-id.ts';

/** What the judge finds wrong with bytes that did arrive and could be read. */
export const QUALITY_FAILURES = [
  'WALL',
  'SOFT_404',
  'LOGIN',
  'REDIRECT_STUB',
  'ERROR_PAGE',
  'TOO_SHORT',
  'SHRINK',
  'GROWTH',
  'WRONG_LANGUAGE',
  'REPLACEMENT_CHARACTERS',
  'SHARED_BODY',
  'MISSING_ANCHORS',
  'MOVED',
  'CUT_OFF',
  'VALIDATORS_STALE',
] as const;

export const UnusableReason = z.enum([...FETCH_FAILURES, ...READ_FAILURES, ...QUALITY_FAILURES]);
export type UnusableReason = z.infer<typeof UnusableReason>;

/** The judge's word. Unusable never advances freshness and never becomes a change. */
export type Judgement =
  | { readonly usable: true }
  | { readonly usable: false; readonly reason: UnusableReason; readonly detail: string };

/** How a usable observation relates to what was acknowledged. */
export const CHANGE_CLASSES = [
  'baseline',
  'unchanged',
  'known_variant',
  'cosmetic',
  'republished',
  'links_changed',
  'text_changed',
  'structure_changed',
  'moved',
  'scheduled_change',
  'extractor_upgrade',
] as const;
export const ChangeClass = z.enum(CHANGE_CLASSES);
export type ChangeClass = z.infer<typeof ChangeClass>;

/** One machine-readable reason of a class: `LATE_RETURN`, `SILENT_EDIT`, `VOLATILE_NUMBER`, … `code` is stable. */
export const ClassReason = z.strictObject({ code: z.string().max(60), detail: z.string().max(300) });
export type ClassReason = z.infer<typeof ClassReason>;

/**
 * One row per check, whatever came of it: freshness, availability and flap rate are proven from these alone.
 * `observation#<source>#<slot>#<reading>` in the policies table, written once.
 */
export const Observation = z.strictObject({
  schemaVersion: z.literal(1),
  source: SourceId,
  slot: Timestamp,
  reading: z.int().positive(),
  at: Timestamp,
  configHash: Sha256,
  extractor: z.string(),
  fetcher: z.enum(['http', 'manual', 'replay']),
  finalUrl: z.string(),
  status: z.int().optional(),
  robots: z.string(),
  rawBytes: z.int().nonnegative(),
  notModified: z.boolean(),
  usable: z.boolean(),
  /** Where it is not usable. */
  unusable: z.strictObject({ reason: UnusableReason, detail: z.string().max(300) }).optional(),
  /** Where it is. */
  class: ChangeClass.optional(),
  reasons: z.array(ClassReason).max(20),
  hashes: PageHashes.optional(),
  /** A new state that waits for its second fetch. */
  candidate: z.boolean(),
  /** It moved `verifiedAt`. */
  verified: z.boolean(),
  /** It raised (or confirmed) a change that people have to see. */
  alert: z.boolean(),
  severity: Severity.optional(),
  /** The change it belongs to. */
  changeId: z.string().optional(),
  removed: z.array(RemovedNoise).max(100),
});
export type Observation = z.infer<typeof Observation>;
