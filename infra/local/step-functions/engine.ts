import type { Host } from '../service.ts';
import type { StartRequest, StatusChange } from './contract.ts';
import type { Execution } from './execution.ts';
import type { EndRecord, StartRecord } from './journal-record.ts';
import type { JournalStore } from './journal-store.ts';
import type { Machines } from './machines.ts';
import type { TaskTokens } from './task-token.ts';

/** What the wire protocol needs of the running service. */
export interface Engine {
  readonly host: Host;
  readonly machines: Machines;
  readonly store: JournalStore;
  readonly tokens: TaskTokens;
  /** Executions that have not been archived yet. */
  readonly live: ReadonlyMap<string, Execution>;
  /** Resolves once the open journals have been read. */
  readonly loaded: Promise<void>;
  start(request: StartRequest): Promise<{ readonly executionArn: string; readonly startDate: number }>;
  stop(execution: Execution, error: string | undefined, cause: string | undefined): Promise<number>;
}

export const statusOf = (start: StartRecord, end: EndRecord | undefined): StatusChange => ({
  executionArn: start.executionArn,
  stateMachineArn: start.stateMachineArn,
  name: start.name,
  status: end?.status ?? 'RUNNING',
  startDate: start.at,
  stopDate: end?.at ?? null,
  input: start.input,
  output: end?.output ?? null,
  error: end?.error ?? null,
  cause: end?.cause ?? null,
});
