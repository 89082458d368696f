import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Action } from '#shared/actions/action.ts';
import { readAction } from '#shared/actions/ledger.aws.ts';
import { ACTION_INDEXES, realTables } from '../../support/real-tables.ts';
import type { ClaimantSetup, KeyReport } from './claimant.ts';

export interface KeyRace extends KeyReport {
  /** The row as it is in the end. */
  readonly row: Action;
}

const next = (child: ChildProcess): Promise<readonly KeyReport[]> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`a process of the race ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (reports) => {
      child.off('exit', ended);
      resolve(reports as readonly KeyReport[]);
    });
  });

/** Races `claimants` in `processes` real processes for every key on the real engine; hands over each key's race. */
export const raceForKeys = async (
  options: {
    readonly processes: number;
    readonly claimants: number;
    readonly keys: number;
    readonly mutant?: boolean;
  },
  onKey: (race: KeyRace) => void,
): Promise<void> => {
  const tables = await realTables({ actions: ACTION_INDEXES });
  const address = await tables.client.config.endpoint?.();
  if (address === undefined) throw new Error('the engine has no address');
  const share = options.claimants / options.processes;
  const children = Array.from({ length: options.processes }, (_, index) => {
    const setup: ClaimantSetup = {
      endpoint: `http://${address.hostname}:${address.port}`,
      first: index * share,
      claimants: share,
      mutant: options.mutant ?? false,
    };
    return fork(fileURLToPath(new URL('claimant.ts', import.meta.url)), [JSON.stringify(setup)], {
      execArgv: [],
    });
  });
  try {
    const read = readAction(tables.db, 'actions');
    const all = Array.from({ length: options.keys }, (_, index) => `race-${index}`);
    for (let start = 0; start < all.length; start += 4) {
      const keys = all.slice(start, start + 4);
      const answers = children.map(next);
      for (const child of children) child.send(keys);
      const reports = (await Promise.all(answers)).flat();
      for (const key of keys) {
        const row = await read({ project: 'demo', key });
        if (row === undefined) throw new Error(`${key} is gone`);
        const mine = reports.filter((report) => report.key === key);
        onKey({
          key,
          row,
          operations: mine.flatMap(({ operations }) => operations),
          reserved: mine.flatMap(({ reserved }) => reserved),
          claimed: mine.flatMap(({ claimed }) => claimed),
          gone: mine.flatMap(({ gone }) => gone),
        });
      }
    }
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
    await tables.stop();
  }
};
