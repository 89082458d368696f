import { expect, it } from 'vitest';
import { historyFault } from '#shared/actions/history.ts';
import { recordFigures } from '../figures.ts';
import { ledgerModel } from './ledger-model.ts';
import { checkHistory } from './linearizable.ts';
import { type KeyRace, raceForKeys } from './race.ts';

const LONG = process.env['AUTOPACK_PROOF'] === 'long';
const SIZE = { processes: 4, claimants: 64, keys: LONG ? 1000 : 16 };

/** Whoever was told that the claim is theirs, and whoever the row names: they have to be the same one. */
const winnersOf = ({ claimed, row }: KeyRace): ReadonlySet<string> =>
  new Set([...claimed, ...(row.ownerToken === undefined ? [] : [row.ownerToken])]);

const faultsOf = (race: KeyRace): string[] => {
  const tookPart = new Set(race.operations.map(({ client }) => client)).size;
  const [winner = 'nobody', ...others] = winnersOf(race);
  const untold =
    race.claimed.length === 0 &&
    !race.operations.some(
      ({ client, input, answer }) =>
        client === winner &&
        input.kind === 'apply' &&
        input.to.status === 'EXECUTING' &&
        answer === undefined,
    );
  const verdict = checkHistory(race.operations, ledgerModel);
  const chain = historyFault(race.row);
  return [
    ...(tookPart === SIZE.claimants ? [] : [`${tookPart} took part`]),
    ...(others.length === 0 && winner !== 'nobody' ? [] : [`winners: ${winner} ${others.join(' ')}`]),
    ...(untold ? ['the winner was not told although no reply of its claim was lost'] : []),
    ...(race.reserved.length > 1 ? [`${race.reserved.length} reservations`] : []),
    ...(race.row.attempts === 1 ? [] : [`${race.row.attempts} attempts`]),
    ...(chain === undefined ? [] : [chain]),
    ...(verdict.kind === 'linearizable' ? [] : [`not linearizable after ${verdict.order.length} operations`]),
  ];
};

it(
  `${SIZE.claimants} claimants in ${SIZE.processes} processes go for each of ${SIZE.keys} keys: one winner each, and each history is linearizable (EXT-11)`,
  { timeout: LONG ? 1_200_000 : 300_000 },
  async () => {
    const faults: Record<string, string[]> = {};
    let [winners, checked] = [0, 0];
    let operations = 0;
    let lost = 0;
    await raceForKeys(SIZE, (race) => {
      const found = faultsOf(race);
      if (found.length > 0) faults[race.key] = found;
      winners += winnersOf(race).size;
      checked += 1;
      operations += race.operations.length;
      lost += race.operations.filter(({ answer }) => answer === undefined).length;
    });
    expect(faults).toEqual({});
    expect(winners).toBe(SIZE.keys);
    expect(lost).toBeGreaterThan(SIZE.keys);
    expect(operations).toBeGreaterThan(SIZE.claimants * SIZE.keys);
    recordFigures(LONG ? 'races-long' : 'races', {
      processes: SIZE.processes,
      claimantsPerKey: SIZE.claimants,
      keys: SIZE.keys,
      winners,
      historiesLinearizable: checked - Object.keys(faults).length,
      violations: Object.keys(faults).length,
    });
  },
);

it('the same race without the conditions of the writes is found out on every key', async () => {
  const verdicts: string[] = [];
  await raceForKeys({ processes: 2, claimants: 16, keys: 4, mutant: true }, (race) => {
    verdicts.push(checkHistory(race.operations, ledgerModel).kind);
    expect(race.claimed.length).toBeGreaterThan(1);
  });
  expect(verdicts).toEqual(['violation', 'violation', 'violation', 'violation']);
});
