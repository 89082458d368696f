import * as z from 'zod';
import { canonicalJson, sha256 } from '../actions/canonical-json.ts';
import { Sha256 } from '../actions/dry-run.ts';
import { Subject, Timestamp } from '../actions/identity.ts';
import { compilePattern } from './filter-pattern.ts';
import { Severity, SourceId } from './source-id.ts';

/** How the bytes are read. `auto` goes by content type, then by what the bytes begin with. */
export const PAGE_FORMATS = ['auto', 'html', 'markdown', 'pdf', 'text'] as const;

const Selector = z.string().min(1).max(500);
/** An end of a range: the first element that a selector finds, or the first block that holds a phrase. */
const RangeEnd = z.union([
  z.strictObject({ selector: Selector }),
  z.strictObject({ phrase: z.string().min(1).max(300) }),
]);

/** A pattern that can be run on the text of strangers; anything else is refused with the reason. */
const pattern = (whole: boolean) =>
  z
    .string()
    .min(1)
    .max(300)
    .superRefine((matching, context) => {
      const compiled = compilePattern(matching, whole);
      if (typeof compiled === 'string') context.addIssue({ code: 'custom', message: compiled });
    });

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
  z.strictObject({ kind: z.literal('dropBlocks'), matching: pattern(true) }),
  /** Inside blocks, what matches is replaced by a fixed mark. Case-insensitive. */
  z.strictObject({
    kind: z.literal('maskText'),
    matching: pattern(false),
    mark: z.string().max(20).default('…'),
  }),
]);
export type PageFilter = z.infer<typeof PageFilter>;

/**
 * One watched page: data, never code. Everything but `id` and `url` has a default, so that a source for a replay is
 * two lines. One URL is one source; what belongs together is grouped by the gate (reference P13).
 */
export const PolicySource = z.strictObject({
  id: SourceId.describe('Stable name, 2 to 63 of a-z, 0-9 and "-". Gates, projects and endpoints name it.'),
  provider: z.string().min(1).max(60).default('other').describe('Whose rules these are.'),
  kind: z
    .string()
    .min(1)
    .max(60)
    .default('policy')
    .describe('What kind of rule the page holds: `terms`, `spam`, `prohibited-items`, …'),
  title: z.string().min(1).max(160).optional().describe('What people read; the id where absent.'),
  url: z
    .url({ protocol: /^https?$/ })
    .describe('Where the page is. https, but for a page on this machine in development.'),
  finalHosts: z
    .array(
      z
        .string()
        .max(253)
        .regex(
          /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/,
          'a host is lower case, without scheme or path, optionally with ":port"',
        ),
    )
    .max(10)
    .default([])
    .describe('Hosts, beside that of `url`, that redirects and the page itself may be on. Exact.'),
  finalPaths: z
    .array(z.string().startsWith('/').max(500))
    .max(20)
    .default([])
    .describe(
      'Where the page may end up: these paths and what is below them. Default: the path of `url` alone.',
    ),
  format: z
    .enum(PAGE_FORMATS)
    .default('auto')
    .describe('How the bytes are read. `auto` goes by content type, then by what the bytes begin with.'),
  select: z
    .array(Selector)
    .max(20)
    .default([])
    .describe(
      'CSS selectors of what is the policy, in document order. Empty: the body but navigation, header, footer.',
    ),
  remove: z
    .array(Selector)
    .max(50)
    .default([])
    .describe('CSS selectors of what is not: surveys, pickers, banners.'),
  ranges: z
    .array(z.strictObject({ from: RangeEnd.optional(), to: RangeEnd.optional() }))
    .max(10)
    .default([])
    .describe('Only what lies between these ends counts, both inside. An end is a `selector` or a `phrase`.'),
  filters: z
    .array(PageFilter)
    .max(50)
    .default([])
    .describe(
      'Rules against noise: `dropQueryParameters`, `dropBlocks`, `maskText`. What they take is logged.',
    ),
  anchors: z
    .array(z.string().min(1).max(200))
    .max(20)
    .default([])
    .describe('Phrases that are always on the real page. A capture without one is unusable.'),
  language: z
    .string()
    .regex(/^([a-z]{2}|any)$/, 'use a two-letter code or "any"')
    .default('en')
    .describe('ISO 639-1; asked for, and checked. `any` switches the check off.'),
  region: z
    .string()
    .regex(/^[A-Z]{2}$/, 'use a two-letter code')
    .default('US')
    .describe('ISO 3166-1; part of the language that is asked for.'),
  minLength: z
    .int()
    .nonnegative()
    .max(1_000_000)
    .default(200)
    .describe('Characters of policy text below which a capture is unusable.'),
  cadenceHours: z.number().positive().max(168).default(12).describe('Longest time between two checks.'),
  maxAgeDays: z
    .number()
    .positive()
    .max(90)
    .default(7)
    .describe('A verification as old as this, or older, is stale, and the gate shuts.'),
  severityFloor: Severity.default('low').describe('No change of this source counts for less.'),
  critical: z
    .boolean()
    .default(false)
    .describe('Two people acknowledge, and a change that still waits for its second look refuses already.'),
  topics: z
    .array(z.string().min(1).max(40))
    .max(20)
    .default([])
    .describe('What to look out for: these topics raise the severity. Empty: every topic does.'),
  owner: z.string().max(120).default('operators').describe('Who looks after the source.'),
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
