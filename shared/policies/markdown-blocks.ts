import { type Draft, sections } from './draft.ts';
import { foldSpace } from './normalise.ts';
import { readInline, type References } from './markdown-inline.ts';
import { definitionIn, referencesIn, unwrapDefinitions } from './markdown-references.ts';

export interface MarkdownBlocks {
  readonly drafts: readonly Draft[];
  /** Source of each draft, for the canonical text. */
  readonly sources: readonly string[];
  readonly title: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const ITEM = /^([ \t]*)([*+-]|\d{1,9}[.)])([ \t]+|$)(.*)$/;
const DIVIDER = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const expandTabs = (line: string): string => (line.includes('\t') ? line.replaceAll('\t', '    ') : line);
const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Cells of a row; `\|` is text. */
const cellsOf = (line: string): string[] => {
  const cells = line
    .trim()
    .replace(/^\|/, '')
    .split(/(?<!\\)\|/);
  if (/(?<!\\)\|\s*$/.test(line)) cells.pop();
  return cells.map((cell) => cell.replaceAll('\\|', '|').trim());
};

/** A line without the quote marks that it begins with, and how many those were; at most `most` are taken. */
const unquoted = (
  line: string,
  indent: number,
  most = 50,
): { readonly line: string; readonly marks: number } => {
  let rest = line.slice(indent);
  let marks = 0;
  while (marks < most) {
    const [mark] = /^ {0,3}> ?/.exec(rest) ?? [];
    if (mark === undefined) break;
    rest = rest.slice(mark.length);
    marks += 1;
  }
  return marks === 0 ? { line, marks } : { line: rest, marks };
};

/**
 * Reads blocks off Markdown line by line: headings of both kinds, nested lists with lazy lines, GFM tables, quotes,
 * fenced code, paragraphs; links inline, by reference and in angle brackets. Total and linear: any text is Markdown.
 */
