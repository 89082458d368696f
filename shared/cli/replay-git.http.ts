import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ReplayCapture } from '../policies/replay.ts';
import type { CliError } from './exit.ts';
import { contentTypeOf } from './replay-captures.http.ts';
import { replayFault } from './replay-fault.ts';

export interface GitHistory {
  readonly repository: string;
  /** From the top of the repository. */
  readonly path: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly until?: string;
}

/** Bigger than any page that a check takes in. */
const MOST_BYTES = 64 * 1024 * 1024;

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** Settles when git has ended: its complaint, or undefined. */
  readonly complaint: Promise<CliError | undefined>;
}

const git = (repository: string, args: readonly string[]): Running => {
  const child = spawn('git', ['-C', repository, ...args], {
    env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = `${errors}${text}`.slice(0, 2_000);
  });
  // A reader that ends early closes the pipe; that is no fault.
  child.stdin.on('error', () => undefined);
  const complaint = new Promise<CliError | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'ENOENT'
          ? replayFault(
              'REPLAY_GIT_MISSING',
              '--git needs the program "git" in the PATH. Install git, or export the history to a folder and use --captures.',
              error,
            )
          : replayFault('REPLAY_GIT_FAILED', `git cannot be started: ${error.message}`, error),
      ),
    );
    child.once('close', (code, signal) =>
      resolve(
        code === 0 || signal !== null
          ? undefined
          : replayFault(
              'REPLAY_GIT_FAILED',
              `git cannot read ${repository}: ${errors.trim().split('\n')[0] ?? ''}`,
            ),
      ),
    );
  });
  return { child, complaint };
};

/** Bytes of a stream, by line and by count. */
const byteReader = (stream: AsyncIterable<Buffer>) => {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await chunks.next();
    if (next.done === true) return false;
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    return true;
  };
  return {
    line: async (): Promise<string | undefined> => {
      for (;;) {
        const end = rest.indexOf(0x0a);
        if (end !== -1) {
          const line = rest.subarray(0, end).toString('utf8');
          rest = rest.subarray(end + 1);
          return line;
        }
        if (!(await more())) return undefined;
      }
    },
    take: async (count: number): Promise<Buffer | undefined> => {
      const parts: Buffer[] = [];
      let missing = count;
      while (missing > 0) {
        if (rest.length === 0 && !(await more())) return undefined;
        const part = rest.subarray(0, missing);
        parts.push(part);
        missing -= part.length;
        rest = rest.subarray(part.length);
      }
      return Buffer.concat(parts);
    },
  };
};

/**
 * Which time of a commit tells when its text was seen. A history that was imported or rewritten has the import as the
 * time of every committer, and the days themselves only with the authors.
 */
const timeField = async (repository: string, chosen: readonly string[]): Promise<'%ct' | '%at'> => {
  const log = git(repository, ['log', '--format=%ct %at', ...chosen]);
  const range = () => ({ first: Infinity, last: -Infinity });
  const [committed, authored] = [range(), range()];
  for await (const entry of createInterface({ input: log.child.stdout, crlfDelay: Infinity }))
    for (const [index, seconds] of entry.split(' ').map(Number).entries()) {
      const seen = index === 0 ? committed : authored;
      seen.first = Math.min(seen.first, seconds);
      seen.last = Math.max(seen.last, seconds);
    }
  const complaint = await log.complaint;
  if (complaint !== undefined) throw complaint;
  return authored.last - authored.first > 4 * (committed.last - committed.first) ? '%at' : '%ct';
};

/**
 * The states of a file in the history of a repository, oldest first, one in memory at a time. Commits that delete the
 * file are passed over.
 * @throws CliError REPLAY_GIT_MISSING, REPLAY_GIT_FAILED, REPLAY_GIT_NO_HISTORY.
 */
export const capturesInGit = async function* (history: GitHistory): AsyncGenerator<ReplayCapture> {
  const { repository, path, since, until } = history;
  const chosen = [
    ...(since === undefined ? [] : [`--since=${since}`]),
    ...(until === undefined ? [] : [`--until=${until}`]),
    '--',
    `:(top,literal)${path}`,
  ];
  const time = await timeField(repository, chosen);
  const log = git(repository, ['log', '--reverse', `--format=%H ${time}`, ...chosen]);
  const objects = git(repository, ['cat-file', '--batch']);
  const answers = byteReader(objects.child.stdout);
  const contentType = contentTypeOf(path);
  let count = 0;
  try {
    for await (const entry of createInterface({ input: log.child.stdout, crlfDelay: Infinity })) {
      const [commit = '', seconds = ''] = entry.split(' ');
      if (!objects.child.stdin.write(`${commit}:${path}\n`)) await once(objects.child.stdin, 'drain');
      const head = await answers.line();
      if (head === undefined)
        throw (await objects.complaint) ?? replayFault('REPLAY_GIT_FAILED', 'git ended early.');
      const [, type, size = '0'] = head.split(' ');
      if (head.endsWith(' missing') || type === 'ambiguous') continue;
      if (Number(size) > MOST_BYTES)
        throw replayFault(
          'REPLAY_GIT_FAILED',
          `${path} has ${size} bytes at ${commit}; that is no policy page.`,
        );
      const bytes = await answers.take(Number(size) + 1);
      if (bytes === undefined) throw replayFault('REPLAY_GIT_FAILED', 'git ended early.');
      if (type !== 'blob') continue;
      count += 1;
      yield {
        name: commit,
        bytes: bytes.subarray(0, -1),
        at: Number(seconds) * 1_000,
        ...(contentType === undefined ? {} : { contentType }),
      };
    }
    const complaint = await log.complaint;
    if (complaint !== undefined) throw complaint;
    if (count === 0)
      throw replayFault(
        'REPLAY_GIT_NO_HISTORY',
        `${repository} has no history of "${path}"${since === undefined && until === undefined ? '' : ' in that time'}. Name the file from the top of the repository.`,
      );
  } finally {
    objects.child.stdin.end();
    for (const { child } of [log, objects])
      if (child.exitCode === null && child.pid !== undefined) child.kill();
  }
};
