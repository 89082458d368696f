import { assemble } from './assemble.ts';
import type { ReadPageResult } from './content.ts';
import { linkResolver } from './links.ts';
import { markdownBlocks } from './markdown-blocks.ts';
import { noiseLog } from './noise-log.ts';
import { withinRanges } from './ranges.ts';
import type { PolicySource } from './source.ts';

const FRONT_MATTER = /^\ufeff?---[ \t]*\n[\s\S]{0,20000}?\n(?:---|\.\.\.)[ \t]*(?:\n|$)/;
const COMMENT = /<!--[\s\S]*?(?:-->|$)/g;

/** Reads Markdown, as the history of a page's text holds it. Selectors do not apply to it; ranges by phrase do. */
export const readMarkdown = (
  bytes: Uint8Array,
  text: string,
  source: PolicySource,
  url: string,
): ReadPageResult => {
  const log = noiseLog();
  const markdown = text
    .replace(/\r\n?/g, '\n')
    .replace(FRONT_MATTER, (found) => {
      if (!/^[\w-]+\s*:/m.test(found)) return found;
      log.note('markdown: front matter', found);
      return '';
    })
    .replace(COMMENT, (found) => {
      log.note('markdown: comment', found);
      return '';
    });
  const { drafts, sources, title } = markdownBlocks(markdown);
  const within = withinRanges(source, drafts, () => null);
  if (within.kind === 'missed') return { kind: 'unreadable', code: 'RANGE_MISSED', detail: within.detail };
  return assemble(
    bytes,
    source,
    {
      format: 'markdown',
      title,
      drafts,
      canonical: (kept) => kept.map((index) => sources[index] ?? '').join('\n\n'),
      ...(within.kind === 'some' ? { within: within.blocks } : {}),
    },
    linkResolver(url, source, log),
    log,
  );
};
