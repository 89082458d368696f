import * as z from 'zod';
import { canonicalJson, sha256 } from '../actions/canonical-json.ts';
import { Sha256 } from '../actions/dry-run.ts';
import { Subject, Timestamp } from '../actions/identity.ts';

/** Ids are stable words: `youtube-spam`, `etsy-prohibited-items`. */
export const SourceId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,62}$/, 'use 2 to 63 lower-case letters, digits and hyphens');

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export const Severity = z.enum(SEVERITIES);
export type Severity = z.infer<typeof Severity>;

/** How the bytes are read. `auto` goes by content type, then by what the bytes begin with. */
export const PAGE_FORMATS = ['auto', 'html', 'markdown', 'pdf', 'text'] as const;

const Selector = z.string().min(1).max(500);
/** An end of a range: the first element that a selector finds, or the first block that holds a phrase. */
const RangeEnd = z.union([
  z.strictObject({ selector: Selector }),
  z.strictObject({ phrase: z.string().min(1).max(300) }),
]);

/**
 * Declarative noise rules. There is no script: a rule says what it takes away, and what it took away is kept in the
 * removed-noise log of the observation.
 */
export const PageFilter = z.discriminatedUnion('kind', [
  /** Query parameters that are not part of a link's identity, beside the built-in tracking ones. */
  z.strictObject({
    kind: z.literal('dropQueryParameters'),
    names: z.array(z.string().min(1).max(80)).min(1).max(50),
  }),
  /** Blocks whose whole text matches are dropped. Anchored, case-insensitive. */
  z.strictObject({ kind: z.literal('dropBlocks'), matching: z.string().min(1).max(300) }),
  /** Inside blocks, what matches is replaced by a fixed mark. Case-insensitive. */
  z.strictObject({
    kind: z.literal('maskText'),
    matching: z.string().min(1).max(300),
    mark: z.string().max(20).default('…'),
  }),
]);
export type PageFilter = z.infer<typeof PageFilter>;

/**
 * One watched page: data, never code. Everything but `id` and `url` has a default, so that a source for a replay is
 * two lines. One URL is one source; what belongs together is grouped by the gate (reference P13).
 */
export const PolicySource = z.strictObject({
  id: SourceId,
  provider: z.string().min(1).max(60).default('other'),
  /** What kind of rule the page holds: `terms`, `spam`, `prohibited-items`, … */
  kind: z.string().min(1).max(60).default('policy'),
  title: z.string().min(1).max(160).optional(),
  url: z.url({ protocol: /^https?$/ }),
  /** Where the page may end up after redirects: exact hosts, and path prefixes. Default: host and path of `url`. */
  finalHosts: z.array(z.string().min(1).max(253)).max(10).default([]),
  finalPaths: z.array(z.string().startsWith('/').max(500)).max(20).default([]),
  format: z.enum(PAGE_FORMATS).default('auto'),
  /** CSS selectors of what is the policy; in document order. Empty: the whole body. */
  select: z.array(Selector).max(20).default([]),
  remove: z.array(Selector).max(50).default([]),
  /** Only what lies between these ends counts (both inside). */
  ranges: z
    .array(z.strictObject({ from: RangeEnd.optional(), to: RangeEnd.optional() }))
    .max(10)
    .default([]),
  filters: z.array(PageFilter).max(50).default([]),
  /** Phrases that are always on the real page. One that is missing makes a capture unusable. */
  anchors: z.array(z.string().min(1).max(200)).max(20).default([]),
  /** ISO 639-1. `any` switches the language check off. */
  language: z
    .string()
    .regex(/^([a-z]{2}|any)$/, 'use a two-letter code or "any"')
    .default('en'),
  region: z
    .string()
    .regex(/^[A-Z]{2}$/, 'use a two-letter code')
    .default('US'),
  /** Characters of policy text below which a capture is unusable. */
  minLength: z.int().nonnegative().max(1_000_000).default(200),
  cadenceHours: z.number().positive().max(168).default(12),
  /** A verification older than this is stale. Exactly this old is stale. */
  maxAgeDays: z.number().positive().max(90).default(7),
  /** No change of this source counts for less. */
  severityFloor: Severity.default('low'),
  /** Two people acknowledge; a candidate refuses already. */
  critical: z.boolean().default(false),
  topics: z.array(z.string().min(1).max(40)).max(20).default([]),
  owner: z.string().max(120).default('operators'),
});
export type PolicySource = z.infer<typeof PolicySource>;
export type PolicySourceInput = z.input<typeof PolicySource>;

/** What decides what is read off the page. An edit of any of these needs a fresh baseline (reference P11). */
const READING = [
  'url',
  'finalHosts',
  'finalPaths',
  'format',
  'select',
  'remove',
  'ranges',
  'filters',
  'anchors',
  'language',
  'region',
  'minLength',
] as const satisfies readonly (keyof PolicySource)[];

/** SHA-256 over the canonical JSON of what decides the reading of the page. Cadence, owner and topics are not in it. */
export const configHash = (source: PolicySource): string =>
  sha256(canonicalJson(Object.fromEntries(READING.map((key) => [key, source[key]]))));

/** A row of the source registry: `source#<id>` in the policies table. */
export const SourceRecord = z.strictObject({
  schemaVersion: z.literal(1),
  source: PolicySource,
  configHash: Sha256,
  version: z.int().positive(),
  /** A retired source is not checked; a gate that requires it refuses with MISSING. */
  retired: z.boolean(),
  changedBy: Subject,
  changedAt: Timestamp,
  /** An edit of a critical source that waits for a second person to ask for the very same. In force it is not. */
  proposal: z
    .strictObject({ source: PolicySource, retired: z.boolean(), by: Subject, at: Timestamp })
    .optional(),
});
export type SourceRecord = z.infer<typeof SourceRecord>;
