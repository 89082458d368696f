import { DYNAMODB_CASES } from './cases/dynamodb.ts';
import { HTTP_API_CASES, SERVICE_CASES } from './cases/services.ts';
import { STEP_FUNCTIONS_CASES } from './cases/step-functions.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';
import type { Case, DataPlace } from './place.ts';

/** What a place with DynamoDB only is asked. */
export const DATA_CASES: readonly Case<DataPlace>[] = DYNAMODB_CASES;
/** What every whole place is asked. */
export const CASES: readonly Case[] = [
  ...DYNAMODB_CASES,
  ...STEP_FUNCTIONS_CASES,
  ...SERVICE_CASES,
  ...HTTP_API_CASES,
];

/**
 * Runs a case and holds the result against the known differences: an unknown difference throws, and so does a
 * known one that shows no more or shows otherwise.
 * @returns whether the place differs, as known
 */
export const runCase = async <In extends DataPlace>(
  { id, run }: Case<In>,
  place: In,
): Promise<'same' | 'differs'> => {
  const known = KNOWN_DIFFERENCES.find((one) => one.place === place.name && one.case === id);
  try {
    await run(place);
  } catch (error) {
    if (known === undefined) throw error;
    if (!known.observed.test(String(error)))
      throw new Error(`${place.name} differs otherwise than known: ${String(error)}`, { cause: error });
    return 'differs';
  }
  if (known !== undefined)
    throw new Error(`${place.name} does not differ any more: remove it from known-differences.ts`);
  return 'same';
};

/** Whether every known difference names a case that exists. */
export const strayDifferences = (): readonly string[] =>
  KNOWN_DIFFERENCES.filter((one) => !CASES.some(({ id }) => id === one.case)).map((one) => one.case);
