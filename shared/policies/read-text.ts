import { assemble } from './assemble.ts';
import type { ReadPageResult } from './content.ts';
import { type Draft, draftsAsMarkdown } from './draft.ts';
import { linkResolver } from './links.ts';
import { noiseLog } from './noise-log.ts';
import { foldSpace } from './normalise.ts';
import { withinRanges } from './ranges.ts';
import type { PolicySource } from './source.ts';

/** Reads plain text: paragraphs are what blank lines part. Selectors do not apply to it. */
export const readText = (
  bytes: Uint8Array,
  text: string,
  source: PolicySource,
  url: string,
): ReadPageResult => {
  const log = noiseLog();
  const drafts: Draft[] = text
    .replace(/\r\n?/g, '\n')
    .split(/\n[^\S\n]*(?:\n|$)|\f/)
    .map(foldSpace)
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => ({ kind: 'paragraph', path: [], depth: 0, text: paragraph, links: [] }));
  const within = withinRanges(source, drafts, () => null);
  if (within.kind === 'missed') return { kind: 'unreadable', code: 'RANGE_MISSED', detail: within.detail };
  return assemble(
    bytes,
    source,
    {
      format: 'text',
      title: '',
      drafts,
      canonical: (kept) => draftsAsMarkdown(kept.flatMap((index) => drafts[index] ?? [])),
      ...(within.kind === 'some' ? { within: within.blocks } : {}),
    },
    linkResolver(url, source, log),
    log,
  );
};
