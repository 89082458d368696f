import { assemble } from './assemble.ts';
import type { ReadPageResult } from './content.ts';
import { htmlBlocks } from './html-blocks.ts';
import { type HtmlElement, type HtmlNode, isElement, parseHtml, walk } from './html-document.ts';
import { htmlMarkdown } from './html-markdown.ts';
import { linkResolver } from './links.ts';
import { noiseLog } from './noise-log.ts';
import { foldSpace } from './normalise.ts';
import { dropChrome } from './page-chrome.ts';
import { withinRanges } from './ranges.ts';
import type { PolicySource } from './source.ts';

class SelectorError extends Error {}

/**
 * Reads a policy off HTML: `remove`, then `select` in document order (the page without its chrome where there is
 * none), then ranges and filters.
 * @param html decoded text
 * @param url address that relative links stand on, unless the page names a base
 */
export const readHtml = (
  bytes: Uint8Array,
  html: string,
  source: PolicySource,
  url: string,
): ReadPageResult => {
  const log = noiseLog();
  const page = parseHtml(html, log);
  const find = (selector: string): HtmlElement[] => {
    try {
      // The library would take it for markup to search in.
      if (selector.trimStart().startsWith('<')) throw new Error('it is markup');
      return page.$.root().find(selector).toArray() as HtmlElement[];
    } catch (error) {
      throw new SelectorError(
        `"${selector}" is no CSS selector: ${error instanceof Error ? error.message : ''}`.slice(0, 300),
      );
    }
  };
  try {
    for (const selector of source.remove)
      for (const element of find(selector)) {
        if (element.parent === null) continue;
        log.note(`remove: ${selector}`, foldSpace(page.$(element).text().slice(0, 400)));
        page.$(element).remove();
      }
    const ends = new Map<string, HtmlElement | undefined>();
    for (const range of source.ranges)
      for (const end of [range.from, range.to])
        if (end !== undefined && 'selector' in end) ends.set(end.selector, find(end.selector)[0]);
    const asked = new Set([...ends.values()].filter((element) => element !== undefined));
    if (source.select.length === 0) dropChrome(page, asked, log);
    const chosen = new Set(source.select.flatMap(find));
    const roots: HtmlNode[] = [];
    if (source.select.length === 0) roots.push(...page.root.children);
    else
      walk(page.root.children, (node) => {
        if (!isElement(node) || !chosen.has(node)) return;
        roots.push(node);
        return false;
      });
    if (source.select.length > 0 && roots.length === 0)
      return {
        kind: 'unreadable',
        code: 'SELECTOR_MISSED',
        detail:
          `nothing on the page matches ${source.select.map((selector) => `"${selector}"`).join(', ')}`.slice(
            0,
            300,
          ),
      };
    const blocks = htmlBlocks(roots, asked);
    const within = withinRanges(source, blocks.drafts, (selector) => {
      const element = ends.get(selector);
      return (element === undefined ? undefined : blocks.spans.get(element)) ?? null;
    });
    if (within.kind === 'missed') return { kind: 'unreadable', code: 'RANGE_MISSED', detail: within.detail };
    const base = page.base === undefined ? url : (URL.parse(page.base, url)?.href ?? url);
    const resolve = linkResolver(base, source, log);
    const language = /^[a-z]{2}(?![a-z])/i.exec(page.language?.trim() ?? '')?.[0].toLowerCase();
    return assemble(
      bytes,
      source,
      {
        format: 'html',
        title: page.title,
        ...(language === undefined ? {} : { declaredLanguage: language }),
        drafts: blocks.drafts,
        canonical: (kept) => htmlMarkdown(roots, blocks, kept, resolve),
        ...(within.kind === 'some' ? { within: within.blocks } : {}),
      },
      resolve,
      log,
    );
  } catch (error) {
    if (error instanceof SelectorError)
      return { kind: 'unreadable', code: 'SELECTOR_INVALID', detail: error.message };
    throw error;
  }
};
