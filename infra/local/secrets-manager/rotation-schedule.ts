import { parseScheduleExpression } from '../schedule-expression.ts';
import type { Rotation } from './secrets.ts';

const DAY_MS = 86_400_000;

/** The next moment that the rules ask for a rotation, in epoch milliseconds; never, where they name none. */
export const nextFire = (rules: Rotation, now: number): number | undefined =>
  rules.scheduleExpression === undefined
    ? rules.automaticallyAfterDays === undefined
      ? undefined
      : now + rules.automaticallyAfterDays * DAY_MS
    : parseScheduleExpression(rules.scheduleExpression, 'UTC', now).after(now);
