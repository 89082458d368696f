import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/**
 * Text that stays the same as long as this very process lives and that no later process with the same number has;
 * undefined when it is gone. Where the system tells no start time, being alive has to do.
 */
export const processIdentity = (pid: number): string | undefined => {
  if (!isAlive(pid)) return undefined;
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z') return undefined;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
    }
    if (process.platform !== 'win32')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return isAlive(pid) ? 'alive' : undefined;
  }
  return 'alive';
};

/** Waits until the process is gone. False when it is still there after `ms`. */
export const waitForEnd = async (pid: number, ms: number): Promise<boolean> => {
  for (const until = Date.now() + ms; Date.now() < until;) {
    if (processIdentity(pid) === undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return processIdentity(pid) === undefined;
};
