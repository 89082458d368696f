import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LIMIT_BYTES = 2 * 1024 * 1024;

/** What functions print goes to one file per function; beyond 2 MB the file is set aside as `.1`. */
export const functionLog = (folder: string): ((name: string, chunk: Uint8Array) => void) => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sizes = new Map<string, number>();
  return (name, chunk) => {
    const file = join(folder, `${name}.log`);
    const before = sizes.get(file) ?? statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (before > LIMIT_BYTES) renameSync(file, `${file}.1`);
    appendFileSync(file, chunk, { mode: 0o600 });
    sizes.set(file, (before > LIMIT_BYTES ? 0 : before) + chunk.byteLength);
  };
};
