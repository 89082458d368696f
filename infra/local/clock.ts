import type { Clock } from './service.ts';

/** Longest delay that a Node timer takes before it overflows and fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The wall clock. Timers never keep the process alive. */
export const wallClock = (): Clock => ({
  now: () => Date.now(),
  at(atMs, callback) {
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      const left = atMs - Date.now();
      timer = setTimeout(
        () => (atMs <= Date.now() ? callback() : arm()),
        Math.min(Math.max(left, 0), LONGEST_TIMER_MS),
      );
      timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
});

/** A clock that only moves when a test says so. */
export interface ManualClock extends Clock {
  /** Moves forward and calls back everything that is due, in order of time. */
  advance(ms: number): void;
}

export const manualClock = (startMs: number): ManualClock => {
  let now = startMs;
  let waiting: { atMs: number; callback: () => void }[] = [];
  return {
    now: () => now,
    at(atMs, callback) {
      const entry = { atMs, callback };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((other) => other !== entry);
      };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = waiting.filter((entry) => entry.atMs <= until).toSorted((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        waiting = waiting.filter((entry) => entry !== next);
        now = Math.max(now, next.atMs);
        next.callback();
      }
      now = until;
    },
  };
};
