import * as z from 'zod';
import { epochMs, Timestamp, timestamp } from '../actions/identity.ts';
import { flapsPerDay } from './flaps.ts';
import { type Observation, UnusableReason } from './observation.ts';
import { ageShare } from './passing-time.ts';
import { type SourceRecord } from './source.ts';
import { SourceId } from './source-id.ts';
import type { SourceState } from './source-state.ts';
import { sourceStanding, STANDINGS, type StandingWord } from './standing.ts';

/** How a source is doing: from its state, and from the checks of a window. */
export const SourceHealth = z.strictObject({
  source: SourceId,
  provider: z.string(),
  standing: z.enum(Object.keys(STANDINGS) as [StandingWord, ...StandingWord[]]),
  verifiedAt: Timestamp.nullable(),
  ageSeconds: z.int().nullable(),
  /** Seconds until it is stale; 0 where it is. */
  slackSeconds: z.int(),
  /** Percent of its allowed age that the last verification has used up. */
  agePercent: z.int().nullable(),
  nextCheckAt: Timestamp.nullable(),
  /** It should have been looked at more than an hour ago. */
  overdue: z.boolean(),
  incident: z.strictObject({ since: Timestamp, reason: UnusableReason, count: z.int() }).nullable(),
  flapsPerDay: z.int(),
  checks: z.int(),
  usable: z.int(),
  /** Unusable checks of the window by reason. */
  failures: z.partialRecord(UnusableReason, z.int()),
  /** Notices that nobody was mailed yet. */
  untold: z.int(),
});
export type SourceHealth = z.infer<typeof SourceHealth>;

export const PolicyHealth = z.strictObject({
  at: Timestamp,
  /** Of the sources in service (a person has approved a capture): the oldest verification. */
  oldest: z
    .strictObject({ source: SourceId, verifiedAt: Timestamp.nullable(), ageSeconds: z.int().nullable() })
    .nullable(),
  inService: z.int(),
  refusing: z.int(),
  incidents: z.int(),
  sources: z.array(SourceHealth),
});
export type PolicyHealth = z.infer<typeof PolicyHealth>;

/** Days of observations that failures are counted over. */
export const HEALTH_WINDOW_DAYS = 7;
const OVERDUE_MS = 3_600_000;

/**
 * Health of one source now.
 * @param observations those of the window, in any order
 * @param now epoch milliseconds
 */
export const sourceHealth = (
  record: SourceRecord,
  state: SourceState | undefined,
  observations: readonly Observation[],
  now: number,
): SourceHealth => {
  const { word, ageSeconds, slackSeconds } = sourceStanding(record, state, now);
  const failures: SourceHealth['failures'] = {};
  for (const { unusable } of observations)
    if (unusable !== undefined) failures[unusable.reason] = (failures[unusable.reason] ?? 0) + 1;
  const share = state === undefined ? undefined : ageShare(state, record.source, now);
  const { incident } = state ?? { incident: null };
  return {
    source: record.source.id,
    provider: record.source.provider,
    standing: word,
    verifiedAt: state?.verifiedAt ?? null,
    ageSeconds,
    slackSeconds,
    agePercent: share === undefined ? null : Math.round(share),
    nextCheckAt: state?.nextCheckAt ?? null,
    overdue: !record.retired && state !== undefined && now - epochMs(state.nextCheckAt) > OVERDUE_MS,
    incident:
      incident === null ? null : { since: incident.since, reason: incident.reason, count: incident.count },
    flapsPerDay: state === undefined ? 0 : flapsPerDay(state, timestamp(now)),
    checks: observations.length,
    usable: observations.filter(({ usable }) => usable).length,
    failures,
    untold: state?.notices.length ?? 0,
  };
};

/** Whether a person has approved a capture of a source, so that actions may rest on it. */
export const isInService = (record: SourceRecord, state: SourceState | undefined): boolean =>
  !record.retired && state !== undefined && state.acknowledged !== null;

/** Health of everything that is watched, the oldest verification first. */
export const policyHealth = (
  seen: readonly {
    readonly record: SourceRecord;
    readonly state: SourceState | undefined;
    readonly observations: readonly Observation[];
  }[],
  now: number,
): PolicyHealth => {
  const rows = seen.map(({ record, state, observations }) => ({
    inService: isInService(record, state),
    health: sourceHealth(record, state, observations, now),
    refuses: !record.retired && sourceStanding(record, state, now).reasons.length > 0,
  }));
  const ageOf = ({ ageSeconds }: SourceHealth): number => ageSeconds ?? Number.MAX_SAFE_INTEGER;
  const oldest = rows
    .filter(({ inService }) => inService)
    .map(({ health }) => health)
    .toSorted((one, other) => ageOf(other) - ageOf(one))[0];
  return {
    at: timestamp(now),
    oldest:
      oldest === undefined
        ? null
        : { source: oldest.source, verifiedAt: oldest.verifiedAt, ageSeconds: oldest.ageSeconds },
    inService: rows.filter(({ inService }) => inService).length,
    refusing: rows.filter(({ refuses }) => refuses).length,
    incidents: rows.filter(({ health }) => health.incident !== null).length,
    sources: rows.map(({ health }) => health).toSorted((one, other) => ageOf(other) - ageOf(one)),
  };
};
