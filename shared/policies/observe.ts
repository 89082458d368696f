import { epochMs } from '../actions/identity.ts';
import type { Capture } from './capture.ts';
import { reason } from './class-reasons.ts';
import { EXTRACTOR_VERSION, type PageContent } from './content.ts';
import { recover, suffer } from './incident.ts';
import { judgeReturn } from './known-states.ts';
import type { ClassReason, Judgement, Observation } from './observation.ts';
import { forget, rowOf, unusableRow, usableRow } from './observe-row.ts';
import { isAccepted, relate } from './relate.ts';
import { isCandidate, isSizeShift, quarantined } from './quarantine.ts';
import { baseOf, propose, raise, stillPending } from './raise-change.ts';
import { remindOfDays } from './scheduled.ts';
import { accept } from './settle-sight.ts';
import { mostSevere } from './severity.ts';
import { type Prior, sameText, type Sight, type Verdict } from './sighting.ts';
import { configHash, type PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';
import { learn, movedCounters } from './volatile.ts';

/** One look at a page, whatever came of it. */
export interface Seen {
  readonly source: PolicySource;
  readonly capture: Capture;
  readonly judgement: Judgement;
  /** What was read. Needed where the judgement is usable, unless the capture is a 304. */
  readonly content?: PageContent | undefined;
}

export interface Timing {
  /** The second fetch confirms only what was first seen at least this long before. */
  readonly confirmSeconds: number;
}

/** A source that was never looked at, due at once. */
export const newSourceState = (source: PolicySource, at: string): SourceState => ({
  schemaVersion: 1,
  source: source.id,
  version: 0,
  configHash: configHash(source),
  extractor: EXTRACTOR_VERSION,
  lastObservedAt: null,
  lastSlot: null,
  acknowledged: null,
  current: null,
  verifiedAt: null,
  candidate: null,
  pending: null,
  known: [],
  volatile: [],
  incident: null,
  flaps: [],
  scheduled: [],
  validators: null,
  movedTo: null,
  nextCheckAt: at,
  slackWarned: 0,
  notices: [],
});

/** Of the bytes that a 304 vouches for, where that counts: same reader, same configuration, last usable capture. */
const notModifiedContent = (state: SourceState, seen: Seen, prior: Prior): PageContent | undefined => {
  const { validators } = state;
  if (validators === null || state.configHash !== configHash(seen.source)) return undefined;
  const places = [
    [state.candidate, prior.candidate],
    [state.current, prior.current],
    [state.acknowledged, prior.acknowledged],
  ] as const;
  for (const [place, content] of places)
    if (
      place?.hashes.raw === validators.raw &&
      content?.hashes.semantic === place.hashes.semantic &&
      content.extractor === state.extractor &&
      content.configHash === state.configHash
    )
      return { ...content, hashes: { ...content.hashes, raw: validators.raw } };
  return undefined;
};

type Usable =
  | { readonly usable: true; readonly content: PageContent; readonly reasons: readonly ClassReason[] }
  | Extract<Judgement, { usable: false }>;

/** The judge's word, but for bytes that are known (a 304, a size that was seen before or that came to stay). */
const usability = (state: SourceState, seen: Seen, prior: Prior): Usable => {
  const { judgement, capture } = seen;
  if (judgement.usable) {
    const content = capture.notModified ? notModifiedContent(state, seen, prior) : seen.content;
    if (content !== undefined)
      return { usable: true, content, reasons: capture.notModified ? [reason('NOT_MODIFIED')] : [] };
    return capture.notModified
      ? {
          usable: false,
          reason: 'VALIDATORS_STALE',
          detail:
            'The server said 304 to validators that vouch for nothing that is known. Fetch without them.',
        }
      : { usable: false, reason: 'EMPTY', detail: 'Nothing was read off the bytes.' };
  }
  const body = quarantined(seen.content, prior.current, judgement.reason);
  if (body === undefined) return judgement;
  const { content } = body;
  const places = [state.current, state.candidate, baseOf(state)];
  const isKnown =
    judgement.reason !== 'CUT_OFF' &&
    (places.some((place) => place?.hashes.semantic === content.hashes.semantic) ||
      (state.candidate !== null && isCandidate(content, prior.candidate)) ||
      judgeReturn(state.known, content, capture.fetchedAt).kind === 'accepted');
  if (isKnown) return { usable: true, content, reasons: [reason('RECOGNISED', judgement.detail)] };
  return isSizeShift(state.incident, judgement, body, capture.fetchedAt)
    ? { usable: true, content, reasons: [reason('SIZE_SHIFT', judgement.detail)] }
    : judgement;
};

const baseline = (state: SourceState, sight: Sight, reasons: readonly ClassReason[]): Verdict =>
  raise(state, sight, {
    class: 'baseline',
    reasons,
    since: sight.at,
    severity: mostSevere(['medium', sight.source.severityFloor]),
  });

const classify = (state: SourceState, sight: Sight): Verdict => {
  const { content, prior, at, source } = sight;
  if (state.configHash !== configHash(source))
    return baseline(forget(state, sight), sight, [reason('CONFIG_CHANGED')]);
  if (state.extractor !== content.extractor)
    return baseline(forget(state, sight), sight, [
      reason('EXTRACTOR_CHANGED', `${state.extractor} became ${content.extractor}`),
    ]);
  if (state.acknowledged === null && state.pending === null) return baseline(state, sight, []);
  const still = stillPending(state, sight);
  if (still !== null) return still;
  const base = baseOf(state);
  if (base === null) return propose(state, sight, { class: 'baseline', reasons: [] });
  const relation = relate({ hashes: base.hashes, content: prior.acknowledged }, content, {
    volatile: state.volatile,
    at,
  });
  if (isAccepted(relation)) return accept(state, sight, { how: 'acknowledged', relation });
  // How late a return is counts from when the page came back, not from the look that makes it certain.
  const cameBackAt =
    state.candidate !== null && sameText(state.candidate.hashes, content.hashes)
      ? state.candidate.firstSeenAt
      : at;
  const back = judgeReturn(state.known, content, cameBackAt);
  if (back.kind === 'accepted')
    return accept(state, sight, { how: 'known', known: back.known, reason: back.reason });
  return propose(state, sight, {
    class: relation.kind === 'volatile' ? 'text_changed' : relation.kind,
    // Of the text that is acknowledged, the relation says more of the links than the window does.
    reasons:
      back.reason === undefined || (back.kind === 'unknown' && relation.kind === 'links_changed')
        ? relation.reasons
        : [back.reason, ...relation.reasons],
  });
};

const relearn = (state: SourceState, sight: Sight): SourceState => {
  const before = state.candidate === null ? sight.prior.current : sight.prior.candidate;
  const place = state.candidate ?? state.current;
  if (before === undefined || place?.hashes.semantic === sight.content.hashes.semantic) return state;
  return { ...state, volatile: learn(state.volatile, movedCounters(before, sight.content), sight.at) };
};

const validatorsOf = (capture: Capture, raw: string): SourceState['validators'] => {
  const etag = capture.headers['etag'];
  const lastModified = capture.headers['last-modified'];
  const usableEtag = etag !== undefined && etag.length <= 400;
  const usableModified = lastModified !== undefined && lastModified.length <= 100;
  if (!usableEtag && !usableModified) return null;
  return {
    ...(usableEtag ? { etag } : {}),
    ...(usableModified ? { lastModified } : {}),
    raw,
    fetchedAt: capture.fetchedAt,
  };
};

/** A look that comes too late, or twice, is recorded and moves nothing. */
const stale = (state: SourceState, { capture }: Seen): ClassReason | null => {
  if (capture.slot === state.lastSlot && capture.reading <= (state.lastReading ?? 0))
    return reason('DUPLICATE');
  return state.lastObservedAt !== null && capture.fetchedAt <= state.lastObservedAt
    ? reason('OUT_OF_ORDER', `The page was last seen at ${state.lastObservedAt}.`)
    : null;
};

/**
 * What one look at a page means: the next state of the source, one version on, and the row that records it. Nothing
 * else decides a class, raises or voids a change, or moves freshness. Pure and total: whatever the capture is, there
 * is an answer. `prior` holds the contents behind `state.acknowledged`, `state.current` and `state.candidate`; one
 * that is missing makes the answer stricter, never more lenient. The caller sets `nextCheckAt` and hands over notices.
 */
export const observe = (
  state: SourceState,
  seen: Seen,
  prior: Prior,
  timing: Timing,
): { readonly state: SourceState; readonly observation: Observation } => {
  const { capture, source } = seen;
  const at = capture.fetchedAt;
  const row = rowOf(seen, state.extractor);
  const late = stale(state, seen);
  const reading = usability(state, seen, prior);
  if (late !== null) {
    const observation = reading.usable
      ? { ...row, usable: true, hashes: reading.content.hashes, reasons: [late] }
      : { ...unusableRow(row, reading), reasons: [late] };
    return { state: { ...state, version: state.version + 1 }, observation };
  }
  const next = remindOfDays(
    {
      ...state,
      version: state.version + 1,
      lastObservedAt: at,
      ...(state.lastSlot === null || capture.slot >= state.lastSlot
        ? { lastSlot: capture.slot, lastReading: capture.reading }
        : {}),
    },
    at,
  );
  if (!reading.usable)
    return {
      state: suffer(next, capture, reading, quarantined(seen.content, prior.current, reading.reason)),
      observation: unusableRow(row, reading),
    };
  const { content } = reading;
  const sight: Sight = {
    source,
    capture,
    content,
    prior,
    at,
    confirmMs: Math.max(0, timing.confirmSeconds) * 1000,
  };
  const known = recover(next, at);
  const verdict = classify(known, sight);
  const learned =
    verdict.state.volatile === known.volatile ? relearn(known, sight).volatile : verdict.state.volatile;
  return {
    state: {
      ...verdict.state,
      volatile: learned,
      validators: capture.notModified ? state.validators : validatorsOf(capture, content.hashes.raw),
    },
    observation: usableRow(row, content, { ...verdict, reasons: [...reading.reasons, ...verdict.reasons] }),
  };
};

/** Milliseconds until a candidate may be confirmed, counted from `at`; null where none waits. */
export const confirmIn = (state: SourceState, at: string, { confirmSeconds }: Timing): number | null =>
  state.candidate === null
    ? null
    : Math.max(0, epochMs(state.candidate.firstSeenAt) + confirmSeconds * 1000 - epochMs(at));
