import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JournalRecord } from './journal-record.ts';

/** A closed execution in the list. Dates are epoch milliseconds. */
export interface ClosedEntry {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: string;
  readonly startDate: number;
  readonly stopDate: number;
}

export interface Journal {
  /** Keeps a record for the next commit. */
  append(record: JournalRecord): void;
  /** Resolves once everything appended so far is on the disk. Rejects for good after a failed write. */
  commit(): Promise<void>;
}

export interface OpenJournal {
  readonly key: string;
  readonly records: readonly JournalRecord[];
}

/**
 * One file an execution. Running ones are in `open/`, and a start reads only these; closed ones are moved to
 * `closed/<two digits>/`, where their name stays taken for good, with one line each in `closed/index.jsonl` for the
 * list, which is read when somebody asks for it.
 */
export interface JournalStore {
  /** Every execution that has not been archived. A torn last line, never acknowledged, is cut off. */
  readOpen(log: (line: string) => void): Promise<OpenJournal[]>;
  journal(executionArn: string): Journal;
  /** All records of an execution, open or closed; undefined where there never was one. */
  read(executionArn: string): Promise<JournalRecord[] | undefined>;
  /** Whether the name is taken, by an open, a closed or a damaged journal. */
  has(executionArn: string): Promise<boolean>;
  archive(entry: ClosedEntry): Promise<void>;
  closed(): Promise<readonly ClosedEntry[]>;
}

const keyOf = (executionArn: string): string =>
  createHash('sha256').update(executionArn).digest('hex').slice(0, 40);

export function createJournalStore(folder: string): JournalStore {
  const openFolder = join(folder, 'open');
  const closedFolder = join(folder, 'closed');
  const indexFile = join(closedFolder, 'index.jsonl');
  for (const path of [openFolder, closedFolder]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const openFile = (arn: string): string => join(openFolder, `${keyOf(arn)}.jsonl`);
  const closedFile = (arn: string): string =>
    join(closedFolder, keyOf(arn).slice(0, 2), `${keyOf(arn)}.jsonl`);

  let index: Promise<Map<string, ClosedEntry>> | undefined;
  const loadIndex = async (): Promise<Map<string, ClosedEntry>> => {
    const entries = new Map<string, ClosedEntry>();
    for (const line of (await readIfThere(indexFile))?.split('\n') ?? []) {
      const entry = line === '' ? undefined : (parseLine(line) as ClosedEntry | undefined);
      if (entry !== undefined) entries.set(entry.executionArn, entry);
    }
    return entries;
  };

  const archiveInOrder = inOrder();

  return {
    async readOpen(log) {
      const found: OpenJournal[] = [];
      for (const file of await readdir(openFolder)) {
        if (!file.endsWith('.jsonl')) continue;
        const path = join(openFolder, file);
        const text = await readFile(path, 'utf8');
        const { records, goodBytes, damagedLine } = parseJournal(text);
        if (damagedLine !== undefined) {
          log(
            `Step Functions: ${path} is damaged at line ${damagedLine}; its execution is not resumed. Move the file away or mend it.`,
          );
          continue;
        }
        if (records.length === 0) await rm(path);
        else if (goodBytes < Buffer.byteLength(text)) await truncate(path, goodBytes);
        if (records.length > 0) found.push({ key: file, records });
      }
      return found;
    },
    journal: (arn) => createJournal(openFile(arn), openFolder),
    async read(arn) {
      const text = (await readIfThere(openFile(arn))) ?? (await readIfThere(closedFile(arn)));
      if (text === undefined) return undefined;
      const { records } = parseJournal(text);
      return records.length === 0 ? undefined : records;
    },
    has: async (arn) => (await exists(openFile(arn))) || (await exists(closedFile(arn))),
    archive: (entry) =>
      archiveInOrder(async () => {
        // The line comes first: a crash in between writes it twice, and the list counts it once.
        // It begins on a line of its own, whatever a power cut left behind.
        await appendDurably(indexFile, `\n${JSON.stringify(entry)}`);
        const target = closedFile(entry.executionArn);
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        await rename(openFile(entry.executionArn), target);
        await syncFolder(dirname(target));
        if (index !== undefined) (await index).set(entry.executionArn, entry);
      }),
    async closed() {
      index ??= archiveInOrder(loadIndex);
      return [...(await index).values()];
    },
  };
}

function createJournal(path: string, folder: string): Journal {
  let pending: string[] = [];
  let isNew = true;
  let failure: unknown;
  let flushing: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    const lines = pending;
    pending = [];
    if (lines.length === 0) return;
    if (failure !== undefined) throw failure;
    try {
      await appendDurably(path, lines.join(''));
      if (isNew) await syncFolder(folder);
      isNew = false;
    } catch (error) {
      // Half a line may be in the file, so nothing may follow it; the next start cuts it off.
      failure = error;
      throw error;
    }
  };
  return {
    append(record) {
      pending.push(`${JSON.stringify(record)}\n`);
    },
    async commit() {
      while (pending.length > 0 || flushing !== undefined) {
        if (flushing === undefined) {
          const run = flush();
          flushing = run.finally(() => {
            flushing = undefined;
          });
          flushing.catch(() => undefined);
        }
        await flushing;
      }
      if (failure !== undefined) throw failure;
    },
  };
}

function parseJournal(text: string): {
  readonly records: JournalRecord[];
  readonly goodBytes: number;
  readonly damagedLine: number | undefined;
} {
  const lines = text.split('\n');
  const records: JournalRecord[] = [];
  let goodBytes = 0;
  for (const [index, line] of lines.entries()) {
    if (index === lines.length - 1) break;
    const record = parseLine(line) as JournalRecord | undefined;
    if (record === undefined) {
      // A power cut may leave rubbish at the very end; anywhere else something has changed the file.
      const isLast = index === lines.length - 2 && lines[lines.length - 1] === '';
      return { records, goodBytes, damagedLine: isLast ? undefined : index + 1 };
    }
    records.push(record);
    goodBytes += Buffer.byteLength(line) + 1;
  }
  return { records, goodBytes, damagedLine: undefined };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await appendFile(file, text);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function inOrder(): <Result>(run: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run);
    last = next.catch(() => undefined);
    return next;
  };
}
