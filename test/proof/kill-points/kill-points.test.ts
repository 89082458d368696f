import { describe, expect, it } from 'vitest';
import { recordFigures } from '../figures.ts';
import { MODES, type Outcome, PATHS, walk } from './path.ts';

const CAME = [
  'ends as the clean run',
  'ends as the clean run, mails were sent again',
  'parked for a person: the outcome is unknown',
] as const;
type Came = (typeof CAME)[number];

const truth = ({ status, parked, effects }: Outcome): string => JSON.stringify([status, parked, effects]);

/** What a disturbed run came to beside the clean one; undefined where the two do not go together. */
const compare = (clean: Outcome, run: Outcome): Came | undefined => {
  if (run.faults.length > 0) return undefined;
  const inDoubt = run.status === 'OUTCOME_UNKNOWN' && run.parked && run.effects <= 1;
  if (truth(run) !== truth(clean)) return inDoubt ? CAME[2] : undefined;
  const once = (mails: readonly string[]): string => JSON.stringify([...new Set(mails)]);
  if (once(run.mails) !== once(clean.mails)) return undefined;
  return run.mails.length === clean.mails.length ? CAME[0] : CAME[1];
};

describe('a fault at every call of the whole path', () => {
  it('ends as the undisturbed run, or honestly in doubt, for every call and every fault', async () => {
    const figures: Record<string, unknown> = {};
    const problems: string[] = [];
    const lines: string[] = [];
    let pairs = 0;

    for (const [name, path] of Object.entries(PATHS)) {
      const clean = await walk(path);
      expect(clean.faults, name).toEqual([]);
      const counts: Record<string, number> = {};
      for (const [call, port] of clean.calls.entries()) {
        const ends: string[] = [];
        for (const mode of MODES) {
          const run = await walk(path, { call, mode });
          // Up to the fault the two runs are the same run.
          expect(run.calls.slice(0, call + 1)).toEqual(clean.calls.slice(0, call + 1));
          pairs += 1;
          const came = compare(clean, run);
          if (came === undefined) {
            const { calls: _calls, ...rest } = run;
            problems.push(`${name}, call ${call} (${port}), ${mode}: ${JSON.stringify(rest)}`);
          } else counts[came] = (counts[came] ?? 0) + 1;
          ends.push(came === undefined ? '?' : String(CAME.indexOf(came)));
        }
        lines.push(`  ${name} | ${call + 1} ${port} | ${ends.join('')}`);
      }
      figures[name] = { calls: clean.calls.length, ends: counts, result: clean.status };
    }
    console.log(`kill points: ${MODES.join(' | ')}\n${lines.join('\n')}\n${pairs} pairs`);
    expect(problems.slice(0, 25)).toEqual([]);
    expect(pairs).toBe(lines.length * MODES.length);
    recordFigures('kill-points', { modes: MODES, pairs, paths: figures });
  }, 300_000);
});
