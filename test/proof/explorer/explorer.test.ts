import { env } from 'node:process';
import { describe, expect, it } from 'vitest';
import { checkedInFigures, recordFigures } from '../figures.ts';
import { dispatch, type Size } from './explorations.ts';
import { type Exploration, explore } from './explore.ts';
import { approving, bytes, start } from './path.ts';
import type { RecoveryClass } from './settings.ts';

/** `AUTOPACK_PROOF=long` follows three attempts and lost replies everywhere. */
const long = env['AUTOPACK_PROOF'] === 'long';

const size = (workers: number, attempts: number, losesReplies: boolean): Size => ({
  workers,
  attempts,
  losesReplies,
});

const SHORT: readonly (readonly [RecoveryClass, Size])[] = [
  ['keyed', size(2, 2, false)],
  ['keyed', size(2, 1, true)],
  ['keyed', size(1, 3, true)],
  ['upsert', size(2, 1, true)],
  ['upsert', size(1, 3, true)],
  ['resumable', size(2, 1, true)],
  ['resumable', size(1, 3, true)],
  ['lookup', size(2, 1, true)],
  ['lookup', size(1, 3, true)],
  ['none', size(2, 1, false)],
  ['none', size(1, 3, true)],
];
const CLASSES: readonly RecoveryClass[] = ['keyed', 'upsert', 'resumable', 'lookup', 'none'];
const LONG = CLASSES.flatMap((one) => [
  [one, size(2, 3, true)] as const,
  ...(one === 'none' ? [] : [[one, size(3, 1, false)] as const]),
]);

const sizeText = ({ workers, attempts, losesReplies }: Size): string =>
  `${workers} at once, ${attempts} attempt${attempts === 1 ? '' : 's'}, replies ${losesReplies ? '' : 'not '}lost`;

const ALL: readonly (readonly [string, () => Exploration])[] = [
  ...(long ? LONG : SHORT).map(
    ([one, its]) => [`dispatch, ${one}; ${sizeText(its)}`, () => dispatch(one, its)] as const,
  ),
  ['start, abort and sweep', start],
  ['approval asked for again and again, one call at a time', () => approving(1)],
  ['approval voted on, withdrawn, closed and executed, two calls at once', () => approving(2)],
  ['stored request changed after the vote', bytes],
];

const seen: { name: string; states: number; steps: number }[] = [];

describe('every course of the production use cases, breadth first (EXT-11)', () => {
  it.each(ALL)(
    '%s: nothing happens twice, no end is false, every state has a way out',
    async (name, make) => {
      const { states, steps, ends, story } = await explore(make());
      expect(story?.map((line, index) => `${index + 1}. ${line}`).join('\n')).toBeUndefined();
      expect(ends).toBeGreaterThan(0);
      seen.push({ name, states, steps });
    },
    long ? 3_600_000 : 60_000,
  );

  it('is more than ten thousand states in all', () => {
    expect(seen.reduce((sum, one) => sum + one.states, 0)).toBeGreaterThan(10_000);
  });

  it('counts what the proof page says; else: npm exec -- node test/proof/page.ts --write explorer', () => {
    if (long || seen.length !== ALL.length) return;
    const figures = {
      states: seen.reduce((sum, one) => sum + one.states, 0),
      steps: seen.reduce((sum, one) => sum + one.steps, 0),
      violations: 0,
      explorations: seen,
    };
    recordFigures('explorer', figures);
    expect(checkedInFigures().suites['explorer']).toEqual(figures);
  });
});
