import type { Exploration } from './explore.ts';
import { approvedWorld, exploration, type RecoveryClass, rowOf, settingOf, statusOf } from './settings.ts';
import { TERMINAL } from './terminal.ts';
import type { World } from './world.ts';

export interface Size {
  /** Calls that are alive at the same time. */
  readonly workers: number;
  /** Claims that are followed. */
  readonly attempts: number;
  readonly losesReplies: boolean;
}

const attemptsOf = (world: World): number => Number(rowOf(world)?.['attempts'] ?? 0);

/** The dispatch: an approved action, and calls of Execute and Reconcile at any moment, as often as they like. */
export const dispatch = (recoveryClass: RecoveryClass, size: Size): Exploration => {
  const setting = settingOf(recoveryClass);
  const isEnd = (world: World): boolean =>
    TERMINAL.has(statusOf(world)) ||
    (statusOf(world) === 'NOT_APPLIED' && attemptsOf(world) >= size.attempts);
  return exploration(
    `dispatch, ${recoveryClass}`,
    approvedWorld(setting),
    {
      setting,
      losesReplies: size.losesReplies,
      says: ['refused', 'busy', 'unreadable'],
      begins: (world) => {
        const status = statusOf(world);
        if (world.workers.length >= size.workers || TERMINAL.has(status)) return [];
        const parked = rowOf(world)?.['attention'] === 'person';
        // Whoever knows what they do looks after the settle window, or sees that it is there.
        const settled =
          Date.parse(String(rowOf(world)?.['settleUntil'])) <= world.now ||
          world.effects.some((effect) => effect.visibleAt <= world.now);
        const people =
          recoveryClass === 'none' || parked
            ? ['Olivia (mistaken)', ...(settled ? ['Olivia', 'Sam'] : [])]
            : [];
        if (status === 'OUTCOME_UNKNOWN') return ['Execute', 'Reconcile', ...people];
        if (status === 'EXECUTING') return ['Execute', 'Reconcile'];
        return attemptsOf(world) >= size.attempts ? [] : ['Execute'];
      },
    },
    isEnd,
  );
};
