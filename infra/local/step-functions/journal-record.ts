import type { ExecutionStatus } from './contract.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One event as GetExecutionHistory tells it, but with its time in epoch milliseconds. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: number;
  readonly type: string;
  /** For example `taskScheduledEventDetails`. */
  readonly [details: string]: unknown;
}

export type Outcome =
  | { readonly output: Json }
  | { readonly error: string; readonly cause: string | undefined };

/**
 * What the journal of an execution holds, one record a line. The same records drive a running execution and one
 * that is read back after a crash, so that both come to the same state. `path` names a visit of a state: `/3` is
 * the third state of the machine, `/3#0.1/2` the second state of branch 1 in the first attempt of that one.
 * `at` is epoch milliseconds.
 */
export type Step =
  | {
      readonly kind: 'start';
      readonly executionArn: string;
      readonly stateMachineArn: string;
      readonly name: string;
      readonly input: string;
      readonly definition: string;
      readonly roleArn: string;
    }
  | { readonly kind: 'enter'; readonly path: string; readonly state: string }
  | { readonly kind: 'wait'; readonly path: string; readonly dueAt: number }
  | ({ readonly kind: 'schedule'; readonly path: string; readonly attempt: number } & TaskSchedule)
  | { readonly kind: 'invokeAgain'; readonly path: string; readonly attempt: number }
  | { readonly kind: 'submitted'; readonly path: string; readonly attempt: number }
  | { readonly kind: 'heartbeat'; readonly path: string; readonly attempt: number }
  | {
      readonly kind: 'items';
      readonly path: string;
      readonly attempt: number;
      readonly items: readonly Json[];
    }
  | { readonly kind: 'branch'; readonly path: string }
  | { readonly kind: 'branchEnd'; readonly path: string; readonly output: Json }
  | { readonly kind: 'outcome'; readonly path: string; readonly attempt: number; readonly outcome: Outcome }
  | {
      readonly kind: 'retry';
      readonly path: string;
      readonly attempt: number;
      readonly retrier: number;
      readonly dueAt: number;
    }
  | {
      readonly kind: 'exit';
      readonly path: string;
      readonly output: Json;
      readonly assign: { readonly [name: string]: Json };
      readonly next: string | undefined;
    }
  | { readonly kind: 'note'; readonly path: string }
  | {
      readonly kind: 'end';
      readonly status: Exclude<ExecutionStatus, 'RUNNING'>;
      readonly output?: string;
      readonly error?: string;
      readonly cause?: string;
    };

export interface TaskSchedule {
  readonly payload: Json;
  /** Only of callback tasks. */
  readonly token?: string;
  /** Absolute, epoch milliseconds. */
  readonly timeoutAt?: number;
  readonly heartbeatMs?: number;
}

export type JournalRecord = Step & { readonly at: number; readonly events: readonly HistoryEvent[] };

export type StartRecord = Extract<JournalRecord, { kind: 'start' }>;
export type EndRecord = Extract<JournalRecord, { kind: 'end' }>;
