import type { Clock } from '../service.ts';
import type { HistoryEvent, JournalRecord, Outcome, StartRecord, Step } from './journal-record.ts';
import type { Journal } from './journal-store.ts';
import { createProgress, type Attempt, type Progress } from './progress.ts';
import { createScope, type Scope } from './scope.ts';
import { Cancelled, StateError } from './state-error.ts';

/** AWS's limit for a standard execution. */
const MAX_EVENTS = 25_000;

export interface NewEvent {
  readonly type: string;
  readonly [details: string]: unknown;
}

/** Where a branch stands: its scope and the event that its next event follows. */
export interface Thread {
  readonly scope: Scope;
  lastEventId: number;
}

/** A running execution: its journal, what the journal says, and how to end it. */
export interface Execution {
  readonly start: StartRecord;
  readonly progress: Progress;
  readonly root: Thread;
  /**
   * Writes a step down with the events that it makes. Not on the disk before `commit`.
   * @throws Cancelled where the thread is over
   */
  record(thread: Thread, step: Step, events?: readonly NewEvent[]): void;
  commit(): Promise<void>;
  /** The open attempt of a callback task with this token. */
  findTask(path: string, attempt: number, token: string): OpenTask | undefined;
  /** Ends it once; later calls change nothing and answer false. */
  finish(end: Extract<Step, { kind: 'end' }>, event: NewEvent): boolean;
}

export interface OpenTask {
  readonly attempt: Attempt;
  heartbeat(): void;
  settle(outcome: Outcome, events: readonly NewEvent[]): void;
}

/** @param records everything the journal holds, `start` first */
export function openExecution(clock: Clock, journal: Journal, records: readonly JournalRecord[]): Execution {
  const [start, ...later] = records;
  if (start?.kind !== 'start') throw new Error('The journal does not begin with the start');
  const progress = createProgress(start);
  for (const record of later) progress.apply(record);
  const root: Thread = { scope: createScope(), lastEventId: 1 };

  const write = (thread: Thread, step: Step, events: readonly NewEvent[]): void => {
    const now = clock.now();
    const numbered = events.map((event, index): HistoryEvent => {
      const id = progress.eventCount + 1 + index;
      const numberedEvent = { ...event, id, previousEventId: thread.lastEventId, timestamp: now };
      thread.lastEventId = id;
      return numberedEvent;
    });
    const record: JournalRecord = { ...step, at: now, events: numbered };
    journal.append(record);
    progress.apply(record);
  };

  const execution: Execution = {
    start,
    progress,
    root,
    record(thread, step, events = []) {
      if (thread.scope.cancelled || progress.end !== undefined) throw new Cancelled();
      // One place is kept for the event that ends the execution.
      if (progress.eventCount + events.length >= MAX_EVENTS) {
        throw new StateError(
          'States.Runtime',
          `The execution reached the maximum number of history events (${MAX_EVENTS}).`,
        );
      }
      write(thread, step, events);
    },
    commit: () => journal.commit(),
    findTask(path, number, token) {
      const visit = progress.visits.get(path);
      const attempt = visit?.attempts[number];
      if (visit === undefined || attempt?.schedule?.token !== token || attempt.outcome !== undefined)
        return undefined;
      return {
        attempt,
        heartbeat: () =>
          write(
            { ...root, lastEventId: visit.lastEventId },
            { kind: 'heartbeat', path, attempt: number },
            [],
          ),
        settle(outcome, events) {
          const thread = { ...root, lastEventId: visit.lastEventId };
          write(thread, { kind: 'outcome', path, attempt: number, outcome }, events);
          attempt.wake?.();
        },
      };
    },
    finish(end, event) {
      if (progress.end !== undefined) return false;
      write(root, end, [event]);
      root.scope.cancel();
      return true;
    },
  };
  return execution;
}
