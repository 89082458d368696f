import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkedInFigures, recordFigures } from '../figures.ts';
import type { Explored } from './explore.ts';
import { MUTANTS } from './mutants.ts';

const script = new URL('run-mutants.ts', import.meta.url).pathname;
const run = promisify(execFile);

const exploreMutants = async (indices: readonly number[]): Promise<(Explored & { index: number })[]> => {
  const { stdout } = await run(process.execPath, [script, ...indices.map(String)], { maxBuffer: 1e8 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Explored & { index: number });
};

describe('a rule taken away from production code (DESIGN §2)', () => {
  const found = new Map<number, Explored>();

  beforeAll(async () => {
    const all = [-1, ...MUTANTS.keys()];
    const lanes = availableParallelism() > 1 ? 2 : 1;
    const parts = Array.from({ length: lanes }, (_, lane) => all.filter((_each, at) => at % lanes === lane));
    for (const part of await Promise.all(parts.map(exploreMutants)))
      for (const { index, ...explored } of part) found.set(index, explored);
  }, 300_000);

  it.each(MUTANTS.map(({ name, rule }, index) => [rule, name, index] as const))(
    '%s. %s: caught',
    (_rule, _name, index) => {
      expect(found.get(index)?.story?.length).toBeGreaterThan(1);
    },
  );

  it('sending again from doubt with the same key, while refusals are not believed, breaks nothing', () => {
    expect(found.get(-1)?.story).toBeUndefined();
  });

  it('names each of the ten rules', () => {
    const rules = new Set(MUTANTS.flatMap(({ rule }) => /^Rule \d+/.exec(rule) ?? []));
    expect([...rules].toSorted()).toEqual(Array.from({ length: 10 }, (_, at) => `Rule ${at + 1}`).toSorted());
  });

  it('tells the shortest story of each, as it stands in stories.txt and on the proof page', async () => {
    const stories = MUTANTS.map(({ name, rule }, index) =>
      [
        `${name} (${rule})`,
        ...(found.get(index)?.story ?? []).map((line, at) => `  ${String(at + 1).padStart(2)}. ${line}`),
      ].join('\n'),
    );
    await expect(`${stories.join('\n\n')}\n`).toMatchFileSnapshot('./stories.txt');
    const figures = {
      mutants: MUTANTS.length,
      caught: MUTANTS.filter((_each, index) => found.get(index)?.story !== undefined).length,
      stories: MUTANTS.map(({ name, rule }, index) => ({
        name,
        rule,
        steps: found.get(index)?.story?.length ?? 0,
      })),
    };
    recordFigures('explorer-mutants', figures);
    expect(checkedInFigures().suites['explorer-mutants']).toEqual(figures);
  });
});
