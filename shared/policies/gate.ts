import { epochMs, timestamp } from '../actions/identity.ts';
import { type BreakGlass, inForce } from './break-glass.ts';
import { FLAPS_PER_DAY, flapsPerDay } from './flaps.ts';
import type { OverriddenReason, PolicyBasis, PolicyEvidence, PolicyGateReason } from './gate-basis.ts';
import { GATE_REASONS, type GateReasonCode } from './gate-reasons.ts';
import type { SourceRecord } from './source.ts';
import { isBaseline, type SourceState } from './source-state.ts';

/** What is stored of one required source at this moment, or that it cannot be understood. */
export type SourceReading =
  | {
      readonly kind: 'read';
      readonly record: SourceRecord | undefined;
      readonly state: SourceState | undefined;
    }
  | { readonly kind: 'unreadable'; readonly detail: string };

export interface PolicyGateInput {
  /** Ids of every source that the action requires. */
  readonly required: readonly string[];
  /** By id. A required source without an entry counts as unreadable. */
  readonly readings: ReadonlyMap<string, SourceReading>;
  /** What two operators of the project set aside; whatever is over counts for nothing. */
  readonly breakGlass: readonly BreakGlass[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Whether it may go on, and everything that this rests on. */
export interface PolicyGateResult extends PolicyBasis {
  readonly allowed: boolean;
}

const DAY_MS = 86_400_000;
/** Age of the last verification, and what is left of what the source allows; in milliseconds. */
const ageOf = (record: SourceRecord, state: SourceState, now: number) => {
  const limitMs = record.source.maxAgeDays * DAY_MS;
  const ageMs = state.verifiedAt === null ? undefined : now - epochMs(state.verifiedAt);
  return { ageMs, limitMs, slackMs: ageMs === undefined ? 0 : Math.max(0, limitMs - ageMs) };
};

/** It goes back and forth, and not all that it shows was acknowledged. */
const isUnstable = (state: SourceState, now: number): boolean =>
  flapsPerDay(state, timestamp(now)) > FLAPS_PER_DAY &&
  state.known.some(({ acknowledged, lastSeenAt }) => !acknowledged && !(now - epochMs(lastSeenAt) >= DAY_MS));

const shortly = (text: string): string => (text.length <= 120 ? text : `${text.slice(0, 119)}…`);

/** Every reason that one source gives, with what is particular about it here. */
const reasonsOf = (reading: SourceReading | undefined, now: number): readonly [GateReasonCode, string][] => {
  if (reading === undefined) return [['READ_ERROR', 'It was not read.']];
  if (reading.kind === 'unreadable') return [['READ_ERROR', reading.detail]];
  const { record, state } = reading;
  if (record === undefined) return [['MISSING', 'It is not in the registry of sources.']];
  if (record.retired) return [['MISSING', `It was retired on ${record.changedAt}.`]];
  if (state === undefined) return [['BASELINE_PENDING', 'It was never captured.']];
  const found: [GateReasonCode, string][] = [];
  const { pending, candidate } = state;
  if (state.acknowledged === null) found.push(['BASELINE_PENDING', 'No capture of it was ever approved.']);
  else if (state.configHash !== record.configHash)
    found.push(['BASELINE_PENDING', 'Its address or selectors were edited after the last capture.']);
  else if (pending !== null && isBaseline(pending))
    found.push(['BASELINE_PENDING', 'A baseline waits for approval.']);
  const { ageMs, limitMs } = ageOf(record, state, now);
  if (ageMs === undefined) found.push(['STALE', 'It was never verified.']);
  else if (!(ageMs >= 0)) found.push(['FUTURE_VERIFIED', `It says it was verified at ${state.verifiedAt}.`]);
  // Written so that an age that is not a number counts as stale.
  else if (!(ageMs < limitMs))
    found.push([
      'STALE',
      `It was last verified at ${state.verifiedAt}; ${record.source.maxAgeDays} days are allowed.`,
    ]);
  if (state.movedTo !== null) found.push(['SOURCE_MOVED', `It points to ${shortly(state.movedTo)}.`]);
  else if (pending?.class === 'moved') found.push(['SOURCE_MOVED', 'Its address changed.']);
  if (pending !== null && !isBaseline(pending))
    found.push(['UNACKED_DIFF', `Change ${pending.changeId} (${pending.severity}) since ${pending.since}.`]);
  if (candidate !== null && record.source.critical)
    found.push(['CANDIDATE', `Something new is there since ${candidate.firstSeenAt}.`]);
  if (isUnstable(state, now))
    found.push([
      'UNSTABLE',
      `It went back and forth ${flapsPerDay(state, timestamp(now))} times within a day.`,
    ]);
  return found;
};

const evidenceOf = (source: string, reading: SourceReading | undefined): PolicyEvidence[] => {
  if (reading?.kind !== 'read' || reading.state === undefined) return [];
  const { acknowledged, verifiedAt, acknowledgement } = reading.state;
  if (acknowledged === null || verifiedAt === null) return [];
  const { semantic, canonical } = acknowledged.hashes;
  return [{ source, semantic, canonical, verifiedAt, acknowledgement: acknowledgement ?? null }];
};

const slackOf = (reading: SourceReading | undefined, now: number): number => {
  if (reading?.kind !== 'read' || reading.record === undefined || reading.state === undefined) return 0;
  return Math.floor(ageOf(reading.record, reading.state, now).slackMs / 1000);
};

/**
 * Whether an action may go on as far as the policies of its provider are concerned. Closed by default: a source that
 * is absent, unreadable, unapproved, as old as it may be, changed without acknowledgement or dated in the future
 * refuses, each with its own reason, and no source takes away a reason of another. Candidates refuse only where the
 * source is critical. Break-glass sets aside only what it names, and never what is not known.
 */
export const policyGate = ({ required, readings, breakGlass, now }: PolicyGateInput): PolicyGateResult => {
  const sources = [...new Set(required)].toSorted();
  const open = inForce(breakGlass, now);
  const reasons: PolicyGateReason[] = [];
  const overridden: OverriddenReason[] = [];
  for (const source of sources)
    for (const [code, detail] of reasonsOf(readings.get(source), now)) {
      const glass = GATE_REASONS[code].overridable
        ? open.find((one) => one.sources.includes(source) && one.codes.includes(code))
        : undefined;
      const reason = { code, source, detail };
      if (glass === undefined) reasons.push(reason);
      else overridden.push({ ...reason, version: glass.version });
    }
  return {
    allowed: reasons.length === 0,
    reasons,
    overridden,
    slackSeconds:
      sources.length === 0 ? null : Math.min(...sources.map((source) => slackOf(readings.get(source), now))),
    evidence: sources.flatMap((source) => evidenceOf(source, readings.get(source))),
    decidedAt: timestamp(now),
  };
};
