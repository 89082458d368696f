import type { Health } from './health.ts';
import { rankOf } from './health.ts';
import type { Age } from './warnings.ts';

/** What alarms watch of the credentials, by name (infra/constructs/alarms.ts). */
export const CREDENTIAL_GAUGES = {
  /** Do not work, or may do less than they should: a person has to mend them. */
  UnhealthyCredentials: 'Count',
  /** Nobody could tell lately whether they work. */
  UnknownCredentials: 'Count',
  /** Older than their policy wants. */
  OverdueCredentials: 'Count',
} as const;

const UNHEALTHY_FROM = rankOf({ status: 'PRESENT', detail: 'insufficient-scope' });

/** Whether a person has to mend it. */
export const isUnhealthy = (health: Health): boolean => rankOf(health) >= UNHEALTHY_FROM;

/** A line in CloudWatch's embedded metric format. Said by every run, so that silence means that none runs. */
export const healthGauges = (
  all: readonly { readonly health: Health; readonly age: Age }[],
  stage: string,
  now: number,
): Readonly<Record<string, unknown>> => {
  const values: Record<keyof typeof CREDENTIAL_GAUGES, number> = {
    UnhealthyCredentials: all.filter(({ health }) => isUnhealthy(health)).length,
    UnknownCredentials: all.filter(
      ({ health }) => health.status === 'UNKNOWN' || health.detail === 'probe-failed',
    ).length,
    OverdueCredentials: all.filter(({ age }) => age.rotation === 'overdue' || age.rotation === 'critical')
      .length,
  };
  return {
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        {
          Namespace: 'Autopack',
          Dimensions: [['Stage']],
          Metrics: Object.entries(CREDENTIAL_GAUGES).map(([Name, Unit]) => ({ Name, Unit })),
        },
      ],
    },
    Stage: stage,
    ...values,
  };
};