export const markdownBlocks = (markdown: string): MarkdownBlocks => {
  const lines = unwrapDefinitions(
    markdown
      .replace(/\r\n?/g, '\n')
      // A link around blocks is printed over several lines.
      .replace(/\[[ \t]*\n{1,4}[ \t]*(?=\S)/g, '[')
      .replace(/\n{1,4}[ \t]*\]\(/g, '](')
      .split('\n')
      .map(expandTabs),
  );
  const references: References = referencesIn(lines);
  const drafts: Draft[] = [];
  const sources: string[] = [];
  /** Definitions that stand before the first block. */
  const leading: string[] = [];
  const place = sections();
  let title = '';
  let buffer: string[] = [];
  let kind: Draft['kind'] = 'paragraph';
  /** Columns at which the text of the open items starts. */
  let items: number[] = [];
  let fence: { readonly sign: string; readonly marks: number } | undefined;
  let inTable = false;
  let blank = true;

  const emit = (
    draft: Omit<Draft, 'text' | 'links' | 'path'>,
    path: readonly string[],
    inline: ReturnType<typeof readInline>,
    source: string,
  ): void => {
    if (inline.text === '' && inline.links.length === 0) return;
    if (inline.text === '') {
      const last = drafts.at(-1);
      if (last !== undefined)
        drafts[drafts.length - 1] = { ...last, links: [...last.links, ...inline.links] };
      return;
    }
    drafts.push({ ...draft, path, ...inline });
    sources.push([...leading.splice(0), source].join('\n\n'));
  };
  // Nobody sees it, but where links lead is a part of the text.
  const define = (line: string): void => {
    const last = sources.length - 1;
    if (last < 0) leading.push(line.trim());
    else sources[last] = `${sources[last]}\n\n${line.trim()}`;
  };
  const flush = (): void => {
    if (buffer.length === 0) return;
    const source = buffer.join('\n');
    const shown = { item: '*   ', quote: '> ', code: '', heading: '', paragraph: '', row: '' }[kind];
    const inline = kind === 'code' ? { text: foldSpace(source), links: [] } : readInline(source, references);
    emit(
      { kind, depth: items.length },
      place.path(),
      inline,
      `${'    '.repeat(Math.max(items.length - 1, 0))}${shown}${source.replace(/\s+/g, ' ')}`,
    );
    buffer = [];
    if (kind === 'item') kind = 'paragraph';
  };
  const heading = (level: number, source: string): void => {
    flush();
    const inline = readInline(source, references);
    if (inline.text === '') return;
    if (title === '') title = inline.text;
    emit(
      { kind: 'heading', depth: items.length },
      place.above(level),
      inline,
      `${'#'.repeat(level)} ${source}`,
    );
    place.enter(level, inline.text);
  };
  const row = (line: string): void => {
    flush();
    const cells = cellsOf(line).map((cell) => readInline(cell, references));
    if (cells.every(({ text }) => text === '')) return;
    const text = cells
      .map((cell) => cell.text)
      .join(' | ')
      .trim();
    emit(
      { kind: 'row', depth: items.length },
      place.path(),
      { text, links: cells.flatMap(({ links }) => links) },
      line.trim(),
    );
  };

  lines.forEach((full, index) => {
    const inItem = items.length > 0 ? Math.min(indentOf(full), items.at(-1) ?? 0) : 0;
    if (fence !== undefined) {
      const inside = fence.marks === 0 ? { line: full, marks: 0 } : unquoted(full, inItem, fence.marks);
      // A quote that ends takes its code with it, whether that was closed or not.
      const left = inside.marks < fence.marks;
      const closes = inside.line.trim().startsWith(fence.sign) && /^[`~]+$/.test(inside.line.trim());
      if (!left && !closes) {
        buffer.push(inside.line);
        return;
      }
      flush();
      fence = undefined;
      kind = 'paragraph';
      if (!left) return;
    }
    const { line, marks } = unquoted(full, inItem);
    const quoted = marks > 0;
    if (line.trim() === '') {
      flush();
      inTable = false;
      blank = true;
      if (!quoted && kind === 'quote') kind = 'paragraph';
      return;
    }
    const afterBlank = blank;
    blank = false;
    const opening = FENCE.exec(line.trimStart());
    if (opening?.[1] !== undefined && !line.trim().slice(opening[1].length).includes('`')) {
      flush();
      fence = { sign: opening[1], marks };
      kind = 'code';
      return;
    }
    if (buffer.length === 0 && definitionIn(line) !== undefined) {
      define(line);
      return;
    }
    const underline = UNDERLINE.exec(line);
    if (
      underline?.[1] !== undefined &&
      buffer.length > 0 &&
      kind === 'paragraph' &&
      !quoted &&
      items.length === 0
    ) {
      const source = buffer.join(' ');
      buffer = [];
      heading(underline[1].startsWith('=') ? 1 : 2, source);
      return;
    }
    if (RULE.test(line)) {
      flush();
      if (indentOf(line) < (items[0] ?? 0)) items = [];
      return;
    }
    const item = quoted ? null : ITEM.exec(line);
    const indent = indentOf(line);
    if (
      item !== null &&
      !(buffer.length > 0 && items.length === 0 && /^\d/.test(item[2] ?? '') && !/^1[.)]/.test(item[2] ?? ''))
    ) {
      flush();
      while (items.length > 0 && indent < (items.at(-1) ?? 0)) items.pop();
      const [, , mark = '', gap = '', rest = ''] = item;
      items.push(indent + mark.length + (rest === '' || gap.length > 4 ? 1 : gap.length));
      kind = 'item';
      inTable = false;
      const inside = HEADING.exec(rest);
      if (inside?.[1] !== undefined) {
        kind = 'paragraph';
        heading(inside[1].length, inside[2] ?? '');
      } else if (rest !== '') buffer.push(rest);
      return;
    }
    if (afterBlank || buffer.length === 0) {
      const least = items.length;
      while (
        items.length > 0 &&
        indent < (items.at(-1) ?? 0) &&
        !(indent > 0 && indent >= (items.at(-2) ?? 0) + 2)
      )
        items.pop();
      if (items.length < least && kind === 'item') kind = 'paragraph';
    }
    const body = items.length > 0 ? line.trimStart() : line;
    const atx = HEADING.exec(body);
    if (atx?.[1] !== undefined) {
      if (indent === 0) items = [];
      kind = 'paragraph';
      heading(atx[1].length, atx[2] ?? '');
      return;
    }
    if (DIVIDER.test(line) && line.includes('|')) {
      inTable = true;
      return;
    }
    const startsTable =
      line.includes('|') && DIVIDER.test(lines[index + 1] ?? '') && (lines[index + 1] ?? '').includes('|');
    if (startsTable || (inTable && line.includes('|')) || /^\s*\|.*\|\s*$/.test(line)) {
      inTable = true;
      row(line);
      return;
    }
    inTable = false;
    if (quoted) {
      if (kind !== 'quote') flush();
      kind = 'quote';
    } else if (kind === 'quote' && buffer.length === 0) kind = 'paragraph';
    buffer.push(line.trim());
  });
  flush();
  return { drafts, sources, title };
};
