/**
 * Explores mutated copies of the production code, one after the other, in a process of its own: the copies are
 * loaded by Node itself, each from its own folder. Arguments: the indices of the mutants. Prints one line of JSON each.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { applyEdits, type Edit } from '../mutants/edit.ts';
import type { Exploration, Explored } from './explore.ts';
import { MUTANTS, SEND_AGAIN_FROM_DOUBT, type Where } from './mutants.ts';

const root = new URL('../../..', import.meta.url).pathname;
const NEEDED = [
  'shared',
  'functions',
  'package.json',
  'test/actions/rows.ts',
  'test/proof/explorer',
  'test/proof/mutants/edit.ts',
];

const copyOf = (edits: readonly Edit[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'autopack-mutant-'));
  mkdirSync(join(folder, 'test/actions'), { recursive: true });
  for (const part of NEEDED) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  applyEdits(folder, edits);
  return folder;
};

const exploreIn = async (folder: string, where: Where): Promise<Explored> => {
  const load = async <T>(file: string): Promise<T> =>
    (await import(pathToFileURL(join(folder, 'test/proof/explorer', file)).href)) as T;
  const { explore } = await load<{ explore: (it: Exploration) => Promise<Explored> }>('explore.ts');
  const { dispatch } = await load<typeof import('./explorations.ts')>('explorations.ts');
  const { approving, bytes, start } = await load<typeof import('./path.ts')>('path.ts');
  switch (where.kind) {
    case 'dispatch': {
      const { recoveryClass, workers, attempts } = where;
      return explore(dispatch(recoveryClass as 'keyed', { workers, attempts, losesReplies: false }));
    }
    case 'start':
      return explore(start());
    case 'approving':
      return explore(approving(where.workers));
    case 'bytes':
      return explore(bytes());
  }
};

for (const argument of process.argv.slice(2)) {
  const index = Number(argument);
  // −1 is the legal variation that one mutant builds on: alone, it breaks nothing.
  const edits = index < 0 ? [SEND_AGAIN_FROM_DOUBT] : (MUTANTS[index]?.edits ?? []);
  const where: Where = MUTANTS[index]?.where ?? {
    kind: 'dispatch',
    recoveryClass: 'keyed',
    workers: 1,
    attempts: 2,
  };
  const folder = copyOf(edits);
  try {
    const explored = await exploreIn(folder, where);
    process.stdout.write(`${JSON.stringify({ index, ...explored })}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
