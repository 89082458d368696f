import type { Draft } from './draft.ts';
import { sections } from './draft.ts';
import type { NoiseLog } from './noise-log.ts';
import { foldSpace } from './normalise.ts';

/** One printed line of a page, top first. */
export interface PdfLine {
  readonly page: number;
  readonly text: string;
  /** Baseline from the bottom of the page, and size of the letters, in points. */
  readonly y: number;
  readonly size: number;
}

const PAGE_NUMBER =
  /^(?:[-\u2013\u2014|\s]*)(?:page\s+)?\d{1,4}(?:\s*(?:of|\/)\s*\d{1,4})?(?:[-\u2013\u2014|\s]*)$/i;
/** Lines from the edge of a page in which a header or footer may stand. */
const EDGE = 3;
const SENTENCE_END = /[.!?:;]["'\u201d\u2019)\]]*$/;
const BULLET =
  /^(?:[\u2022\u25cf\u25aa\u25e6\u2023\u00b7\uf0b7\u2013]\s*|(?:\(?[a-z]{1,3}[).]|\(?\d{1,3}[).]|[-*])\s+)/i;
const MOST_HEADING = 160;

const pattern = (text: string): string => text.replace(/\d+/g, '#').toLowerCase();

/** Drops what stands at the edge of most pages, page numbers aside: headers, footers, numbers. */
export const withoutRunningLines = (lines: readonly PdfLine[], log: NoiseLog): PdfLine[] => {
  const pages = Map.groupBy(lines, ({ page }) => page);
  const seen = new Map<string, Set<number>>();
  const edges = new Set<PdfLine>();
  for (const [page, own] of pages)
    for (const line of [...own.slice(0, EDGE), ...own.slice(-EDGE)]) {
      edges.add(line);
      const key = pattern(line.text);
      seen.set(key, (seen.get(key) ?? new Set()).add(page));
    }
  // Three pages make a habit; a sentence that stands twice may be meant.
  const habit = Math.max(3, Math.ceil(pages.size / 2));
  return lines.filter((line) => {
    if (!edges.has(line)) return true;
    const outermost = pages.get(line.page);
    if (PAGE_NUMBER.test(line.text) && (outermost?.[0] === line || outermost?.at(-1) === line)) {
      log.note('pdf: page number', line.text);
      return false;
    }
    if ((seen.get(pattern(line.text))?.size ?? 0) < habit) return true;
    log.note('pdf: repeated header or footer', line.text);
    return false;
  });
};

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
const typical = (values: readonly number[]): number => quantile(values, 0.5);

/** Joins lines to paragraphs, hyphenated words healed; lines in larger letters are headings. */
export const pdfBlocks = (lines: readonly PdfLine[]): Draft[] => {
  const body = typical(
    lines.flatMap(({ size, text }) => Array.from({ length: Math.ceil(text.length / 40) }, () => size)),
  );
  const gaps = lines.flatMap((line, index) => {
    const above = lines[index - 1];
    return above?.page === line.page && above.y > line.y ? [above.y - line.y] : [];
  });
  // Where most paragraphs are one line, most gaps are those between paragraphs; smaller ones than a letter are superscripts.
  const leading = quantile(
    gaps.filter((gap) => gap >= body * 0.9),
    0.2,
  );
  const isLarge = (line: PdfLine): boolean => line.size > body * 1.15 && line.text.length <= MOST_HEADING;
  const place = sections();
  const drafts: Draft[] = [];
  let text = '';
  let kind: 'paragraph' | 'item' | 'heading' = 'paragraph';
  let size = 0;
  const flush = (): void => {
    const shown = foldSpace(text).replace(/[\ufb00-\ufb06]/g, (ligature) => ligature.normalize('NFKC'));
    text = '';
    if (shown === '') return;
    const level = kind === 'heading' ? Math.max(1, 100 - Math.round(size)) : 0;
    const path = kind === 'heading' ? place.above(level) : place.path();
    drafts.push({ kind, path, depth: kind === 'item' ? 1 : 0, text: shown, links: [] });
    if (kind === 'heading') place.enter(level, shown);
  };
  lines.forEach((line, index) => {
    const above = lines[index - 1];
    const large = isLarge(line);
    const bullet = !large && BULLET.test(line.text) && /\p{L}/u.test(line.text.replace(BULLET, ''));
    const apart =
      above === undefined ||
      bullet ||
      large !== isLarge(above) ||
      (large && line.size !== above.size) ||
      (above.page === line.page
        ? leading > 0 && above.y - line.y > leading * 1.4
        : SENTENCE_END.test(above.text) || !/^\p{Ll}/u.test(line.text));
    if (apart) {
      flush();
      kind = large ? 'heading' : bullet ? 'item' : 'paragraph';
      size = line.size;
    }
    const plain =
      apart && bullet ? line.text.replace(/^[\u2022\u25cf\u25aa\u25e6\u2023\u00b7\uf0b7]\s*/, '') : line.text;
    if (/[\p{L}][-\u2010\u00ad]$/u.test(text) && /^\p{Ll}/u.test(plain)) text = text.slice(0, -1) + plain;
    else text += `${text === '' ? '' : ' '}${plain}`;
  });
  flush();
  return drafts;
};
