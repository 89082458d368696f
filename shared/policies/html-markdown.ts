import { strikethrough } from '@joplin/turndown-plugin-gfm';
import TurndownService from 'turndown';
import type { HtmlBlocks } from './html-blocks.ts';
import { type HtmlElement, type HtmlNode, isBlockElement, isElement, textOf, walk } from './html-document.ts';
import type { linkResolver } from './links.ts';
import { addTableRules } from './markdown-tables.ts';

/** Elements that Markdown has a sign for; every other one is a plain block or nothing. */
const SIGNED = new Set(
  'p h1 h2 h3 h4 h5 h6 ul ol li table thead tbody tfoot tr th td caption blockquote pre code strong b em i del s strike br hr'.split(
    ' ',
  ),
);
const TABLE = new Set(['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'caption']);
/** Selected on their own they need a table around them. */
const ROWS = new Set(['thead', 'tbody', 'tfoot', 'tr']);
const VOID = new Set(['br', 'hr']);
/** Turndown recurses; deeper elements are printed without their sign. */
const MOST_DEPTH = 80;

const escape = (text: string): string =>
  text.replace(/[&<>\u00a0]/g, (sign) =>
    sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : sign === '>' ? '&gt;' : ' ',
  );

const turndown = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', hr: '* * *' });
turndown.use(strikethrough);
addTableRules(turndown);

/** Markup of the blocks that were kept: no attribute but the link's target, no wrapper, no empty element, no image. */
const plainHtml = (
  roots: readonly HtmlNode[],
  blocks: HtmlBlocks,
  kept: ReadonlySet<number>,
  resolve: ReturnType<typeof linkResolver>,
): string => {
  const holds = new Set<HtmlNode>();
  const hold = (node: HtmlNode): void => {
    for (let at: HtmlNode | null = node; at !== null && !holds.has(at); at = at.parent as HtmlNode | null)
      holds.add(at);
  };
  for (const [node, block] of blocks.blockOf)
    if (kept.has(block) && (textOf(node) ?? '').trim() !== '') hold(node);
  for (const image of blocks.wordedImages) hold(image);
  let html = '';
  let depth = 0;
  const printed = new Map<HtmlElement, string>();
  const layoutTables = new Set<HtmlElement>();
  for (const row of blocks.layout) {
    let at = row.parent as HtmlElement | null;
    while (at !== null && at.name !== 'table' && TABLE.has(at.name)) at = at.parent as HtmlElement | null;
    if (at?.name === 'table') layoutTables.add(at);
  }
  const tables: (HtmlElement | null)[] = [];
  // Turndown trims with an expression that is quadratic in white space: one break between two texts is enough.
  let broken = true;
  const lineBreak = (): void => {
    if (!broken) html += '<br>';
    broken = true;
  };
  const tagOf = (element: HtmlElement): { open: string; close: string } => {
    const { name, attribs } = element;
    if (name === 'a') {
      const resolved = attribs['href'] === undefined ? undefined : resolve(attribs['href']);
      if (resolved?.kind !== 'document') return { open: '', close: '' };
      return { open: `<a href="${escape(resolved.absolute).replaceAll('"', '&quot;')}">`, close: '</a>' };
    }
    if (TABLE.has(name)) {
      const table = tables.at(-1);
      if (table === undefined || (table !== null && layoutTables.has(table)))
        return { open: '<div>', close: '</div>' };
    }
    if (SIGNED.has(name)) return { open: `<${name}>`, close: VOID.has(name) ? '' : `</${name}>` };
    return isBlockElement(name) ? { open: '<div>', close: '</div>' } : { open: '', close: '' };
  };
  const enter = (node: HtmlNode): boolean | void => {
    const text = textOf(node);
    if (text !== undefined) {
      const block = blocks.blockOf.get(node);
      if (block === undefined || !kept.has(block)) html += /\s/.test(text) && !html.endsWith(' ') ? ' ' : '';
      else {
        html += escape(text);
        if (/\S/.test(text)) broken = false;
      }
      return;
    }
    if (!isElement(node)) return;
    if (blocks.wordedImages.has(node)) html += escape(node.attribs['alt'] ?? '');
    // An empty cell holds its column.
    const cell = node.name === 'td' || node.name === 'th';
    if (
      !holds.has(node) &&
      !VOID.has(node.name) &&
      !(cell && node.parent !== null && holds.has(node.parent as HtmlNode))
    )
      return false;
    if (node.name === 'table') tables.push(node);
    const { open, close } = tagOf(node);
    if (close !== '') {
      if (depth >= MOST_DEPTH) {
        if (isBlockElement(node.name)) lineBreak();
      } else {
        html += open;
        printed.set(node, close);
      }
      depth += 1;
    } else if (node.name === 'br') lineBreak();
    else html += open;
    return;
  };
  const leave = (element: HtmlElement): void => {
    if (element.name === 'table') tables.pop();
    const close = printed.get(element);
    if (close !== undefined) html += close;
    if (tagOf(element).close !== '') depth -= 1;
  };
  let wrapper: 'table' | 'ul' | undefined;
  const wrap = (next: typeof wrapper): void => {
    if (next === wrapper) return;
    if (wrapper !== undefined) html += `</${wrapper}>`;
    if (wrapper === 'table') tables.pop();
    if (next !== undefined) html += `<${next}>`;
    if (next === 'table') tables.push(null);
    wrapper = next;
  };
  for (const root of roots) {
    if (isElement(root)) wrap(ROWS.has(root.name) ? 'table' : root.name === 'li' ? 'ul' : undefined);
    walk([root], enter, leave);
  }
  wrap(undefined);
  return html;
};

/** Canonical Markdown of the blocks that were kept, by turndown with its GFM rules. Links are absolute and clean. */
export const htmlMarkdown = (
  roots: readonly HtmlNode[],
  blocks: HtmlBlocks,
  kept: readonly number[],
  resolve: ReturnType<typeof linkResolver>,
): string => turndown.turndown(plainHtml(roots, blocks, new Set(kept), resolve));
