import { setImmediate } from 'node:timers/promises';
import { vi } from 'vitest';
import type { AlpacaControl } from '#infra/local/ports.ts';

/**
 * Asks, and gives up once the other side is where it will never answer: no sooner, however slow the machine is, and no
 * later.
 * @param giveUp what the caller does when its patience ends.
 */
export const whileItHangs = async <Result>(
  hangs: () => boolean,
  ask: () => Promise<Result>,
  giveUp: () => void,
): Promise<Result> => {
  let over = false;
  const end = (): void => void (over = true);
  const asked = ask();
  asked.then(end, end);
  while (!over && !hangs()) await setImmediate();
  if (!over) giveUp();
  return asked;
};

/** The same for a client that keeps its own time, which stands still until the other side hangs. */
export const withTimePassing = async <Result>(
  hangs: () => boolean,
  ms: number,
  ask: () => Promise<Result>,
): Promise<Result> => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    return await whileItHangs(hangs, ask, () => vi.advanceTimersByTime(ms));
  } finally {
    vi.useRealTimers();
  }
};

/** Whether the stand-in has taken a request, from now on, that it will never answer. */
export const silenceOf = ({ requests }: Pick<AlpacaControl, 'requests'>): (() => boolean) => {
  const before = requests().length;
  return () =>
    requests()
      .slice(before)
      .some(({ fault }) => fault?.startsWith('timeout') === true || fault === 'landLate');
};
