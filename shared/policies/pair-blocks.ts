import type { Block } from './content.ts';

/** Words of a block that are looked at to see whether it is the same block, edited. */
const MOST_WORDS = 200;
/** Word comparisons that are spent on one page; what is beyond is paired by its place. */
const BUDGET = 400_000;
const ALIKE = 0.4;
/** One block in the place of one other: less has to be alike. */
const ALIKE_ALONE = 0.2;

type Bag = ReadonlyMap<string, number>;
const bagOf = (block: Block): { bag: Bag; size: number } => {
  const words = (block.norm.slice(0, 4000).match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, MOST_WORDS);
  const bag = new Map<string, number>();
  for (const word of words) bag.set(word, (bag.get(word) ?? 0) + 1);
  return { bag, size: words.length };
};

type Weighed = ReturnType<typeof bagOf>;
/** 0 where nothing is shared, 1 where all words are. */
const alike = (left: Weighed, right: Weighed): number => {
  if (left.size + right.size === 0) return 1;
  let shared = 0;
  const [small, large] = left.bag.size <= right.bag.size ? [left, right] : [right, left];
  for (const [word, count] of small.bag) shared += Math.min(count, large.bag.get(word) ?? 0);
  return (2 * shared) / (left.size + right.size);
};

export interface Pairing {
  /** Pairs (index of the removed, index of the added) in order on both sides. */
  pair(removed: readonly Block[], added: readonly Block[]): readonly (readonly [number, number])[];
}

const byPlace = (removed: readonly Block[], added: readonly Block[]): (readonly [number, number])[] =>
  removed.length === added.length
    ? removed.flatMap((block, index) =>
        alike(bagOf(block), bagOf(added[index] as Block)) >= ALIKE ? [[index, index] as const] : [],
      )
    : [];

/** The pairs of the highest total likeness, in order on both sides. */
const byLikeness = (left: readonly Weighed[], right: readonly Weighed[]): (readonly [number, number])[] => {
  const threshold = left.length === 1 && right.length === 1 ? ALIKE_ALONE : ALIKE;
  const width = right.length + 1;
  const best = new Float64Array((left.length + 1) * width);
  const likeness = new Float64Array(left.length * right.length);
  for (let row = left.length - 1; row >= 0; row -= 1)
    for (let column = right.length - 1; column >= 0; column -= 1) {
      const score = alike(left[row] as Weighed, right[column] as Weighed);
      likeness[row * right.length + column] = score;
      const skip = Math.max(
        best[(row + 1) * width + column] as number,
        best[row * width + column + 1] as number,
      );
      const take = score >= threshold ? score + (best[(row + 1) * width + column + 1] as number) : -1;
      best[row * width + column] = Math.max(skip, take);
    }
  const pairs: (readonly [number, number])[] = [];
  let row = 0;
  let column = 0;
  while (row < left.length && column < right.length) {
    const score = likeness[row * right.length + column] as number;
    const here = best[row * width + column] as number;
    if (score >= threshold && here === score + (best[(row + 1) * width + column + 1] as number)) {
      pairs.push([row, column]);
      row += 1;
      column += 1;
    } else if (here === best[(row + 1) * width + column]) row += 1;
    else column += 1;
  }
  return pairs;
};

/** Finds which removed block became which added one. One for a page: all hunks share one budget. */
export const pairing = (): Pairing => {
  let left = BUDGET;
  return {
    pair: (removed, added) => {
      if (removed.length === 0 || added.length === 0) return [];
      if (removed.length * added.length > 250_000) return byPlace(removed, added);
      const before = removed.map(bagOf);
      const after = added.map(bagOf);
      const mean = 1 + before.reduce((sum, { bag }) => sum + bag.size, 0) / before.length;
      const cost = removed.length * added.length * mean;
      if (cost > left) return byPlace(removed, added);
      left -= cost;
      return byLikeness(before, after);
    },
  };
};
