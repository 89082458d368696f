import { canonicalJson, sha256 } from '../actions/canonical-json.ts';
import {
  type Block,
  EXTRACTOR_VERSION,
  type PageContent,
  type PageHashes,
  type PolicyLink,
  type ReadPageResult,
} from './content.ts';
import type { Draft } from './draft.ts';
import { datesOfPublication, effectiveNotices } from './effective-dates.ts';
import { compileFilters } from './filters.ts';
import type { linkResolver } from './links.ts';
import { ADDRESS_MARK, normalise } from './normalise.ts';
import type { NoiseLog } from './noise-log.ts';
import { configHash, type PolicySource } from './source.ts';
import { widgetsIn, withoutCounter } from './widgets.ts';

/** What a format's reader hands over. */
export interface Reading {
  readonly format: PageContent['format'];
  readonly title: string;
  readonly declaredLanguage?: string;
  readonly drafts: readonly Draft[];
  /** Canonical Markdown of the drafts that were kept, given their indexes. */
  readonly canonical: (kept: readonly number[]) => string;
  /** Indexes of drafts where the source's ranges keep something; absent where it has none. */
  readonly within?: ReadonlySet<number>;
}

const MOST_DATE_LINES = 20;

/**
 * Neighbouring paragraphs of one place count as one, so that a paragraph cut in two is the same structure; the words
 * themselves are joined by a space in the semantic hash for the same reason.
 */
const structureOf = (blocks: readonly Block[]): string => {
  const folded = new Map<string, string>();
  const fold = (text: string): string => {
    let known = folded.get(text);
    if (known === undefined) folded.set(text, (known = normalise(text)));
    return known;
  };
  const entries: { kind: string; depth: number; path: string[]; norm: string }[] = [];
  let before: readonly string[] | undefined;
  for (const { kind, path, depth = 0, norm } of blocks) {
    const last = entries.at(-1);
    const samePlace =
      last !== undefined &&
      before !== undefined &&
      path.length === before.length &&
      path.every((name, at) => name === before?.[at]);
    if (
      kind === 'paragraph' &&
      samePlace &&
      last.depth === depth &&
      (last.kind === 'paragraph' || (depth > 0 && last.kind === 'item'))
    )
      last.norm += ` ${norm}`;
    else entries.push({ kind, depth, path: path.map(fold), norm });
    before = path;
  }
  return canonicalJson(entries.map(({ kind, depth, path, norm }) => [kind, depth, path, norm]));
};

/** Folds, filters and hashes what a reader found. */
export const assemble = (
  bytes: Uint8Array,
  source: PolicySource,
  reading: Reading,
  resolve: ReturnType<typeof linkResolver>,
  log: NoiseLog,
): ReadPageResult => {
  const filters = compileFilters(source);
  if (filters.kind === 'invalid')
    return { kind: 'unreadable', code: 'FILTER_INVALID', detail: filters.detail };
  const kept: number[] = [];
  const blocks: Block[] = [];
  const undated: string[] = [];
  const links: PolicyLink[] = [];
  const dateLines: string[] = [];
  const addresses: string[] = [];
  const widgets = source.select.length === 0 ? widgetsIn(reading.drafts) : undefined;
  reading.drafts.forEach((draft, index) => {
    if (reading.within !== undefined && !reading.within.has(index)) {
      log.note('range: outside', draft.text);
      return;
    }
    const dropped = filters.drops(draft.text);
    if (dropped !== undefined) {
      log.note(`dropBlocks: ${dropped}`, draft.text);
      return;
    }
    if (widgets?.has(index) === true) {
      log.note('page chrome: related articles', draft.text);
      return;
    }
    const uncounted = withoutCounter(draft);
    if (uncounted !== undefined) log.note('text: counter', draft.text);
    const compared = uncounted ?? draft.text;
    const norm = filters.norm(compared, log);
    if (norm.includes(ADDRESS_MARK)) addresses.push(draft.text);
    if (norm === '' && draft.links.length === 0) return;
    kept.push(index);
    const { kind, path, depth, text } = draft;
    const { found, rest } = datesOfPublication(compared);
    for (const line of found) if (dateLines.length < MOST_DATE_LINES) dateLines.push(line);
    if (found.length === 0) undated.push(norm);
    else if (rest !== null) undated.push(filters.norm(rest));
    blocks.push({ kind, path: [...path], text, norm, ...(depth > 0 ? { depth } : {}) });
    for (const link of draft.links) {
      const resolved = resolve(link.href);
      if (resolved.kind === 'dropped') continue;
      const previous = links.at(-1);
      const block = blocks.length - 1;
      // One link that markup cut in two.
      if (previous?.block === block && previous.target === resolved.target)
        links[links.length - 1] = { ...previous, text: `${previous.text} ${link.text}`.trim() };
      else links.push({ text: link.text, target: resolved.target, block });
    }
  });
  const length = blocks.reduce((sum, { norm }) => sum + norm.length, 0);
  if (length === 0)
    return { kind: 'unreadable', code: 'EMPTY', detail: 'the page holds no text where the policy should be' };
  for (const text of addresses) log.note('text: e-mail address', text);
  for (const line of dateLines) log.note('undated: date line', line);
  const canonical = reading.canonical(kept);
  const hashes: PageHashes = {
    raw: sha256(bytes),
    canonical: sha256(canonical),
    semantic: sha256(blocks.map(({ norm }) => norm).join(' ')),
    structure: sha256(structureOf(blocks)),
    undated: sha256(undated.join(' ')),
    links: sha256(canonicalJson(links.map(({ target }) => target))),
  };
  const texts = blocks.map(({ text }) => text);
  return {
    kind: 'read',
    content: {
      schemaVersion: 1,
      extractor: EXTRACTOR_VERSION,
      configHash: configHash(source),
      format: reading.format,
      title: reading.title,
      ...(reading.declaredLanguage === undefined ? {} : { declaredLanguage: reading.declaredLanguage }),
      hashes,
      canonical,
      blocks,
      links,
      dateLines,
      effective: effectiveNotices(
        reading.title === '' ? texts : [reading.title, ...texts],
        source.region !== 'US',
      ),
      replacementCharacters: texts.reduce((sum, text) => sum + text.split('\ufffd').length - 1, 0),
      length,
      removed: log.entries(),
    },
  };
};
