import { describe, expect, it } from 'vitest';
import { BASES } from './series/bases.ts';
import { BROKEN } from './series/broken.ts';
import { CHANGES } from './series/changes.ts';
import { NOISE, UNSTEADY } from './series/noise.ts';
import { score } from './series/run.ts';
import { applies, type SeriesCase } from './series/series.ts';

const CLEAN = { missed: [], falseAlerts: [], trusted: [], other: [] };

const pairs = (cases: readonly SeriesCase[]) =>
  cases.flatMap((series) =>
    BASES.filter((base) => series.name === 'nothing at all' || applies(series, base)).map(
      (base) => [series.name, base.name, series, base] as const,
    ),
  );

describe('the scorecard: no change missed, no noise alerted, nothing broken trusted', () => {
  it('has every case on at least one kind of page, under a name of its own', () => {
    const all = [...NOISE, ...UNSTEADY, ...BROKEN, ...CHANGES];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    const used = new Set(pairs(all).map(([name]) => name));
    expect(all.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
    expect(pairs(all).length).toBeGreaterThan(300);
  });

  it.each(pairs(NOISE))('noise is not told: %s, %s', async (_case, _base, series, base) => {
    expect(await score(series, base)).toMatchObject({ ...CLEAN, captures: series.count ?? 14 });
  });

  it.each(pairs(UNSTEADY))(
    'unsteady pages are told of at most once: %s, %s',
    async (_case, _base, series, base) => {
      expect(await score(series, base)).toMatchObject({ ...CLEAN });
    },
  );

  it.each(pairs(BROKEN))('a broken capture is unusable: %s, %s', async (_case, _base, series, base) => {
    expect(await score(series, base)).toMatchObject(CLEAN);
  });

  it.each(pairs(CHANGES))('a real change is told: %s, %s', async (_case, _base, series, base) => {
    expect(await score(series, base)).toMatchObject(CLEAN);
  });
});
