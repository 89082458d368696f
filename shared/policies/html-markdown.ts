import { gfm } from '@joplin/turndown-plugin-gfm';
import TurndownService from 'turndown';
import type { HtmlBlocks } from './html-blocks.ts';
import { type HtmlElement, type HtmlNode, isBlockElement, isElement, textOf, walk } from './html-document.ts';
import type { linkResolver } from './links.ts';

/** Elements that Markdown has a sign for; every other one is a plain block or nothing. */
const SIGNED = new Set(
  'p h1 h2 h3 h4 h5 h6 ul ol li table thead tbody tfoot tr th td caption blockquote pre code strong b em i del s strike br hr'.split(
    ' ',
  ),
);
const TABLE = new Set(['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'caption']);
const VOID = new Set(['br', 'hr']);
/** Turndown recurses; deeper elements are printed without their sign. */
const MOST_DEPTH = 80;

const escape = (text: string): string =>
  text.replace(/[&<>\u00a0]/g, (sign) =>
    sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : sign === '>' ? '&gt;' : ' ',
  );

const turndown = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', hr: '* * *' });
turndown.use(gfm);

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
  const tables: HtmlElement[] = [];
  const tagOf = (element: HtmlElement): { open: string; close: string } => {
    const { name, attribs } = element;
    if (name === 'a') {
      const resolved = attribs['href'] === undefined ? undefined : resolve(attribs['href']);
      if (resolved?.kind !== 'document') return { open: '', close: '' };
      return { open: `<a href="${escape(resolved.absolute).replaceAll('"', '&quot;')}">`, close: '</a>' };
    }
    if (TABLE.has(name)) {
      const table = tables.at(-1);
      if (table === undefined || layoutTables.has(table)) return { open: '<div>', close: '</div>' };
    }
    if (SIGNED.has(name)) return { open: `<${name}>`, close: VOID.has(name) ? '' : `</${name}>` };
    return isBlockElement(name) ? { open: '<div>', close: '</div>' } : { open: '', close: '' };
  };
  walk(
    roots,
    (node) => {
      const text = textOf(node);
      if (text !== undefined) {
        const block = blocks.blockOf.get(node);
        html += block === undefined || !kept.has(block) ? (/\s/.test(text) ? ' ' : '') : escape(text);
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
        if (depth >= MOST_DEPTH) html += isBlockElement(node.name) ? '<br>' : '';
        else {
          html += open;
          printed.set(node, close);
        }
        depth += 1;
      } else html += open;
      return;
    },
    (element) => {
      if (element.name === 'table') tables.pop();
      const close = printed.get(element);
      if (close !== undefined) html += close;
      if (tagOf(element).close !== '') depth -= 1;
    },
  );
  return html;
};

/** Canonical Markdown of the blocks that were kept, by turndown with its GFM rules. Links are absolute and clean. */
export const htmlMarkdown = (
  roots: readonly HtmlNode[],
  blocks: HtmlBlocks,
  kept: readonly number[],
  resolve: ReturnType<typeof linkResolver>,
): string => turndown.turndown(plainHtml(roots, blocks, new Set(kept), resolve));
