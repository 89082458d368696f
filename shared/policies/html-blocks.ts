import { type Draft, type DraftLink, sections } from './draft.ts';
import { type HtmlElement, type HtmlNode, isBlockElement, isElement, textOf, walk } from './html-document.ts';
import { foldSpace } from './normalise.ts';

export interface HtmlBlocks {
  readonly drafts: readonly Draft[];
  /** The block that the text of a node went into. */
  readonly blockOf: ReadonlyMap<HtmlNode, number>;
  /** For elements that were asked for: the first block in or after the start, and the last before or at the end. */
  readonly spans: ReadonlyMap<HtmlElement, { first: number; last: number }>;
  /** Rows that lay out the page instead of holding data. */
  readonly layout: ReadonlySet<HtmlElement>;
  /** Images that are all that a cell holds; their words stand in for them. */
  readonly wordedImages: ReadonlySet<HtmlElement>;
}

const HEADING = /^h([1-6])$/;
/** A cell with one of these is a part of the page, not a datum. */
const STRUCTURAL = new Set(['table', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'article', 'section', 'main']);

const headingLevel = ({ name, attribs }: HtmlElement): number => {
  const [, level] = HEADING.exec(name) ?? [];
  if (level !== undefined) return Number(level);
  if (attribs['role'] !== 'heading') return 0;
  const own = Number(attribs['aria-level']);
  return Number.isInteger(own) && own >= 1 && own <= 9 ? own : 2;
};

/** Rows with one cell only, with tables or headings inside, or in a table that says that it is for looks. */
const layoutRows = (roots: readonly HtmlNode[]): Set<HtmlElement> => {
  const layout = new Set<HtmlElement>();
  const cells = new Map<HtmlElement, number>();
  const open: HtmlElement[] = [];
  walk(
    roots,
    (node) => {
      if (!isElement(node)) return;
      if (STRUCTURAL.has(node.name) || headingLevel(node) > 0)
        for (let at = open.length - 1; at >= 0; at -= 1) {
          const row = open[at] as HtmlElement;
          if (layout.has(row)) break;
          layout.add(row);
        }
      if (node.name === 'tr') {
        open.push(node);
        cells.set(node, 0);
      } else if (node.name === 'td' || node.name === 'th') {
        const row = open.at(-1);
        if (row !== undefined) cells.set(row, (cells.get(row) ?? 0) + 1);
      }
    },
    (element) => {
      if (element.name !== 'tr') return;
      open.pop();
      if ((cells.get(element) ?? 0) < 2) layout.add(element);
    },
  );
  return layout;
};

/**
 * Reads blocks off a tree, in document order, without recursion: headings with their sections, paragraphs, items with
 * the depth of their list, rows with cells joined by " | ", code, quotes; the `<summary>` of a `<details>` is the
 * heading of what it opens. Bold, spans and wrappers leave no trace.
 * @param asked elements whose spans are wanted (ends of ranges)
 */
