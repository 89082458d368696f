import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Share, Swept } from './sweep.ts';

/** A folder in memory where there is one: every run writes objects and mails durably, thousands of times. */
const folder = (): string => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

const sweepInChild = (share: Share): Promise<Swept> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('sweep.ts', import.meta.url)), [JSON.stringify(share)], {
      execArgv: [],
      env: { ...process.env, TMPDIR: folder() },
    });
    let swept: Swept | undefined;
    child.once('message', (message) => (swept = message as Swept));
    child.once('error', reject);
    child.once('exit', (code) =>
      swept === undefined ? reject(new Error(`a worker of the sweep ended with ${code}`)) : resolve(swept),
    );
  });

/** Shares pairs out among processes, each with an engine of its own, and puts together what they found. */
export const sweep = async (what: Omit<Share, 'index' | 'of'>, processes = 2): Promise<Swept> => {
  const shares = await Promise.all(
    Array.from({ length: processes }, (_, index) => sweepInChild({ ...what, index, of: processes })),
  );
  return { clean: shares[0]?.clean ?? {}, pairs: shares.flatMap(({ pairs }) => pairs) };
};
