import type { Draft } from './draft.ts';
import { normalise } from './normalise.ts';
import type { PolicySource } from './source.ts';

type RangeEnd = NonNullable<PolicySource['ranges'][number]['from']>;
/** First and last block of what a selector finds first; null where it finds nothing. */
export type SpanOf = (selector: string) => { readonly first: number; readonly last: number } | null;
export type Within =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly blocks: ReadonlySet<number> }
  | { readonly kind: 'missed'; readonly detail: string };

const named = (end: RangeEnd): string =>
  'selector' in end ? `selector "${end.selector}"` : `phrase "${end.phrase}"`;

/** Blocks between the ends of the source's ranges, both inside. An end that is not on the page is named. */
export const withinRanges = (source: PolicySource, drafts: readonly Draft[], spanOf: SpanOf): Within => {
  if (source.ranges.length === 0) return { kind: 'all' };
  const norms = drafts.map(({ text }) => ` ${normalise(text)} `);
  const find = (end: RangeEnd, from: number): { first: number; last: number } | null => {
    if ('selector' in end) return spanOf(end.selector);
    const phrase = normalise(end.phrase);
    const at = norms.findIndex((norm, index) => index >= from && norm.includes(phrase));
    return at < 0 ? null : { first: at, last: at };
  };
  const blocks = new Set<number>();
  for (const range of source.ranges) {
    let first = 0;
    let last = drafts.length - 1;
    if (range.from !== undefined) {
      const found = find(range.from, 0);
      if (found === null)
        return { kind: 'missed', detail: `the range starts at ${named(range.from)}, which is not there` };
      first = found.first;
    }
    if (range.to !== undefined) {
      const found = find(range.to, first);
      if (found === null || found.last < first)
        return {
          kind: 'missed',
          detail: `the range ends at ${named(range.to)}, which is not there after its start`,
        };
      last = found.last;
    }
    for (let block = first; block <= last; block += 1) blocks.add(block);
  }
  return { kind: 'some', blocks };
};
