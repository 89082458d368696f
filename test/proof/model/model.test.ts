import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SEED, SEED } from '../../support/seed.ts';
import { recordFigures } from '../figures.ts';
import { keys, story } from './commands.ts';
import { fairEnd, faultsOf, goAhead } from './ending.ts';
import { ANSWERS, type Answer } from './provider.ts';
import { type World, world, type WorldOptions } from './world.ts';

const CLASSES = ['keyed', 'upsert', 'lookup', 'none'] as const;
const LONG = process.env['AUTOPACK_PROOF'] === 'long';
const RUNS = Number(process.env['AUTOPACK_PROOF_RUNS'] ?? (LONG ? 1_000_000 : 5_000));

interface Beginning {
  readonly recoveryClass: WorldOptions['recoveryClass'];
  /** People approve what waits at the end; otherwise it expires. */
  readonly peopleApprove: boolean;
  /** How far the first action is before the story begins. */
  readonly ahead: number;
  /** What the provider does with the first requests. */
  readonly answers: readonly Answer[];
}
type Commands = Iterable<fc.AsyncCommand<object, World>>;

/** Runs one story to its fair end. */
const tell = async (commands: Commands, begin: Beginning, options: Partial<WorldOptions>): Promise<World> => {
  const real = world({ recoveryClass: begin.recoveryClass, ...options });
  real.state.answers.push(...begin.answers);
  await goAhead(real, 'order-1', begin.ahead);
  await fc.asyncModelRun(() => ({ model: {}, real }), commands);
  const ended = await fairEnd(real, keys, begin);
  const faults = await faultsOf(real, keys);
  if (!ended && faults.length === 0)
    faults.push(`it does not come to an end: ${keys.map((key) => real.row(key)?.status).join(', ')}`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return real;
};

const beginning = fc.record<Beginning>({
  recoveryClass: fc.constantFrom(...CLASSES),
  peopleApprove: fc.boolean(),
  ahead: fc.nat(60),
  answers: fc.array(fc.constantFrom(...ANSWERS), { maxLength: 3 }),
});
const stories = (options: Partial<WorldOptions>, seen: (world: World) => void) =>
  fc.asyncProperty(story(40), beginning, async (commands, begin) =>
    seen(await tell(commands, begin, options)),
  );

describe('the use cases under any interleaving and any fault', () => {
  it(
    `hold what they promise in ${RUNS} stories (EXT-11)`,
    async () => {
      const ends: Record<string, number> = {};
      const moves: Record<string, number> = {};
      let invocations = 0;
      let runs = 0;
      await fc.assert(
        stories({}, (real) => {
          runs += 1;
          invocations += real.state.invocations;
          for (const move of real.store.moves) moves[move] = (moves[move] ?? 0) + 1;
          for (const key of keys) {
            const status = real.row(key)?.status;
            if (status !== undefined) ends[status] = (ends[status] ?? 0) + 1;
          }
        }),
        { numRuns: RUNS },
      );
      expect(runs).toBeGreaterThanOrEqual(RUNS);
      if (RUNS === 5_000 && SEED === DEFAULT_SEED)
        recordFigures('model', { runs, seed: SEED, invocations, ends, moves });
    },
    LONG ? 36_000_000 : 300_000,
  );

  /** A suite that cannot fail proves nothing: each of these takes away one thing that the promises rest on. */
  const broken: readonly (readonly [string, Partial<WorldOptions>, RegExp])[] = [
    ['the ledger writes without its condition', { broken: 'ledger condition' }, /terminal|effects|version/],
    [
      'the approval is written without its condition',
      { broken: 'approval condition' },
      /the vote|acknowledged/,
    ],
    ['a request lands later than the settle window allows', { landsTooLateByMs: 20_000 }, /effects/],
  ];
  it.each(broken)('tells a readable story where %s', async (_what, options, finds) => {
    const details = await fc.check(
      stories(options, () => undefined),
      { numRuns: 3_000 },
    );
    expect(details.failed).toBe(true);
    const report = fc.defaultReportMessage(details) ?? '';
    expect(String(details.errorInstance)).toMatch(finds);
    expect(report).toMatch(/\n {2}\S.*(order-1|ledger|approvals|s go by)|does it late/);
    console.log(`model: ${_what}\n${report.slice(0, 2_000)}\n${String(details.errorInstance)}`);
  });
});
