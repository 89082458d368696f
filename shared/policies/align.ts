import { diffArrays } from 'diff';

/** A run of blocks that are the same on both sides, or a gap in which they differ. Ends are exclusive. */
export interface Run {
  readonly same: boolean;
  readonly from: readonly [start: number, end: number];
  readonly to: readonly [start: number, end: number];
}

/**
 * Edits that are looked for inside one gap. With it, all gaps together cost at most this many steps for each block,
 * whatever the page does; a gap with more edits is shown as removed and added as a whole.
 */
const MOST_EDITS = 200;

/** Indexes of a longest ascending subsequence. */
const ascending = (values: readonly number[]): number[] => {
  const tails: number[] = [];
  const previous: number[] = [];
  values.forEach((value, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    previous[index] = low === 0 ? -1 : (tails[low - 1] as number);
    tails[low] = index;
  });
  const result: number[] = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = previous[at] as number) result.push(at);
  return result.toReversed();
};

const once = (items: readonly string[], start: number, end: number): Map<string, number> => {
  const places = new Map<string, number>();
  for (let index = start; index < end; index += 1) {
    const item = items[index] as string;
    places.set(item, places.has(item) ? -1 : index);
  }
  return places;
};

/** Pairs of places of what occurs exactly once on each side, in an order that both sides share. */
const anchors = (
  from: readonly string[],
  to: readonly string[],
  [fromStart, fromEnd]: readonly [number, number],
  [toStart, toEnd]: readonly [number, number],
): (readonly [number, number])[] => {
  const before = once(from, fromStart, fromEnd);
  const after = once(to, toStart, toEnd);
  const pairs: (readonly [number, number])[] = [];
  for (const [item, place] of before) {
    const other = after.get(item);
    if (place >= 0 && other !== undefined && other >= 0) pairs.push([place, other]);
  }
  return ascending(pairs.map(([, place]) => place)).map((index) => pairs[index] as readonly [number, number]);
};

/**
 * Aligns two sequences: first by what is unique on both sides (patience), then with a bounded shortest edit inside
 * each gap. Deterministic, and near linear for any input.
 */
export const align = (from: readonly string[], to: readonly string[]): Run[] => {
  const runs: { same: boolean; from: [number, number]; to: [number, number] }[] = [];
  const push = (same: boolean, fromEnd: number, toEnd: number): void => {
    const last = runs.at(-1);
    const fromStart = last?.from[1] ?? 0;
    const toStart = last?.to[1] ?? 0;
    if (fromEnd === fromStart && toEnd === toStart) return;
    if (last !== undefined && last.same === same) {
      last.from[1] = fromEnd;
      last.to[1] = toEnd;
    } else runs.push({ same, from: [fromStart, fromEnd], to: [toStart, toEnd] });
  };
  const gap = (fromStart: number, fromEnd: number, toStart: number, toEnd: number): void => {
    let left = fromStart;
    let right = toStart;
    while (left < fromEnd && right < toEnd && from[left] === to[right]) {
      left += 1;
      right += 1;
    }
    push(true, left, right);
    let tail = 0;
    while (fromEnd - tail > left && toEnd - tail > right && from[fromEnd - tail - 1] === to[toEnd - tail - 1])
      tail += 1;
    const edits =
      left === fromEnd - tail || right === toEnd - tail
        ? undefined
        : diffArrays(from.slice(left, fromEnd - tail), to.slice(right, toEnd - tail), {
            maxEditLength: MOST_EDITS,
          });
    for (const edit of edits ?? []) {
      if (!edit.added) left += edit.count;
      if (!edit.removed) right += edit.count;
      push(!edit.added && !edit.removed, left, right);
    }
    push(false, fromEnd - tail, toEnd - tail);
    push(true, fromEnd, toEnd);
  };
  let fromAt = 0;
  let toAt = 0;
  for (const [left, right] of anchors(from, to, [0, from.length], [0, to.length])) {
    gap(fromAt, left, toAt, right);
    push(true, left + 1, right + 1);
    fromAt = left + 1;
    toAt = right + 1;
  }
  gap(fromAt, from.length, toAt, to.length);
  return runs;
};
