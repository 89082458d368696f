import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processIdentity } from './process-identity.ts';

interface LockHolder {
  readonly pid: number;
  readonly identity: string;
  readonly token: string;
}

const read = (file: string): LockHolder | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockHolder;
  } catch {
    return undefined;
  }
};

const lives = (holder: LockHolder | undefined): holder is LockHolder =>
  holder !== undefined && processIdentity(holder.pid) === holder.identity;

/** Somebody else works in this data folder. */
export class DataFolderInUseError extends Error {
  override readonly name = 'DataFolderInUseError';
}

/**
 * Takes the data folder for this process, so that two hosts never work on one set of tables. The lock of a process
 * that is gone is taken over. Answers the function that gives it back.
 * @throws DataFolderInUseError
 */
export const lockDataFolder = (dataDir: string): (() => void) => {
  const file = join(dataDir, 'host.lock');
  const mine: LockHolder = {
    pid: process.pid,
    identity: processIdentity(process.pid) ?? 'alive',
    token: randomUUID(),
  };
  const own = `${file}.${mine.token}`;
  writeFileSync(own, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      try {
        linkSync(own, file);
        return () => {
          if (read(file)?.token === mine.token) rmSync(file, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = read(file);
      if (lives(holder))
        throw new DataFolderInUseError(
          `Autopack already runs on ${dataDir} (process ${holder.pid}). Stop it first, or set AUTOPACK_DATA_DIR.`,
        );
      takeAway(file, holder, mine.token);
    }
    throw new DataFolderInUseError(
      `Could not take the lock of ${dataDir}; is another Autopack starting on it?`,
    );
  } finally {
    rmSync(own, { force: true });
  }
};

/** Removes exactly the stale lock that was read: another starter may have replaced it in between. */
const takeAway = (file: string, stale: LockHolder | undefined, token: string): void => {
  const aside = `${file}.stale.${token}`;
  try {
    renameSync(file, aside);
    if (read(aside)?.token !== stale?.token) linkSync(aside, file);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
};
