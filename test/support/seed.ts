/** The seed of a run that does not say another. */
export const DEFAULT_SEED = 20_261_121;

/**
 * The seed that is asked for.
 * @param asked what `AUTOPACK_PROOF_SEED` says: nothing, a whole number of 32 bits, or `random`.
 * @param draw a number from 0 to below 1, for `random`.
 * @throws RangeError where it is something else: a misspelt seed must not pass for the fixed one.
 */
export const seedFrom = (asked: string | undefined, draw: () => number): number => {
  if (asked === undefined || asked === '') return DEFAULT_SEED;
  if (asked === 'random') return Math.floor(draw() * 2 ** 31);
  const seed = Number(asked);
  if (!/^-?\d+$/.test(asked) || (seed | 0) !== seed)
    throw new RangeError(`AUTOPACK_PROOF_SEED is a whole number of 32 bits or "random", not "${asked}"`);
  return seed;
};

/** The seed of this run; `test/vitest.config.ts` has made `random` a number that all files share. */
export const SEED = seedFrom(process.env['AUTOPACK_PROOF_SEED'], Math.random);

/** Small and seeded, so that a failing run can be repeated: numbers from 0 to below 1. */
export const randomFrom = (seed: number) => (): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};
