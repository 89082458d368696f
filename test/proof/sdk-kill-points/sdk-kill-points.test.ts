import { describe, expect, it } from 'vitest';
import { recordFigures } from '../figures.ts';
import { sweep } from './share-out.ts';
import { ENDS, type EndName, type Pair, type Share, type Swept } from './sweep.ts';
import { FAULTS } from './walk.ts';

const LONG = process.env['AUTOPACK_PROOF'] === 'long';

const WORDS: Readonly<Record<EndName, string>> = { same: 'ok', mailed: 'mail', unknown: 'unknown' };
const NAMES = Object.keys(WORDS) as EndName[];

const problemsOf = ({ pairs }: Swept): string[] =>
  pairs.flatMap(({ path, call, name, fault, problem }) =>
    problem === undefined ? [] : [`${path}, request ${call + 1} (${name}), ${fault}: ${problem}`],
  );

/** Where the provider can be asked, only its lasting silence leaves a doubt. */
const needlessDoubtsOf = ({ pairs, clean }: Swept): string[] =>
  pairs.flatMap(({ path, name, fault, end }) =>
    end !== 'unknown' ||
    path.startsWith('API that cannot be asked') ||
    (name.includes('provider:') && fault === 'every reply lost')
      ? []
      : [`${path} (${clean[path]?.status}), ${name}, ${fault}`],
  );

/** What came of one fault at one kind of request, over all its places. */
const wordsOf = (pairs: readonly Pair[]): string =>
  NAMES.filter((name) => pairs.some(({ end }) => end === name))
    .map((name) => WORDS[name])
    .join(', ');

const functionOf = (name: string): string => name.split(': ')[0] ?? '';

/** One row for each function and request, in the order in which the paths come to them. */
const rowsOf = ({ pairs }: Swept) => {
  const inOrder = pairs.toSorted((a, b) => a.call - b.call);
  const functions = [...new Set(inOrder.map(({ name }) => functionOf(name)))];
  const byName = Map.groupBy(
    inOrder.toSorted((a, b) => functions.indexOf(functionOf(a.name)) - functions.indexOf(functionOf(b.name))),
    ({ name }) => name,
  );
  return [...byName].map(([call, mine]) => ({
    call,
    pairs: mine.length,
    ends: Object.fromEntries(
      FAULTS.map((fault) => [fault, wordsOf(mine.filter((pair) => pair.fault === fault))] as const).filter(
        ([, words]) => words !== '',
      ),
    ),
  }));
};

const print = (swept: Swept): void =>
  console.log(
    [
      `requests disturbed: ${FAULTS.join(' | ')}`,
      ...rowsOf(swept).map(
        ({ call, ends }) => `  ${call} | ${FAULTS.map((fault) => ends[fault] ?? '–').join(' | ')}`,
      ),
      `${swept.pairs.length} pairs`,
    ].join('\n'),
  );

const figuresOf = (swept: Swept) => ({
  faults: FAULTS,
  pairs: swept.pairs.length,
  ends: Object.fromEntries(
    NAMES.map((name) => [ENDS[name], swept.pairs.filter(({ end }) => end === name).length]),
  ),
  paths: Object.entries(swept.clean).map(([path, { calls, own, status }]) => ({
    path,
    calls: calls.length,
    swept: calls.length - own,
    pairs: swept.pairs.filter((pair) => pair.path === path).length,
    end: status,
  })),
  calls: rowsOf(swept),
});

/** How many pairs there have to be: every swept request and every fault that can be told from another there. */
const expectedPairs = ({ clean }: Swept, faults: readonly string[]): number =>
  Object.values(clean)
    .flatMap(({ calls, own }) => calls.slice(own))
    .reduce(
      (sum, name) =>
        sum +
        faults.filter(
          (fault) =>
            !(
              ['propose', 'decide', 'cancel', 'sweep'].includes(functionOf(name)) &&
              fault.endsWith('reported')
            ),
        ).length,
      0,
    );

/** In `npm test` the approved path with the two cruellest faults; the long run leaves nothing out. */
const WHAT: Omit<Share, 'index' | 'of'> = LONG
  ? {}
  : { paths: ['approved, success'], faults: ['crash after, silent', 'lands past the lease'] };

describe('a fault at every request of the AWS SDK and to the provider', () => {
  it(`ends as the undisturbed run, or honestly in doubt: ${LONG ? 'every path and fault' : 'the approved path, the two cruellest faults'}`, async () => {
    const swept = await sweep(WHAT);
    print(swept);
    expect(problemsOf(swept).slice(0, 25)).toEqual([]);
    expect(needlessDoubtsOf(swept)).toEqual([]);
    expect(swept.pairs).toHaveLength(expectedPairs(swept, WHAT.faults ?? FAULTS));
    const functions = new Set(swept.pairs.map(({ name }) => functionOf(name)));
    for (const name of ['propose', 'render', 'gates', 'request approval', 'decide', 'execute'])
      expect(functions).toContain(name);
    if (!LONG) return;
    recordFigures('sdk-kill-points', figuresOf(swept));
  }, 900_000);

  it('is seen to fail where the ledger writes without its conditions', async () => {
    const swept = await sweep(
      {
        paths: ['approved, success'],
        faults: ['lands past the lease'],
        only: 'execute: dynamodb:PutItem actions',
        withoutConditions: true,
      },
      1,
    );
    expect(problemsOf(swept).length).toBeGreaterThan(0);
  });
});
