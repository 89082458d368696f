import { newAction, T0 } from '../../actions/rows.ts';
import type { Exploration } from './explore.ts';
import { approvedWorld, exploration, ID, ROW, rowOf, settingOf, statusOf, waitingWorld } from './settings.ts';
import { approvalOf, APPROVALS } from './programs.ts';
import type { Point } from './replay.ts';
import { stored } from './table.ts';
import { TERMINAL } from './terminal.ts';
import { emptyWorld, type Execution, rowKey, type World } from './world.ts';

const isEnd = (world: World): boolean => TERMINAL.has(statusOf(world));

/** Which step of the machine follows an answer: the choices of `statemachines/action.asl.json`. */
const FOLLOWS: Readonly<Record<string, string>> = {
  SETTLE: 'Reconcile',
  BACK_OFF: 'Execute',
  GATES: 'Execute',
};

const nextAfter = (execution: Execution, point: Point): string => {
  if (point.kind === 'threw') return execution.next === 'Execute' ? 'Reconcile' : 'ended';
  if (point.kind === 'asks') return execution.next;
  const { next } = (point.result ?? {}) as { next?: string };
  return FOLLOWS[next ?? ''] ?? 'ended';
};

const change = (world: World, busy: number, next: (one: Execution) => string): World => ({
  ...world,
  executions: world.executions.map((one) =>
    one.busy === busy ? { generation: one.generation, next: next(one) } : one,
  ),
});

/**
 * The start (rules 1 and 8): a proposer who may crash, an execution that may be aborted at any time, and the sweeper
 * as the only one who looks after it. Nobody else invokes anything.
 */
export const start = (): Exploration => {
  const setting = settingOf('lookup', {
    decision: { verdict: 'UNATTENDED', tier: 'low', riskScore: 0, reasons: [], permit: 'policy@v1' },
    time: {
      tickMs: 30_000,
      lifeMs: 30_000,
      leaseMs: 30_000,
      wireMs: 20_000,
      lagMs: 10_000,
      approvalMs: 86_400_000,
    },
  });
  return exploration(
    'start and sweep',
    emptyWorld(T0),
    {
      setting,
      losesReplies: false,
      says: [],
      begins: (world) => {
        if (rowOf(world) === undefined) {
          return world.workers.length === 0 && !world.promised ? ['Propose'] : [];
        }
        if (world.workers.length >= 2 || isEnd(world)) return [];
        const sweeps = world.workers.some((worker) => worker.kind === 'Sweeper') ? [] : ['Sweeper'];
        const idle = world.executions.find((one) => one.next !== 'ended' && one.busy === undefined);
        if (idle === undefined) return sweeps;
        return statusOf(world) === 'NOT_APPLIED' ? sweeps : [...sweeps, idle.next];
      },
      begun: (world, worker) =>
        worker.kind === 'Sweeper' || worker.kind === 'Propose'
          ? world
          : {
              ...world,
              executions: world.executions.map((one) =>
                one.next !== 'ended' && one.busy === undefined ? { ...one, busy: worker.name } : one,
              ),
            },
      finish: (world, worker, point) =>
        worker.kind === 'Propose'
          ? { ...world, promised: point.kind === 'done' }
          : change(world, worker.name, (one) => (one.next === 'ended' ? 'ended' : nextAfter(one, point))),
      killed: (world, worker) =>
        change(world, worker.name, (one) => (one.next === 'Execute' ? 'Reconcile' : one.next)),
      more: (world) =>
        world.executions
          .filter((one) => one.next !== 'ended' && one.generation < 2)
          .map((one) => ({
            say: `Execution ${one.generation} is aborted.`,
            fair: false,
            to: {
              ...world,
              executions: world.executions.map((each) => (each === one ? { ...one, next: 'ended' } : each)),
            },
          })),
    },
    (world) =>
      isEnd(world) ||
      (rowOf(world) === undefined && !world.promised) ||
      (statusOf(world) === 'NOT_APPLIED' && Number(rowOf(world)?.['attempts']) >= 1),
    true,
  );
};

/**
 * The approval (rules 3, 6 and 7). One call at a time, killed anywhere and made again, from the asking on; or two at
 * the same time, from the moment on at which it was asked for.
 */
export const approving = (workers: 1 | 2): Exploration => {
  const setting = settingOf('none', {
    time: {
      tickMs: 60_000,
      lifeMs: 60_000,
      leaseMs: 60_000,
      wireMs: 30_000,
      lagMs: 30_000,
      approvalMs: 120_000,
    },
  });
  const proposed = stored({
    ...newAction({ recoveryClass: 'none', approvalTtlSeconds: 120 }),
    pk: `${ID.project}#${ID.key}`,
  });
  const begin: World =
    workers === 1 ? { ...emptyWorld(T0), rows: { [ROW]: proposed } } : waitingWorld(setting);
  const approval = rowKey(APPROVALS, `approval#${approvalOf(setting)}`);
  return exploration(
    workers === 1 ? 'approval, asked for again' : 'approval, decided by two at once',
    begin,
    {
      setting,
      losesReplies: false,
      says: ['refused'],
      begins: (world) => {
        if (world.workers.length >= workers || isEnd(world)) return [];
        const asked = world.rows[approval];
        const live = new Set(world.workers.map((worker) => worker.kind));
        const kinds = ['Close the wait', 'Ada (cancel)'];
        if (workers === 1) kinds.push('Wait for approval');
        if (asked?.['status'] === 'WAITING') kinds.push('Sam (approve)', 'Sam (reject)');
        if (asked?.['status'] === 'APPROVED') kinds.push('Execute');
        if (['EXECUTING', 'OUTCOME_UNKNOWN'].includes(statusOf(world))) return [];
        return kinds.filter((kind) => !live.has(kind));
      },
    },
    (world) => isEnd(world) || ['EXECUTING', 'OUTCOME_UNKNOWN'].includes(statusOf(world)),
  );
};

/** The bytes (rule 2): somebody changes the stored request after the vote. */
export const bytes = (): Exploration => {
  const setting = settingOf('keyed', { dryRunMayChange: true });
  return exploration(
    'stored bytes',
    approvedWorld(setting),
    {
      setting,
      losesReplies: false,
      says: [],
      begins: (world) => (world.workers.length > 0 || isEnd(world) ? [] : ['Execute', 'Reconcile']),
      more: (world) =>
        world.dryRun === 1
          ? []
          : [
              {
                say: 'Somebody puts another request in the place of the one that was shown.',
                fair: false,
                to: { ...world, dryRun: 1 },
              },
            ],
    },
    (world) => isEnd(world) || Number(rowOf(world)?.['attempts']) >= 1,
  );
};
