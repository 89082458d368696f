import * as z from 'zod';
import { BLOCK_KINDS, PageHashes } from './content.ts';
import { ClassReason } from './observation.ts';
import { Severity, SourceId } from './source-id.ts';

/** Words of a block: the same on both sides, only in the new text, or only in the old one. */
export const DiffSpan = z.strictObject({
  kind: z.enum(['same', 'added', 'removed']),
  text: z.string(),
});
export type DiffSpan = z.infer<typeof DiffSpan>;

export const ENTRY_KINDS = ['added', 'removed', 'changed', 'moved', 'restructured'] as const;

/** One block that differs. */
export const DiffEntry = z.strictObject({
  /** `moved`: the same words elsewhere. `restructured`: the same words in the same order under another heading or kind. */
  kind: z.enum(ENTRY_KINDS),
  block: z.enum(BLOCK_KINDS),
  /** Headings above it in the new text; in the old one where it was removed. */
  path: z.array(z.string()),
  /** Where it stood before and how, if that differs. */
  fromPath: z.array(z.string()).optional(),
  fromBlock: z.enum(BLOCK_KINDS).optional(),
  /** Index among the blocks of the old and of the new text; null where it is not there. */
  from: z.int().nonnegative().nullable(),
  to: z.int().nonnegative().nullable(),
  spans: z.array(DiffSpan),
});
export type DiffEntry = z.infer<typeof DiffEntry>;

/** One link that differs. Targets are untrusted text and never made clickable. */
export const DiffLink = z.strictObject({
  /** `retargeted`: the same words lead to another document. */
  kind: z.enum(['added', 'removed', 'retargeted']),
  text: z.string(),
  path: z.array(z.string()),
  from: z.string().nullable(),
  to: z.string().nullable(),
});
export type DiffLink = z.infer<typeof DiffLink>;

/**
 * What a person has to know to acknowledge a change: cumulative, from what was acknowledged last to what the page
 * says now. Everything quoted is the provider's text and untrusted.
 */
export const PolicyDiff = z.strictObject({
  schemaVersion: z.literal(1),
  source: SourceId,
  title: z.string(),
  url: z.string(),
  /** Null where nothing was acknowledged before: then everything is new. */
  from: PageHashes.nullable(),
  to: PageHashes,
  counts: z.strictObject({
    added: z.int().nonnegative(),
    removed: z.int().nonnegative(),
    changed: z.int().nonnegative(),
    moved: z.int().nonnegative(),
    restructured: z.int().nonnegative(),
    unchanged: z.int().nonnegative(),
    links: z.int().nonnegative(),
  }),
  entries: z.array(DiffEntry),
  links: z.array(DiffLink),
  dates: z.strictObject({ from: z.array(z.string()), to: z.array(z.string()) }),
  severity: Severity,
  /** Why it is as severe as it is; each has a stable code. */
  reasons: z.array(ClassReason),
  topics: z.array(z.string()),
  /** Entries and links that are counted and not listed, because there are too many. */
  leftOut: z.int().nonnegative(),
});
export type PolicyDiff = z.infer<typeof PolicyDiff>;
