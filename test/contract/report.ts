import type { Case, DataPlace } from './place.ts';
import { runCase } from './suite.ts';

/**
 * Runs cases on a place one after the other and says each result in a line.
 * @returns the ids of the cases that differ in a way that is not known
 */
export const reportContract = async <In extends DataPlace>(
  cases: readonly Case<In>[],
  place: In,
  say: (line: string) => void,
): Promise<readonly string[]> => {
  const unknown: string[] = [];
  let differs = 0;
  for (const one of cases)
    try {
      if ((await runCase(one, place)) === 'differs') {
        differs += 1;
        say(`  differs as known: ${one.id}`);
      }
    } catch (error) {
      unknown.push(one.id);
      say(`  UNKNOWN DIFFERENCE: ${one.id}\n    ${String(error).split('\n').slice(0, 12).join('\n    ')}`);
    }
  say(
    `CONTRACT on ${place.name}: ${cases.length - differs - unknown.length} of ${cases.length} cases as on AWS, ${differs} known differences, ${unknown.length} unknown`,
  );
  return unknown;
};
