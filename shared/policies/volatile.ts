import { sha256 } from '../actions/canonical-json.ts';
import { epochMs, type Timestamp } from '../actions/identity.ts';
import { clip } from './class-reasons.ts';
import type { Block, PageContent, RemovedNoise } from './content.ts';
import { LEGAL_NUMBER, MONEY, holdsRule, PERCENT, PERIOD } from './lexicon.ts';
import { isDateLine } from './date-lines.ts';
import type { VolatileBlock } from './source-state.ts';

/** Changes after which a block is known to count something. */
const LEARNED_AFTER = 3;
/** A counter moves all the time; numbers that move less often than this are rules until proven otherwise. */
const LONGEST_GAP_MS = 14 * 86_400_000;
const MOST_LEARNED = 20;
/** More blocks than this that move at once are not a counter but a table. */
const MOST_BLOCKS_AT_ONCE = 5;

const has = (pattern: RegExp, text: string): boolean => new RegExp(pattern.source, 'u').test(text);
const masked = (text: string): string => text.replaceAll(/\p{N}[\p{N}.,:]*/gu, '#');
const skeletonOf = (block: Block): string =>
  sha256(
    `${block.kind}\n${block.path.map((heading) => masked(heading.toLowerCase())).join('\u0001')}\n${masked(block.norm)}`,
  );

/**
 * Digits of this block may ever be learned as noise: nothing in it is a rule, a price, a share, a period or a law. What
 * a row says depends on the heads of its columns, so it never may.
 */
export const mayBeVolatile = ({ kind, norm }: Pick<Block, 'kind' | 'norm'>): boolean =>
  kind !== 'row' &&
  !holdsRule(norm) &&
  ![MONEY, PERCENT, LEGAL_NUMBER, PERIOD].some((pattern) => has(pattern, norm)) &&
  // A number alone has no skeleton that would tell it from another number alone.
  /\p{L}{2}/u.test(norm) &&
  !isDateLine(norm);

export interface MovedDigits {
  readonly skeleton: string;
  readonly sample: string;
}

/**
 * The blocks in which digits differ, where nothing but digits differs between two readings and every such block may
 * be learned; null otherwise.
 */
export const movedDigits = (from: PageContent, to: PageContent): readonly MovedDigits[] | null => {
  if (from.blocks.length !== to.blocks.length) return null;
  const moved = new Map<string, string>();
  for (let index = 0; index < from.blocks.length; index += 1) {
    const before = from.blocks[index] as Block;
    const after = to.blocks[index] as Block;
    if (before.norm === after.norm && before.kind === after.kind) continue;
    const skeleton = skeletonOf(after);
    if (skeletonOf(before) !== skeleton || !mayBeVolatile(before) || !mayBeVolatile(after)) return null;
    moved.set(skeleton, clip(after.text, 160));
    if (moved.size > MOST_BLOCKS_AT_ONCE) return null;
  }
  return moved.size === 0 ? null : [...moved].map(([skeleton, sample]) => ({ skeleton, sample }));
};

/** Norms of the blocks with digits by their skeleton, in order. */
const numbered = (content: PageContent, but: ReadonlySet<string>): Map<string, Block[]> => {
  const found = new Map<string, Block[]>();
  for (const block of content.blocks) {
    if (but.has(block.norm) || !/\p{N}/u.test(block.norm) || !mayBeVolatile(block)) continue;
    const skeleton = skeletonOf(block);
    const blocks = found.get(skeleton);
    if (blocks === undefined) found.set(skeleton, [block]);
    else blocks.push(block);
  }
  return found;
};

/**
 * The blocks that may be learned and in which digits differ, whatever else differs between two readings: a counter
 * goes on counting while the rules around it change. A number may move in as many places as its skeleton stands.
 */
export const movedCounters = (from: PageContent, to: PageContent): readonly MovedDigits[] => {
  const norms = (content: PageContent) => new Set(content.blocks.map(({ norm }) => norm));
  const before = numbered(from, norms(to));
  if (before.size === 0) return [];
  const after = numbered(to, norms(from));
  const moved: MovedDigits[] = [];
  for (const [skeleton, blocks] of after) {
    const last = blocks.at(-1);
    if (last !== undefined && before.get(skeleton)?.length === blocks.length)
      moved.push({ skeleton, sample: clip(last.text, 160) });
  }
  return moved.length > MOST_BLOCKS_AT_ONCE ? [] : moved;
};

export const isLearned = (volatile: readonly VolatileBlock[], skeleton: string): boolean =>
  volatile.some((one) => one.skeleton === skeleton && one.changes >= LEARNED_AFTER);

/** Counts one change of the digits of each block. A run of a block ends where it stands still for too long. */
export const learn = (
  volatile: readonly VolatileBlock[],
  moved: readonly MovedDigits[],
  at: Timestamp,
): VolatileBlock[] => {
  if (moved.length === 0) return [...volatile];
  const next = new Map(volatile.map((one) => [one.skeleton, one]));
  for (const { skeleton, sample } of moved) {
    const before = next.get(skeleton);
    const goesOn =
      before !== undefined &&
      (before.changes >= LEARNED_AFTER || epochMs(at) - epochMs(before.lastAt) <= LONGEST_GAP_MS);
    next.set(skeleton, {
      skeleton,
      sample,
      changes: goesOn ? Math.min(before.changes + 1, 1_000_000) : 1,
      lastAt: at,
    });
  }
  // What is learned stays longest.
  const rank = ({ changes, lastAt }: VolatileBlock): string =>
    `${changes >= LEARNED_AFTER ? 1 : 0} ${lastAt}`;
  return [...next.values()]
    .toSorted((left, right) => (rank(left) < rank(right) ? -1 : rank(left) > rank(right) ? 1 : 0))
    .slice(-MOST_LEARNED);
};

/** For the removed-noise log of the observation. */
export const volatileNoise = (moved: readonly MovedDigits[]): RemovedNoise[] =>
  moved.map(({ skeleton, sample }) => ({
    rule: `volatile number ${skeleton.slice(0, 12)}`,
    count: 1,
    sample,
  }));
