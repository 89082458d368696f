import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
/** What makes a result depend on the machine or the moment, and how to do without. */
const CHANCE: readonly (readonly [RegExp, string])[] = [
  [/performance\.now|cpuUsage|hrtime/, 'times are measured by `npm run bench`; see test/support/bounded.ts'],
  [/AbortSignal\.timeout/, 'give up on a condition, see test/support/patience.ts'],
  [/seed: [\d_]+|Date\.now\(\) %|['"]AUTOPACK_PROOF_SEED/, 'the seed of a run is in test/support/seed.ts'],
];
const ALLOWED = ['test/house/steady.test.ts', 'test/support/seed.test.ts'];

it('no test asserts a time or brings a seed of its own', () => {
  const found = globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => !ALLOWED.includes(file))
    .flatMap((file) => {
      const text = readFileSync(`${root}/${file}`, 'utf8');
      return CHANCE.filter(([sign]) => sign.test(text)).map(([, instead]) => `${file}: ${instead}`);
    });
  expect(found).toEqual([]);
});
