import type { Retrier } from './definition.ts';
import type { Json } from './journal-record.ts';
import { sleepUntil } from './scope.ts';
import { matchesError, StateError } from './state-error.ts';
import { exitOf, type Exit, type Visiting } from './visit.ts';

const DEFAULTS = { IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2 };

/**
 * Task, Map and Parallel: tries, retries as Retry says, and leaves through Catch. A retry that was planned before a
 * crash keeps its moment and its count.
 */
export async function withRetries(
  visiting: Visiting,
  once: (attempt: number) => Promise<Json>,
): Promise<Exit> {
  const { frame, path, state, visit } = visiting;
  const { execution, world } = frame.run;
  const used = new Map<number, number>();
  for (let attempt = 0; ; attempt += 1) {
    let planned = visit.attempts[attempt]?.retry;
    if (planned === undefined) {
      try {
        const result = await once(attempt);
        return await exitOf(visiting, state, state.Next, result, { result, attempt });
      } catch (error) {
        if (!(error instanceof StateError)) throw error;
        const retrier = (state.Retry ?? []).findIndex((one) => matchesError(one.ErrorEquals, error.error));
        const rule = state.Retry?.[retrier];
        const count = used.get(retrier) ?? 0;
        if (rule === undefined || count >= (rule.MaxAttempts ?? DEFAULTS.MaxAttempts)) {
          return await caught(visiting, error, attempt);
        }
        planned = { retrier, dueAt: world.host.clock.now() + delayMs(rule, count, world.random) };
        execution.record(frame.thread, { kind: 'retry', path, attempt, ...planned });
        await execution.commit();
      }
    }
    used.set(planned.retrier, (used.get(planned.retrier) ?? 0) + 1);
    await sleepUntil(world.host.clock, frame.thread.scope, planned.dueAt);
  }
}

async function caught(visiting: Visiting, error: StateError, attempt: number): Promise<Exit> {
  const index = (visiting.state.Catch ?? []).findIndex((one) => matchesError(one.ErrorEquals, error.error));
  const catcher = visiting.state.Catch?.[index];
  if (catcher === undefined) throw error;
  const errorOutput = { Error: error.error, Cause: error.detail ?? '' };
  return exitOf(visiting, catcher, catcher.Next, errorOutput, { errorOutput, attempt }, `Catch[${index}]/`);
}

/** @param count how often this retrier has retried already */
export function delayMs(rule: Retrier, count: number, random: () => number): number {
  const seconds =
    (rule.IntervalSeconds ?? DEFAULTS.IntervalSeconds) * (rule.BackoffRate ?? DEFAULTS.BackoffRate) ** count;
  const capped = Math.min(seconds, rule.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
  return Math.round(capped * 1000 * (rule.JitterStrategy === 'FULL' ? random() : 1));
}