export const htmlBlocks = (roots: readonly HtmlNode[], asked: ReadonlySet<HtmlElement>): HtmlBlocks => {
  const layout = layoutRows(roots);
  const drafts: Draft[] = [];
  const blockOf = new Map<HtmlNode, number>();
  const spans = new Map<HtmlElement, { first: number; last: number }>();
  const wordedImages = new Set<HtmlElement>();
  const place = sections();
  let buffer: string[] = [];
  let nodes: HtmlNode[] = [];
  let links: DraftLink[] = [];
  let link: { href: string; from: number; element: HtmlElement } | undefined;
  let lists = 0;
  let item = false;
  let quotes = 0;
  let code = 0;
  let heading: { element: HtmlElement; level: number } | undefined;
  let row: { element: HtmlElement; cells: string[] } | undefined;
  let cellImages: HtmlElement[] = [];

  const endLink = (): void => {
    if (link === undefined) return;
    const text = foldSpace(buffer.slice(link.from).join(''));
    if (text !== '') links.push({ text, href: link.href });
    link.from = buffer.length;
  };
  const emit = (kind: Draft['kind'], path: readonly string[], text: string): void => {
    if (text !== '') {
      for (const node of nodes) blockOf.set(node, drafts.length);
      drafts.push({ kind, path, depth: lists, text, links });
    }
    buffer = [];
    nodes = [];
    links = [];
    if (link !== undefined) link.from = 0;
  };
  const flush = (): void => {
    if (buffer.length === 0) return;
    endLink();
    const text = foldSpace(buffer.join(''));
    if (heading !== undefined) {
      const path = place.above(heading.level);
      if (text !== '') place.enter(heading.level, text);
      emit('heading', path, text);
      return;
    }
    const kind = code > 0 ? 'code' : quotes > 0 ? 'quote' : item ? 'item' : 'paragraph';
    if (text !== '') item = false;
    emit(kind, place.path(), text);
  };
  const endCell = (): void => {
    endLink();
    const text = foldSpace(buffer.join(''));
    const alt =
      text === '' ? cellImages.find(({ attribs }) => foldSpace(attribs['alt'] ?? '') !== '') : undefined;
    if (alt !== undefined) wordedImages.add(alt);
    row?.cells.push(alt === undefined ? text : foldSpace(alt.attribs['alt'] ?? ''));
    buffer = [];
    cellImages = [];
    if (link !== undefined) link.from = 0;
  };
  const boundary = (): void => {
    if (row !== undefined || heading !== undefined) buffer.push(' ');
    else flush();
  };

  walk(
    roots,
    (node) => {
      const text = textOf(node);
      if (text !== undefined) {
        buffer.push(text);
        nodes.push(node);
        return;
      }
      if (!isElement(node)) return;
      const { name, attribs } = node;
      if (asked.has(node)) {
        boundary();
        spans.set(node, { first: drafts.length, last: drafts.length });
      }
      if (name === 'br') buffer.push(' ');
      else if (name === 'img') {
        if (row !== undefined) cellImages.push(node);
      } else if (name === 'a') {
        endLink();
        link =
          attribs['href'] === undefined
            ? undefined
            : { href: attribs['href'], from: buffer.length, element: node };
      }
      const level = headingLevel(node);
      if (level > 0 && row === undefined && heading?.element.name !== 'summary') {
        flush();
        heading = { element: node, level };
        return;
      }
      if (!isBlockElement(name)) return;
      boundary();
      if (row !== undefined) {
        if (name === 'td' || name === 'th') {
          if (foldSpace(buffer.join('')) !== '') endCell();
          buffer = [];
        }
        return;
      }
      if (name === 'ul' || name === 'ol' || name === 'menu' || name === 'dir' || name === 'dl') lists += 1;
      else if (name === 'li' || name === 'dt') item = true;
      else if (name === 'dd') item = false;
      else if (name === 'blockquote') quotes += 1;
      else if (name === 'pre') code += 1;
      else if (name === 'details') place.open();
      else if (name === 'summary' && heading === undefined) heading = { element: node, level: 0 };
      else if (name === 'tr' && heading === undefined && !layout.has(node))
        row = { element: node, cells: [] };
    },
    (element) => {
      const { name } = element;
      if (link?.element === element) {
        endLink();
        link = undefined;
      }
      if (heading?.element === element) {
        flush();
        heading = undefined;
      } else if (row?.element === element) {
        if (foldSpace(buffer.join('')) !== '') endCell();
        const { cells } = row;
        row = undefined;
        emit('row', place.path(), cells.every((cell) => cell === '') ? '' : cells.join(' | ').trim());
      } else if (row !== undefined) {
        if (name === 'td' || name === 'th') endCell();
        else if (isBlockElement(name)) buffer.push(' ');
      } else if (isBlockElement(name)) {
        boundary();
        if (name === 'ul' || name === 'ol' || name === 'menu' || name === 'dir' || name === 'dl') lists -= 1;
        else if (name === 'li' || name === 'dt') item = false;
        else if (name === 'blockquote') quotes -= 1;
        else if (name === 'pre') code -= 1;
        else if (name === 'details') place.close();
      }
      const span = spans.get(element);
      if (span !== undefined) {
        boundary();
        span.last = drafts.length - 1;
      }
    },
  );
  flush();
  return { drafts, blockOf, spans, layout, wordedImages };
};
