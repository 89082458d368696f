import { timestamp } from '../actions/identity.ts';
import { flapsPerDay } from './flaps.ts';
import type { PolicyView } from './policy-view.ts';
import type { SourceRecord } from './source.ts';
import type { SourceState } from './source-state.ts';
import { sourceStanding } from './standing.ts';

/** The public form of a source and its state. */
export const policyView = (record: SourceRecord, state: SourceState | undefined, now: number): PolicyView => {
  const { word, reasons, ageSeconds, slackSeconds } = sourceStanding(record, state, now);
  return {
    source: record.source,
    version: record.version,
    retired: record.retired,
    standing: word,
    reasons: [...reasons],
    verifiedAt: state?.verifiedAt ?? null,
    ageSeconds,
    slackSeconds,
    nextCheckAt: record.retired ? null : (state?.nextCheckAt ?? null),
    acknowledged: state?.acknowledged ?? null,
    acknowledgement: state?.acknowledgement ?? null,
    candidateSince: state?.candidate?.firstSeenAt ?? null,
    pending: state?.pending ?? null,
    incident:
      state === undefined || state.incident === null
        ? null
        : {
            since: state.incident.since,
            reason: state.incident.reason,
            detail: state.incident.detail,
            count: state.incident.count,
          },
    movedTo: state?.movedTo ?? null,
    scheduled: state?.scheduled ?? [],
    flapsPerDay: state === undefined ? 0 : flapsPerDay(state, timestamp(now)),
    proposedBy: record.proposal?.by ?? null,
  };
};
