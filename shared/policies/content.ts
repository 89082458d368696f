import * as z from 'zod';
import { Sha256 } from '../actions/dry-run.ts';
import { Timestamp } from '../actions/identity.ts';

/** Moves whenever the same bytes would be read differently. Old captures are then read again from the store. */
export const EXTRACTOR_VERSION = 'policy-reader/3';

export const BLOCK_KINDS = ['heading', 'paragraph', 'item', 'row', 'code', 'quote'] as const;

/** One block of policy text, in document order. */
export const Block = z.strictObject({
  kind: z.enum(BLOCK_KINDS),
  /** Headings above it, outermost first, as shown. */
  path: z.array(z.string()),
  /** As a reader sees it, white space folded. */
  text: z.string(),
  /** What is compared: NFKC, case, quotes and dashes folded, zero-width characters gone, filters applied. */
  norm: z.string(),
  /** Of what stands in a list: 1 for the outermost. Absent outside of lists. */
  depth: z.int().positive().optional(),
});
export type Block = z.infer<typeof Block>;

/** A link of the policy text: tracking gone, redirectors unwrapped, locale of the path folded, no fragment-only ones. */
export const PolicyLink = z.strictObject({
  text: z.string(),
  target: z.string(),
  /** Index of the block it stands in. */
  block: z.int().nonnegative(),
});
export type PolicyLink = z.infer<typeof PolicyLink>;

export const PageHashes = z.strictObject({
  /** Of the bytes as served. Evidence, never a decision. */
  raw: Sha256,
  /** Of the canonical Markdown. */
  canonical: Sha256,
  /** Of the norms of all blocks in order. */
  semantic: Sha256,
  /** Of kinds, section paths (folded) and norms. */
  structure: Sha256,
  /**
   * Of the norms with dates of publication masked and blocks that hold nothing else left out; every other date stays.
   * Evidence for people: the classifier compares date lines itself.
   */
  undated: Sha256,
  /** Of the policy-relevant links. */
  links: Sha256,
});
export type PageHashes = z.infer<typeof PageHashes>;

/** What a rule took away, so that over-filtering can be seen (reference F15). */
export const RemovedNoise = z.strictObject({
  rule: z.string().max(120),
  count: z.int().positive(),
  /** First characters of the first thing taken, untrusted. */
  sample: z.string().max(160),
});
export type RemovedNoise = z.infer<typeof RemovedNoise>;

/** Everything read off one capture. Stored as JSON under the canonical hash. */
export const PageContent = z.strictObject({
  schemaVersion: z.literal(1),
  extractor: z.string(),
  configHash: Sha256,
  /** As the server named it, where it did: the same bytes are read again with it. Set by who stores the content. */
  contentType: z.string().max(200).optional(),
  format: z.enum(['html', 'markdown', 'pdf', 'text']),
  title: z.string(),
  /** Declared by the page, two letters; absent where it declares none. */
  declaredLanguage: z.string().optional(),
  hashes: PageHashes,
  canonical: z.string(),
  blocks: z.array(Block),
  links: z.array(PolicyLink),
  /** Dates of "last updated" lines, as found; metadata only (reference P6). */
  dateLines: z.array(z.string()).max(20),
  /** "Effective from/until" notices with the day they name. */
  effective: z
    .array(z.strictObject({ phrase: z.string().max(300), on: Timestamp, kind: z.enum(['from', 'until']) }))
    .max(20),
  /** U+FFFD in the policy text. */
  replacementCharacters: z.int().nonnegative(),
  /** Characters of all norms. */
  length: z.int().nonnegative(),
  removed: z.array(RemovedNoise).max(100),
});
export type PageContent = z.infer<typeof PageContent>;

/** Why nothing could be read off the bytes. */
export const READ_FAILURES = [
  'EMPTY',
  'SELECTOR_MISSED',
  'SELECTOR_INVALID',
  'RANGE_MISSED',
  'FILTER_INVALID',
  'NO_TEXT_LAYER',
  'PDF_BROKEN',
  'UNSUPPORTED_FORMAT',
  'CHARSET_UNKNOWN',
] as const;
export type ReadFailure = (typeof READ_FAILURES)[number];

export type ReadPageResult =
  | { readonly kind: 'read'; readonly content: PageContent }
  | { readonly kind: 'unreadable'; readonly code: ReadFailure; readonly detail: string };
