import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordFigures } from '../proof/figures.ts';
import { openLocalPlace } from './local-place.ts';
import type { Place } from './place.ts';
import { CASES, runCase, strayDifferences } from './suite.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';

describe('the AWS behaviour that Autopack relies on, on the local host', () => {
  let place: Place;
  beforeAll(async () => {
    place = await openLocalPlace();
  });
  afterAll(async () => {
    await place.stop();
    const differences = (name: string): number =>
      KNOWN_DIFFERENCES.filter((one) => one.place === name).length;
    recordFigures('contract', {
      cases: CASES.length,
      knownDifferences: {
        'local host': differences('local host'),
        'DynamoDB Local': differences('DynamoDB Local'),
        MiniStack: differences('MiniStack'),
      },
    });
  });
  it.concurrent.for(CASES.map((one) => [one.id, one] as const))(
    '%s',
    { timeout: 120_000 },
    async ([, one]) => void (await runCase(one, place)),
  );
});

it('names only cases that exist as known differences, each case once', () => {
  expect(strayDifferences()).toEqual([]);
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
});
