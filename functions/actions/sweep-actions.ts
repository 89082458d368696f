import * as z from 'zod';
import type { Action } from '#shared/actions/action.ts';
import { ActionId, epochMs, type Timestamp, timestamp } from '#shared/actions/identity.ts';
import type {
  ApplyChange,
  ListDue,
  ReadAction,
  ReadExecution,
  ReadExecutionInput,
  StartExecution,
} from '#shared/actions/ledger.ts';
import { isTerminal } from '#shared/actions/status.ts';
import { restart } from '#shared/actions/transition.ts';
import { doubt, type ReconcileDeps } from './reconcile-action.ts';

export interface SweepDeps extends Pick<ReconcileDeps, 'findOperation' | 'leastLagMs'> {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly listDue: ListDue;
  readonly start: StartExecution;
  readonly readExecution: ReadExecution;
  readonly readExecutionInput: ReadExecutionInput;
  readonly listPendingCallbacks: (limit: number) => Promise<readonly string[]>;
  /** The outbox step of approvals; `whenGone` looks after an action whose wait is not there any more. */
  readonly deliverCallback: (
    approvalId: string,
    whenGone: (id: ActionId) => Promise<void>,
  ) => Promise<unknown>;
  /** Tells the wait of a paused action if its credential can be used now. */
  readonly resumePaused: (row: Action) => Promise<unknown>;
  /** When the oldest approval that waits was asked for; undefined where none waits. */
  readonly oldestWaiting: () => Promise<Timestamp | undefined>;
  /** How many rows are parked for a person. */
  readonly countParked: () => Promise<number>;
  readonly stage: string;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** How many rows one sweep looks at; the next one goes on where the index still shows them. */
export const SWEEP_LIMIT = 200;

/** From the scheduler (a tick) or from the bus (an execution that failed, was aborted or timed out). */
export const SweepEvent = z.union([
  z.object({ scheduledTime: z.string() }),
  z.object({
    'detail-type': z.literal('Step Functions Execution Status Change'),
    detail: z.object({ executionArn: z.string().optional(), input: z.string().nullish() }),
  }),
]);
export type SweepEvent = z.infer<typeof SweepEvent>;

export interface SweepResult {
  readonly looked: number;
  readonly started: number;
  readonly doubted: number;
  readonly resumed: number;
  readonly callbacks: number;
  readonly failed: number;
  /** Rows whose outcome is still unknown although their settle window is over. */
  readonly unknown: number;
}

/** What the alarms watch, as a line in CloudWatch's embedded metric format (infra/constructs/alarms.ts). */
const gaugeLine = async (unknown: number, deps: SweepDeps): Promise<Readonly<Record<string, unknown>>> => {
  const [oldest, parked] = await Promise.all([deps.oldestWaiting(), deps.countParked()]);
  const values = {
    OldestWaitingApprovalSeconds:
      oldest === undefined ? 0 : Math.max(0, Math.round((deps.now() - epochMs(oldest)) / 1000)),
    UnknownOutcomes: unknown + parked,
    ParkedActions: parked,
  };
  return {
    _aws: {
      Timestamp: deps.now(),
      CloudWatchMetrics: [
        {
          Namespace: 'Autopack',
          Dimensions: [['Stage']],
          Metrics: Object.keys(values).map((Name) => ({
            Name,
            Unit: Name.endsWith('Seconds') ? 'Seconds' : 'Count',
          })),
        },
      ],
    },
    Stage: deps.stage,
    ...values,
  };
};

const namedBy = async (event: SweepEvent, deps: SweepDeps): Promise<ActionId | undefined> => {
  if (!('detail' in event)) return undefined;
  const { executionArn } = event.detail;
  const input =
    event.detail.input ??
    (executionArn === undefined ? undefined : await deps.readExecutionInput(executionArn));
  try {
    return ActionId.parse(JSON.parse(input ?? ''));
  } catch {
    return undefined;
  }
};

const RESTARTED_BY_SWEEP = 'EXECUTION_ENDED';
const FIRST_REST_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;

/**
 * When a row whose execution ended may be started once more, in epoch milliseconds: at once after progress, then a
 * minute after a restart that led nowhere, doubling up to an hour. Without it a machine that fails at once and the
 * event of its failure would restart each other without end.
 */
const restsUntil = (row: Action): number => {
  const progress = row.history.findLastIndex((entry) => entry.code !== RESTARTED_BY_SWEEP);
  const restarts = row.history.length - 1 - progress;
  if (restarts === 0) return 0;
  return epochMs(row.updatedAt) + Math.min(FIRST_REST_MS * 2 ** (restarts - 1), LONGEST_REST_MS);
};

/** Starts an open row's execution again: the same generation where it never began, the next where it ended. */
const revive = async (row: Action, deps: SweepDeps): Promise<boolean> => {
  const state = await deps.readExecution(row, row.generation);
  if (state === 'running') return false;
  if (state === 'absent') {
    await deps.start(row, row.generation);
    return true;
  }
  if (restsUntil(row) > deps.now()) return false;
  const raised = await deps.apply(
    restart(row, {
      at: timestamp(deps.now()),
      by: 'system:sweep',
      writeToken: deps.newId(),
      code: RESTARTED_BY_SWEEP,
    }),
  );
  if (raised.kind === 'refused') return false;
  await deps.start(row, raised.action.generation);
  return true;
};

/** What one open row needs; the row was read strongly just now. */
const tend = async (row: Action, deps: SweepDeps): Promise<'started' | 'doubted' | 'resumed' | 'nothing'> => {
  if (isTerminal(row.status) || row.attention === 'person') return 'nothing';
  if (row.status === 'RENDERED' && row.dryRun) return 'nothing';
  if (row.status === 'EXECUTING' && row.leaseUntil !== undefined && epochMs(row.leaseUntil) <= deps.now()) {
    const doubted = await deps.apply(doubt(row, deps));
    if (doubted.kind === 'applied') {
      await revive(doubted.action, deps);
      return 'doubted';
    }
    return 'nothing';
  }
  if (await revive(row, deps)) return 'started';
  if (row.status === 'PAUSED_CREDENTIAL')
    return (await deps.resumePaused(row)) === 'told' ? 'resumed' : 'nothing';
  return 'nothing';
};

/**
 * Idempotent: every step re-reads strongly what an index showed and writes by condition, so two sweeps of one
 * tick do the work of one. A row that cannot be tended is logged and left for the next sweep; it never stops
 * the others.
 */
export const sweepActions = async (event: SweepEvent, deps: SweepDeps): Promise<SweepResult> => {
  const result = { looked: 0, started: 0, doubted: 0, resumed: 0, callbacks: 0, failed: 0, unknown: 0 };
  const named = await namedBy(event, deps);
  const due = named === undefined ? await deps.listDue(timestamp(deps.now()), SWEEP_LIMIT) : [named];
  for (const id of due) {
    result.looked += 1;
    try {
      const row = await deps.read(id);
      if (row?.status === 'OUTCOME_UNKNOWN' && row.attention === 'sweep') result.unknown += 1;
      const done = row === undefined ? 'nothing' : await tend(row, deps);
      if (done !== 'nothing') result[done] += 1;
    } catch (error) {
      result.failed += 1;
      deps.log({ level: 'error', event: 'SWEEP_FAILED', ...id, error: String(error) });
    }
  }
  for (const approvalId of await deps.listPendingCallbacks(SWEEP_LIMIT)) {
    try {
      await deps.deliverCallback(approvalId, async (id) => {
        const row = await deps.read(id);
        if (row !== undefined) await tend(row, deps);
      });
      result.callbacks += 1;
    } catch (error) {
      result.failed += 1;
      deps.log({ level: 'error', event: 'CALLBACK_FAILED', approvalId, error: String(error) });
    }
  }
  if (named === undefined) deps.log(await gaugeLine(result.unknown, deps));
  return result;
};
