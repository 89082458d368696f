import { keyOf, type World } from './world.ts';

/** One thing that can happen, and what it leads to. */
export interface Step {
  /** One sentence. */
  readonly say: string;
  readonly to: World;
  /** Part of the fair course: nobody crashes and nothing gets lost by it. */
  readonly fair: boolean;
}

/** An exploration: where it begins, what can happen, what must hold. */
export interface Exploration {
  readonly name: string;
  readonly tickMs: number;
  /** Whether the index of what is due plays a part. */
  readonly sweeps: boolean;
  readonly begin: World;
  readonly steps: (world: World) => Promise<readonly Step[]>;
  /** What a step breaks, in words, or undefined. */
  readonly broken: (from: World, step: Step) => string | undefined;
  /** Where an action is at its end. */
  readonly isEnd: (world: World) => boolean;
}

export interface Explored {
  readonly states: number;
  readonly steps: number;
  readonly ends: number;
  /** The shortest way to something that must not happen: one sentence a step, the last one says what broke. */
  readonly story: readonly string[] | undefined;
}

interface Node {
  readonly world: World;
  readonly parent: number;
  readonly say: string;
}

const storyTo = (nodes: readonly Node[], index: number): string[] => {
  const said: string[] = [];
  for (let at = index; at > 0; at = nodes[at]?.parent ?? 0) said.unshift(nodes[at]?.say ?? '');
  return said;
};

/** States from which no fair course leads to an end, the earliest first. */
const stuck = (count: number, back: ReadonlyMap<number, readonly number[]>, ends: readonly number[]) => {
  const good = new Set<number>(ends);
  const queue = [...ends];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const before of back.get(at) ?? []) {
      if (good.has(before)) continue;
      good.add(before);
      queue.push(before);
    }
  }
  for (let index = 0; index < count; index += 1) if (!good.has(index)) return index;
  return undefined;
};

/**
 * Breadth first, so that the first violation has the shortest story; then backwards from every end, so that a state
 * without a way out is found too.
 */
export const explore = async (it: Exploration, limit = Number.POSITIVE_INFINITY): Promise<Explored> => {
  const nodes: Node[] = [{ world: it.begin, parent: 0, say: '' }];
  const known = new Map<string, number>([[keyOf(it.begin, it.tickMs, it.sweeps), 0]]);
  const back = new Map<number, number[]>();
  const ends: number[] = [];
  let steps = 0;
  const explored = (story?: string[]): Explored => ({
    states: nodes.length,
    steps,
    ends: ends.length,
    story,
  });
  for (let index = 0; index < nodes.length && nodes.length < limit; index += 1) {
    const { world } = nodes[index] as Node;
    if (it.isEnd(world)) ends.push(index);
    for (const step of await it.steps(world)) {
      steps += 1;
      const broken = it.broken(world, step);
      if (broken !== undefined) return explored([...storyTo(nodes, index), step.say, broken]);
      const key = keyOf(step.to, it.tickMs, it.sweeps);
      let to = known.get(key);
      if (to === undefined) {
        to = nodes.length;
        known.set(key, to);
        nodes.push({ world: step.to, parent: index, say: step.say });
      }
      if (!step.fair || to === index) continue;
      const before = back.get(to);
      if (before === undefined) back.set(to, [index]);
      else before.push(index);
    }
  }
  if (nodes.length >= limit) throw new Error(`${it.name} has more than ${limit} states`);
  const dead = stuck(nodes.length, back, ends);
  return dead === undefined
    ? explored()
    : explored([...storyTo(nodes, dead), 'From here no fair course leads to an end.']);
};
