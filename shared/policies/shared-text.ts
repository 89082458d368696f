import type { PageContent } from './content.ts';

/** Share of the text of one reading, by characters, that stands in whole blocks of another: 0 to 1. */
export const shareOf = (text: PageContent, within: PageContent): number => {
  const known = new Set(within.blocks.map(({ norm }) => norm));
  const there = text.blocks.reduce((sum, { norm }) => sum + (known.has(norm) ? norm.length : 0), 0);
  return text.length === 0 ? 0 : there / text.length;
};
