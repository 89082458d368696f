import * as z from 'zod';
import { Timestamp, timestamp } from '../actions/identity.ts';
import { PolicyGateReason } from './gate-basis.ts';
import { UnusableReason } from './observation.ts';
import { ageShare } from './passing-time.ts';
import { policyView } from './policy-view.ts';
import { SourceId, type SourceRecord } from './source.ts';
import type { SourceState } from './source-state.ts';
import { STANDINGS, type StandingWord } from './standing.ts';

/** How every watched page is doing, the one with the least slack first. Retired ones are left out. */
export const PolicyHealthView = z.strictObject({
  at: Timestamp,
  /** Whether an action that requires all of them would be allowed. */
  ok: z.boolean(),
  /** Seconds; null where nothing was verified yet. */
  oldestVerificationSeconds: z.int().nullable(),
  sources: z.array(
    z.strictObject({
      source: SourceId,
      title: z.string(),
      standing: z.enum(Object.keys(STANDINGS) as [StandingWord, ...StandingWord[]]),
      ageSeconds: z.int().nullable(),
      slackSeconds: z.int(),
      /** Percent of the allowed age that is used up. */
      ageUsedPercent: z.int().nullable(),
      flapsPerDay: z.int(),
      /** Unusable looks in a row, and why. */
      failing: z
        .strictObject({ since: Timestamp, reason: UnusableReason, detail: z.string(), count: z.int() })
        .nullable(),
      reasons: z.array(PolicyGateReason),
      nextCheckAt: Timestamp.nullable(),
    }),
  ),
});
export type PolicyHealthView = z.infer<typeof PolicyHealthView>;

export const policyHealth = (
  records: readonly SourceRecord[],
  states: ReadonlyMap<string, SourceState>,
  now: number,
): PolicyHealthView => {
  const sources = records
    .filter(({ retired }) => !retired)
    .map((record) => {
      const state = states.get(record.source.id);
      const view = policyView(record, state, now);
      const share = state === undefined ? undefined : ageShare(state, record.source, now);
      return {
        source: record.source.id,
        title: record.source.title ?? record.source.id,
        standing: view.standing,
        ageSeconds: view.ageSeconds,
        slackSeconds: view.slackSeconds,
        ageUsedPercent: share === undefined ? null : Math.round(share),
        flapsPerDay: view.flapsPerDay,
        failing: view.incident,
        reasons: view.reasons,
        nextCheckAt: view.nextCheckAt,
      };
    })
    .toSorted((one, other) => one.slackSeconds - other.slackSeconds || (one.source < other.source ? -1 : 1));
  const ages = sources.flatMap(({ ageSeconds }) => (ageSeconds === null ? [] : [ageSeconds]));
  return {
    at: timestamp(now),
    ok: sources.every(({ reasons }) => reasons.length === 0),
    oldestVerificationSeconds: ages.length === 0 ? null : Math.max(...ages),
    sources,
  };
};
