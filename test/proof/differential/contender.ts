import type { Provider } from './provider.ts';
import type { Store } from './store.ts';

/** Virtual time: both contenders read the same clock. */
export interface Clock {
  now(): number;
  /** Moves forward only. */
  set(epochMs: number): void;
}

export interface Call {
  /** Chosen by the caller; the same for a retry. */
  readonly key: string;
  readonly payload: { readonly qty: string };
}

/** Something that performs an effect under a key. A new `call` is a new process: nothing is kept in memory. */
export interface Contender {
  /** Performs or repeats; answers a word for what the caller learned. Never settles where the process dies. */
  call(call: Call): Promise<string>;
  /** What it does by itself while time passes, up to a moment. Callers do nothing meanwhile. */
  passTime(until: number): Promise<void>;
  /** What its record says of a key in the end, looked up from outside. */
  record(key: string): Promise<string>;
}

export interface Surroundings {
  readonly store: Store;
  readonly provider: Provider;
  readonly clock: Clock;
}

/** How long an invocation may run, as its platform says. */
export const INVOCATION_MS = 30_000;
