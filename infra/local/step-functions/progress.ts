import type { EndRecord, JournalRecord, Json, Outcome, StartRecord, TaskSchedule } from './journal-record.ts';

/** One attempt of a Task, Map or Parallel state. */
export interface Attempt {
  schedule?: TaskSchedule;
  submitted?: boolean;
  /** When the task was scheduled or last gave a sign of life. */
  aliveAt?: number;
  items?: readonly Json[];
  outcome?: Outcome;
  retry?: { readonly retrier: number; readonly dueAt: number };
  /** Wakes whoever waits for the outcome. Not part of the journal. */
  wake?: () => void;
}

export interface Visit {
  readonly state: string;
  readonly enteredAt: number;
  lastEventId: number;
  dueAt?: number;
  readonly attempts: Attempt[];
  exit?: {
    readonly output: Json;
    readonly assign: { readonly [name: string]: Json };
    readonly next: string | undefined;
  };
}

export interface Branch {
  lastEventId: number;
  output?: { readonly value: Json };
}

/** Everything that the journal of one execution says, kept up record by record. */
export interface Progress {
  readonly start: StartRecord;
  end: EndRecord | undefined;
  eventCount: number;
  readonly visits: Map<string, Visit>;
  readonly branches: Map<string, Branch>;
  apply(record: JournalRecord): void;
}

/** @throws Error where the records do not fit each other: the journal is damaged. */
export function createProgress(start: StartRecord): Progress {
  const visits = new Map<string, Visit>();
  const branches = new Map<string, Branch>();
  const visitOf = (path: string): Visit => {
    const visit = visits.get(path);
    if (visit === undefined) throw new Error(`The journal never entered ${path}`);
    return visit;
  };
  const attemptOf = (path: string, number: number): Attempt => {
    const { attempts } = visitOf(path);
    return (attempts[number] ??= {});
  };
  const forgetBelow = (path: string): void => {
    for (const map of [visits, branches]) {
      for (const key of map.keys()) if (key.startsWith(`${path}#`)) map.delete(key);
    }
  };

  const change = (record: JournalRecord): void => {
    switch (record.kind) {
      case 'start':
      case 'note':
      case 'invokeAgain':
        break;
      case 'enter':
        visits.set(record.path, { state: record.state, enteredAt: record.at, lastEventId: 0, attempts: [] });
        break;
      case 'wait':
        visitOf(record.path).dueAt = record.dueAt;
        break;
      case 'schedule': {
        const attempt = attemptOf(record.path, record.attempt);
        attempt.schedule = record;
        attempt.aliveAt = record.at;
        break;
      }
      case 'submitted':
        attemptOf(record.path, record.attempt).submitted = true;
        break;
      case 'heartbeat':
        attemptOf(record.path, record.attempt).aliveAt = record.at;
        break;
      case 'items':
        attemptOf(record.path, record.attempt).items = record.items;
        break;
      case 'branch':
        branches.set(record.path, { lastEventId: 0 });
        break;
      case 'branchEnd': {
        const branch = branches.get(record.path);
        if (branch === undefined) throw new Error(`The journal never began ${record.path}`);
        branch.output = { value: record.output };
        break;
      }
      case 'outcome': {
        const attempt = attemptOf(record.path, record.attempt);
        attempt.outcome = record.outcome;
        if (attempt.items !== undefined) forgetBelow(record.path);
        break;
      }
      case 'retry':
        attemptOf(record.path, record.attempt).retry = record;
        break;
      case 'exit': {
        const visit = visitOf(record.path);
        if (visit.attempts.some((attempt) => attempt.items !== undefined)) forgetBelow(record.path);
        visit.exit = { output: record.output, assign: record.assign, next: record.next };
        visit.attempts.length = 0;
        break;
      }
      case 'end':
        progress.end = record;
        visits.clear();
        branches.clear();
        break;
    }
  };

  const progress: Progress = {
    start,
    end: undefined,
    eventCount: 0,
    visits,
    branches,
    apply(record) {
      change(record);
      progress.eventCount += record.events.length;
      const last = record.events.at(-1)?.id;
      if (last === undefined || !('path' in record)) return;
      const place = visits.get(record.path) ?? branches.get(record.path);
      if (place !== undefined) place.lastEventId = last;
    },
  };
  progress.apply(start);
  return progress;
}
