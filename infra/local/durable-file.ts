import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type * as z from 'zod';

const syncFolder = async (folder: string): Promise<void> => {
  // Windows cannot open a folder; there the rename itself is journalled.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Replaces a file so that after a crash either the old or the new content is there, whole. Once the promise
 * resolves the new content survives `kill -9`. The folder must exist.
 */
export const writeDurably = async (
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number } = {},
): Promise<void> => {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', options.mode ?? 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
};

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

export interface DurableState<State> {
  /** What was last written; never a half-made change. */
  read(): State;
  /**
   * Runs `change` on a copy, writes the copy, then makes it the state. Changes are one after the other; one that
   * throws leaves everything as it was.
   */
  update<Result>(change: (draft: State) => Result): Promise<Result>;
}

/**
 * One JSON document on disk that a single process owns.
 * @throws Error where the file is there but does not fit: it is never silently replaced.
 */
export const durableState = <State>(
  path: string,
  schema: z.ZodType<State>,
  initial: () => State,
): DurableState<State> => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const text = readIfThere(path);
  let state: State;
  try {
    state = text === undefined ? initial() : schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} cannot be read; move it away to start afresh`, { cause: error });
  }
  let last: Promise<unknown> = Promise.resolve();
  return {
    read: () => state,
    update(change) {
      const run = last.then(async () => {
        const draft = structuredClone(state);
        const result = change(draft);
        await writeDurably(path, JSON.stringify(draft));
        state = draft;
        return result;
      });
      last = run.catch(() => undefined);
      return run;
    },
  };
};
