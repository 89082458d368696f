import type { Block, PageContent } from './content.ts';
import { type Difference, differences } from './differences.ts';
import { compareLinks } from './link-documents.ts';
import type { DiffEntry, DiffLink, PolicyDiff } from './policy-diff.ts';
import { weigh } from './severity.ts';
import type { PolicySource } from './source.ts';
import { wordDiff } from './word-diff.ts';

/** Entries that are listed; the rest is counted. */
const MOST_ENTRIES = 2_000;
const MOST_LINKS = 500;
/** Characters over which words are compared, on one page. */
const WORD_BUDGET = 400_000;

const samePath = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((heading, index) => heading === right[index]);

const entryOf = ({ kind, before, after, from, to }: Difference, budget: { left: number }): DiffEntry => {
  const shown = (after ?? before) as Block;
  const cost = (before?.text.length ?? 0) + (after?.text.length ?? 0);
  budget.left -= cost;
  const spans =
    kind === 'changed' && before !== undefined && after !== undefined
      ? budget.left >= 0
        ? wordDiff(before.text, after.text)
        : [
            { kind: 'removed' as const, text: before.text },
            { kind: 'added' as const, text: after.text },
          ]
      : [
          {
            kind: kind === 'added' || kind === 'removed' ? kind : ('same' as const),
            text: shown.text,
          },
        ];
  return {
    kind,
    block: shown.kind,
    path: shown.path,
    ...(before !== undefined && after !== undefined && !samePath(before.path, after.path)
      ? { fromPath: before.path }
      : {}),
    ...(before !== undefined && after !== undefined && before.kind !== after.kind
      ? { fromBlock: before.kind }
      : {}),
    from,
    to,
    spans,
  };
};

const linksOf = (
  from: PageContent | null,
  to: PageContent,
  twins: ReadonlyMap<number, number>,
): DiffLink[] => {
  const path = (content: PageContent, block: number): string[] => content.blocks[block]?.path ?? [];
  const { retargeted, added, removed } =
    from === null
      ? { retargeted: [], added: to.links, removed: [] }
      : compareLinks(from, to, String, (block) => twins.get(block) ?? `new ${block}`);
  return [
    ...retargeted.map((link) => ({
      kind: 'retargeted' as const,
      text: link.to.text,
      path: path(to, link.to.block),
      from: link.from.target,
      to: link.to.target,
    })),
    ...added.map((link) => ({
      kind: 'added' as const,
      text: link.text,
      path: path(to, link.block),
      from: null,
      to: link.target,
    })),
    ...removed.map((link) => ({
      kind: 'removed' as const,
      text: link.text,
      path: from === null ? [] : path(from, link.block),
      from: link.target,
      to: null,
    })),
  ];
};

/**
 * The difference between two readings of a source, block by block with the words inside, from what was acknowledged
 * (null: nothing was) to what the page says. Pure, total, deterministic, and near linear in the size of the page.
 */
export const diffPages = (from: PageContent | null, to: PageContent, source: PolicySource): PolicyDiff => {
  const { found, unchanged, twins } = differences(from?.blocks ?? [], to.blocks);
  const links = linksOf(from, to, twins);
  const count = (kind: DiffEntry['kind']): number => found.filter((one) => one.kind === kind).length;
  const budget = { left: WORD_BUDGET };
  const weight = weigh(found, links, source, from === null ? null : { from: from.blocks, to: to.blocks });
  return {
    schemaVersion: 1,
    source: source.id,
    title: source.title ?? to.title,
    url: source.url,
    from: from?.hashes ?? null,
    to: to.hashes,
    counts: {
      added: count('added'),
      removed: count('removed'),
      changed: count('changed'),
      moved: count('moved'),
      restructured: count('restructured'),
      unchanged,
      links: links.length,
    },
    entries: found.slice(0, MOST_ENTRIES).map((one) => entryOf(one, budget)),
    links: links.slice(0, MOST_LINKS),
    dates: { from: from?.dateLines ?? [], to: to.dateLines },
    ...weight,
    leftOut: Math.max(0, found.length - MOST_ENTRIES) + Math.max(0, links.length - MOST_LINKS),
  };
};
