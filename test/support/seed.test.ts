import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEFAULT_SEED, randomFrom, SEED, seedFrom } from './seed.ts';

it('is fixed where nothing is said, what is said where it is a number, and drawn once for "random"', () => {
  expect(seedFrom(undefined, () => 0.5)).toBe(DEFAULT_SEED);
  expect(seedFrom('', () => 0.5)).toBe(DEFAULT_SEED);
  expect(seedFrom('7', () => 0.5)).toBe(7);
  expect(seedFrom('-7', () => 0.5)).toBe(-7);
  expect(seedFrom('random', () => 0.5)).toBe(2 ** 30);
});

it.each(['ramdom', '1.5', '1e3', '0x10', '4294967296', ' 7'])('refuses %j', (asked) => {
  expect(() => seedFrom(asked, () => 0.5)).toThrow(RangeError);
});

it('is the seed of every property, here and in each worker', () => {
  expect(fc.readConfigureGlobal().seed).toBe(SEED);
  expect(process.env['AUTOPACK_PROOF_SEED']).toBe(String(SEED));
  const { seed } = fc.check(fc.property(fc.nat(), () => true));
  expect(seed).toBe(SEED);
});

it('draws the same numbers again', () => {
  const draw = (seed: number): number[] => Array.from({ length: 5 }, randomFrom(seed));
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(Math.max(...draw(1))).toBeLessThan(1);
});
