import type { Action } from './action.ts';
import type { DryRun } from './dry-run.ts';
import type { ActionId, Timestamp } from './identity.ts';
import type { ActionStatus } from './status.ts';

/**
 * Ports of the ledger. Function-shaped, so that a use case (and its bundle and its IAM policy) carries only
 * what it calls. Adapters: `ledger.aws.ts`; the in-memory twin in `test/actions` passes the same contract suite.
 */

export type ReserveResult =
  | { readonly kind: 'reserved'; readonly action: Action }
  /** The key is taken: by this very write (a lost reply counts as reserved) or by an earlier one. */
  | { readonly kind: 'exists'; readonly action: Action };

/** Puts a PROPOSED row if the key is absent: one request, whatever the answer. */
export type ReserveAction = (action: Action) => Promise<ReserveResult>;

/** Strongly consistent read of one row. */
export type ReadAction = (id: ActionId) => Promise<Action | undefined>;

/** One conditional replacement of a row, as `transition()` computed it. */
export interface LedgerChange {
  /** The row as it was read. Its status and version are the condition. */
  readonly from: Action;
  readonly to: Action;
  /** The stored owner token must be this one (rule 4). */
  readonly ownerToken?: string;
  /** The stored requestHash must be this one (rule 2). */
  readonly requestHash?: string;
}

export type ApplyResult =
  | { readonly kind: 'applied'; readonly action: Action }
  /** Someone else moved the row on. `current` is what it is now. */
  | { readonly kind: 'refused'; readonly current: Action };

/**
 * Writes a change: one conditional request. A refusal that shows our own `writeToken` is a success whose
 * reply was lost, and answers `applied`.
 */
export type ApplyChange = (change: LedgerChange) => Promise<ApplyResult>;

export interface ActionPage {
  readonly actions: readonly Action[];
  /** Opaque; pass it back as `cursor` for the next page. Absent on the last one. */
  readonly nextCursor?: string;
}

/** What operators ask the ledger, newest first; every filter narrows. */
export interface ActionQuery {
  readonly project: string;
  readonly from?: Timestamp;
  readonly to?: Timestamp;
  /** `provider/operation`, or only `provider`. */
  readonly operation?: string;
  readonly runId?: string;
  readonly status?: ActionStatus;
  /** Only those parked for a person or overdue. */
  readonly needsAttention?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}
export type ListActions = (query: ActionQuery) => Promise<ActionPage>;

/** Ids of open rows whose `attentionAt` has come, oldest first; read from the index, so re-read strongly. */
export type ListDue = (now: Timestamp, limit: number) => Promise<readonly ActionId[]>;

/** Canonical payload JSON, stored by content (If-None-Match) before the row that names it. */
export type StorePayload = (project: string, payloadHash: string, canonicalJson: string) => Promise<void>;
export type ReadPayload = (project: string, payloadHash: string) => Promise<string>;

/** Stores the dry run unless one is there; answers the one that is stored: the first wins. */
export type StoreDryRun = (dryRun: DryRun) => Promise<DryRun>;
export type ReadDryRun = (id: ActionId) => Promise<DryRun | undefined>;

/** Starts the execution of a generation; `exists` where it was started before, running or ended. */
export type StartExecution = (id: ActionId, generation: number) => Promise<'started' | 'exists'>;

/** Whether the execution of a generation runs, has ended, or never was. */
export type ReadExecution = (id: ActionId, generation: number) => Promise<'running' | 'ended' | 'absent'>;

/** The input of an execution, by ARN: status events of a machine with its own key leave it out. */
export type ReadExecutionInput = (executionArn: string) => Promise<string | undefined>;
