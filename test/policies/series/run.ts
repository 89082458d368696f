import { replay } from '#shared/policies/replay.ts';
import type { ReplayLine } from '#shared/policies/replay-line.ts';
import { PolicySource } from '#shared/policies/source.ts';
import type { BasePage } from './bases.ts';
import { capturesOf, countOf, type SeriesCase, START } from './series.ts';

/** What went wrong with a case on a base; nothing where all is well. */
export interface Score {
  readonly captures: number;
  readonly missed: readonly string[];
  readonly falseAlerts: readonly string[];
  readonly trusted: readonly string[];
  readonly other: readonly string[];
}

const short = (line: ReplayLine | undefined, i: number): string =>
  `#${i} ${line?.class ?? 'nothing'} [${line?.reasons.join(' ') ?? ''}]`;

export const linesOf = async (series: SeriesCase, base: BasePage): Promise<ReplayLine[]> => {
  const lines: ReplayLine[] = [];
  const source = PolicySource.parse(base.source);
  for await (const line of replay(capturesOf(series, base), { source, startAt: START })) lines.push(line);
  return lines;
};

/** Replays a case on a base and compares every line with what has to be there. */
export const score = async (series: SeriesCase, base: BasePage): Promise<Score> => {
  const lines = await linesOf(series, base);
  const indices = Array.from({ length: countOf(series) }, (_, i) => i);
  const alerts = new Set(series.alerts ?? []);
  const broken = new Set(series.broken ?? []);
  const reasons = typeof series.reason === 'string' ? [series.reason] : series.reason;
  return {
    captures: lines.length,
    missed: indices.filter((i) => alerts.has(i) && lines[i]?.alert !== true).map((i) => short(lines[i], i)),
    falseAlerts: indices
      .filter((i) => !alerts.has(i) && lines[i]?.alert === true)
      .map((i) => short(lines[i], i)),
    trusted: indices
      .filter((i) => broken.has(i) && (lines[i]?.class !== 'unusable' || lines[i].verified))
      .map((i) => short(lines[i], i)),
    other: [
      ...(lines.length === countOf(series) ? [] : [`${lines.length} lines`]),
      ...indices
        .filter(
          (i) =>
            !broken.has(i) && lines[i]?.class === 'unusable' && !alerts.has(i) && series.kind !== 'change',
        )
        .map((i) => `refused ${short(lines[i], i)}`),
      ...indices
        .filter(
          (i) =>
            broken.has(i) && reasons !== undefined && !reasons.some((one) => one === lines[i]?.reasons[0]),
        )
        .map((i) => `reason ${short(lines[i], i)}`),
      ...indices
        .filter((i) => alerts.has(i) && series.class !== undefined && lines[i]?.class !== series.class)
        .map((i) => `class ${short(lines[i], i)}`),
    ],
  };
};
