import { align } from './align.ts';
import type { Block } from './content.ts';
import { pairing } from './pair-blocks.ts';
import type { DiffEntry } from './policy-diff.ts';

/** A block that differs, with the blocks themselves: what severity is read off. */
export interface Difference {
  readonly kind: DiffEntry['kind'];
  readonly before?: Block;
  readonly after?: Block;
  readonly from: number | null;
  readonly to: number | null;
}

const foldPath = (path: readonly string[], renamed: ReadonlyMap<string, string>): string =>
  path
    .map((heading) => {
      const folded = heading.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
      return renamed.get(folded) ?? folded;
    })
    .join('\u0001');

/** Everything that differs, in the order of the new text; what was removed stands where it was. */
export const differences = (
  from: readonly Block[],
  to: readonly Block[],
): {
  readonly found: readonly Difference[];
  readonly unchanged: number;
  readonly twins: ReadonlyMap<number, number>;
} => {
  const found: Difference[] = [];
  const same: (readonly [number, number])[] = [];
  const twins = new Map<number, number>();
  const { pair } = pairing();
  for (const run of align(
    from.map(({ norm }) => norm),
    to.map(({ norm }) => norm),
  )) {
    const [fromStart, fromEnd] = run.from;
    const [toStart, toEnd] = run.to;
    if (run.same) {
      for (let offset = 0; offset < fromEnd - fromStart; offset += 1)
        same.push([fromStart + offset, toStart + offset]);
      continue;
    }
    const pairs = pair(from.slice(fromStart, fromEnd), to.slice(toStart, toEnd));
    let left = fromStart;
    let right = toStart;
    for (const [row, column] of [...pairs, [fromEnd - fromStart, toEnd - toStart] as const]) {
      for (; left < fromStart + row; left += 1)
        found.push({ kind: 'removed', before: from[left] as Block, from: left, to: null });
      for (; right < toStart + column; right += 1)
        found.push({ kind: 'added', after: to[right] as Block, from: null, to: right });
      if (left >= fromEnd || right >= toEnd) break;
      found.push({
        kind: 'changed',
        before: from[left] as Block,
        after: to[right] as Block,
        from: left,
        to: right,
      });
      twins.set(right, left);
      left += 1;
      right += 1;
    }
  }
  return { ...withMoves(found, same, from, to, twins), twins };
};

const withMoves = (
  found: readonly Difference[],
  same: readonly (readonly [number, number])[],
  from: readonly Block[],
  to: readonly Block[],
  twins: Map<number, number>,
): { found: readonly Difference[]; unchanged: number } => {
  const gone = new Map<string, Difference[]>();
  for (const one of found)
    if (one.kind === 'removed' && one.before !== undefined) {
      const list = gone.get(one.before.norm);
      if (list === undefined) gone.set(one.before.norm, [one]);
      else list.push(one);
    }
  const took = new Set<Difference>();
  const moved = found.map((one): Difference => {
    const old =
      one.kind === 'added' && one.after !== undefined ? gone.get(one.after.norm)?.shift() : undefined;
    if (old?.before === undefined || one.to === null || old.from === null) return one;
    took.add(old);
    twins.set(one.to, old.from);
    return { ...one, kind: 'moved', before: old.before, from: old.from };
  });
  const renamed = new Map<string, string>();
  for (const { kind, before, after } of found)
    if (kind === 'changed' && before?.kind === 'heading' && after?.kind === 'heading')
      renamed.set(foldPath([before.text], new Map()), foldPath([after.text], new Map()));
  const restructured: Difference[] = [];
  for (const [left, right] of same) {
    twins.set(right, left);
    const before = from[left] as Block;
    const after = to[right] as Block;
    if (before.kind !== after.kind || foldPath(before.path, renamed) !== foldPath(after.path, new Map()))
      restructured.push({ kind: 'restructured', before, after, from: left, to: right });
  }
  const kept = moved.filter((one) => !took.has(one));
  return {
    found: restructured.length === 0 ? kept : inOrder(kept, restructured),
    unchanged: same.length - restructured.length,
  };
};

/** Merges by place in the new text; both are in that order already. */
const inOrder = (left: readonly Difference[], right: readonly Difference[]): Difference[] => {
  const merged: Difference[] = [];
  let next = 0;
  for (const one of left) {
    while (one.to !== null && next < right.length && ((right[next] as Difference).to as number) < one.to)
      merged.push(right[next++] as Difference);
    merged.push(one);
  }
  return [...merged, ...right.slice(next)];
};
