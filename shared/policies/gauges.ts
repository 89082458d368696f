import { epochMs } from '../actions/identity.ts';
import { ageShare } from './passing-time.ts';
import type { SourceRecord } from './source.ts';
import type { SourceState } from './source-state.ts';

/** What alarms watch of the policies, by name (infra/constructs/policy-alarms.ts). */
export const POLICY_GAUGES = {
  /** Age of the oldest verification among sources in service. */
  OldestPolicySeconds: 'Seconds',
  /** The largest share of its allowed age that a verification of a source in service has used up. */
  PolicyAgePercent: 'Percent',
  /** Sources in service that have shown nothing usable for a while. */
  PolicyIncidents: 'Count',
} as const;

/**
 * A line in CloudWatch's embedded metric format. A source is in service once a person has approved a capture of it:
 * until then the gate refuses what requires it, and people have been told.
 */
export const gauges = (
  records: readonly SourceRecord[],
  states: ReadonlyMap<string, SourceState>,
  stage: string,
  nowMs: number,
): Readonly<Record<string, unknown>> => {
  const inService = records.flatMap(({ source, retired }) => {
    const state = states.get(source.id);
    return state === undefined || retired || state.acknowledged === null ? [] : [{ source, state }];
  });
  const ages = inService.map(({ state }) =>
    state.verifiedAt === null ? 0 : Math.max(0, nowMs - epochMs(state.verifiedAt)) / 1000,
  );
  const shares = inService.map(({ source, state }) => ageShare(state, source, nowMs) ?? 0);
  const values: Record<keyof typeof POLICY_GAUGES, number> = {
    OldestPolicySeconds: Math.round(Math.max(0, ...ages)),
    PolicyAgePercent: Math.round(Math.max(0, ...shares)),
    PolicyIncidents: inService.filter(({ state }) => (state.incident?.count ?? 0) > 1).length,
  };
  return {
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: 'Autopack',
          Dimensions: [['Stage']],
          Metrics: Object.entries(POLICY_GAUGES).map(([Name, Unit]) => ({ Name, Unit })),
        },
      ],
    },
    Stage: stage,
    ...values,
  };
};
