import type { Clock } from '../service.ts';
import { Cancelled } from './state-error.ts';

/** How far a cancellation reaches: an execution, or one attempt of a Map or Parallel state within it. */
export interface Scope {
  readonly cancelled: boolean;
  child(): Scope;
  cancel(): void;
  /** Calls back at once where it is cancelled already. Answers the function that stops listening. */
  onCancel(callback: () => void): () => void;
}

export function createScope(): Scope {
  const callbacks = new Set<() => void>();
  let cancelled = false;
  const scope: Scope = {
    get cancelled() {
      return cancelled;
    },
    child() {
      const child = createScope();
      scope.onCancel(() => child.cancel());
      return child;
    },
    cancel() {
      if (cancelled) return;
      cancelled = true;
      for (const callback of callbacks) callback();
      callbacks.clear();
    },
    onCancel(callback) {
      if (cancelled) {
        callback();
        return () => undefined;
      }
      callbacks.add(callback);
      return () => {
        callbacks.delete(callback);
      };
    },
  };
  return scope;
}

/** A clock's `at` that does not wait for the next tick when the time has come already. */
export function at(clock: Clock, dueAt: number, callback: () => void): () => void {
  if (dueAt > clock.now()) return clock.at(dueAt, callback);
  let wanted = true;
  queueMicrotask(() => {
    if (wanted) callback();
  });
  return () => {
    wanted = false;
  };
}

/** @throws Cancelled where the scope ends first. */
export async function sleepUntil(clock: Clock, scope: Scope, dueAt: number): Promise<void> {
  let stop = (): void => undefined;
  let forget = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = at(clock, dueAt, resolve);
      forget = scope.onCancel(() => reject(new Cancelled()));
    });
  } finally {
    stop();
    forget();
  }
}
