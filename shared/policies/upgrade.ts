import type { Timestamp } from '../actions/identity.ts';
import type { Capture } from './capture.ts';
import { reason } from './class-reasons.ts';
import type { PageContent } from './content.ts';
import { remember } from './known-states.ts';
import type { ClassReason, Observation } from './observation.ts';
import { isAccepted, relate } from './relate.ts';
import { raise } from './raise-change.ts';
import { forget, rowOf } from './observe-row.ts';
import { mostSevere } from './severity.ts';
import { kept, type Sight } from './sighting.ts';
import { configHash, type PolicySource } from './source.ts';
import type { PageState, SourceState } from './source-state.ts';

/** Stored bytes of the states of a source, read again by the reader and the configuration of today. */
export interface ReRead {
  readonly acknowledged?: PageContent | undefined;
  /** Needed where it is another state than the acknowledged one. */
  readonly current?: PageContent | undefined;
}

export interface UpgradeStep {
  readonly source: PolicySource;
  /** Key of the observation row; the check of that slot uses other readings. */
  readonly slot: Timestamp;
  readonly reading: number;
  readonly at: Timestamp;
}

/** Nobody fetched anything: the bytes are those of the look that the state tells of. */
const storedCapture = (state: SourceState, { source, slot, reading, at }: UpgradeStep): Capture => ({
  schemaVersion: 1,
  source: source.id,
  slot,
  reading,
  fetchedAt: at,
  fetcher: 'replay',
  url: source.url,
  finalUrl: state.current?.finalUrl ?? source.url,
  chain: [],
  headers: {},
  rawBytes: 0,
  notModified: false,
  robots: 'not-asked',
});

const isOf = (place: PageState | null, content: PageContent | undefined): content is PageContent =>
  place !== null && content !== undefined && content.hashes.raw === place.hashes.raw;

const reHash = (place: PageState, content: PageContent): PageState => ({ ...place, hashes: content.hashes });

/** The acknowledgement goes with the bytes that it was given for; learned and remembered hashes are worth nothing now. */
const carry = (state: SourceState, acknowledged: PageContent, at: Timestamp): SourceState => {
  const { acknowledged: place } = state;
  if (place === null) return state;
  const agreed = reHash(place, acknowledged);
  const next: SourceState = {
    ...state,
    extractor: acknowledged.extractor,
    acknowledged: agreed,
    current: state.current === null ? null : agreed,
    candidate: null,
    pending: null,
    volatile: [],
    validators: null,
    known: [],
  };
  const changeId = /^[0-9a-f]{32}$/.test(state.acknowledgement ?? '') ? state.acknowledgement : undefined;
  return {
    ...next,
    known: remember(
      [],
      {
        hashes: agreed.hashes,
        content: acknowledged,
        firstSeenAt: place.firstSeenAt,
        at,
        acknowledged: true,
        changeId,
      },
      kept(next),
    ),
  };
};

/**
 * What a new reader or an edited source makes of bytes that are stored: never a change of the provider, never fresher
 * than the fetch was. With a new reader alone the acknowledgement is carried over to the hashes of today, and a change
 * that waits stays one, bound to its own. An edited source waits for a person again. Null where nothing has to be
 * done, or where the bytes do not do: then the next look makes a baseline.
 */
export const upgrade = (
  state: SourceState,
  reRead: ReRead,
  step: UpgradeStep,
): { readonly state: SourceState; readonly observation: Observation } | null => {
  const { source, at } = step;
  const edited = state.configHash !== configHash(source);
  const content = reRead.current ?? reRead.acknowledged;
  if (content === undefined || (!edited && content.extractor === state.extractor)) return null;
  const capture = storedCapture(state, step);
  const row = rowOf({ source, capture }, content.extractor);
  const sight: Sight = { source, capture, content, prior: {}, at, confirmMs: 0 };
  const done = (next: SourceState, reasons: readonly ClassReason[]) => ({
    // These are bytes of an earlier fetch: nothing became fresher, and the check of this slot is still to come.
    state: {
      ...next,
      version: state.version + 1,
      verifiedAt: state.verifiedAt,
      slackWarned: state.slackWarned,
    },
    observation: {
      ...row,
      usable: true,
      class: 'extractor_upgrade' as const,
      reasons: [...reasons],
      hashes: content.hashes,
      removed: content.removed.slice(0, 100),
      ...(next.pending === null ? {} : { changeId: next.pending.changeId, severity: next.pending.severity }),
    },
  });
  const waiting = (why: ClassReason) =>
    done(
      raise(forget(state, sight), sight, {
        class: 'baseline',
        reasons: [why],
        since: at,
        severity: mostSevere(['medium', source.severityFloor]),
      }).state,
      [why],
    );
  if (edited)
    return isOf(state.current ?? state.acknowledged, content) ? waiting(reason('CONFIG_CHANGED')) : null;
  const why = reason('EXTRACTOR_CHANGED', `${state.extractor} became ${content.extractor}`);
  if (state.pending?.class === 'baseline' || state.acknowledged === null)
    return isOf(state.current, content) ? waiting(why) : null;
  if (!isOf(state.acknowledged, reRead.acknowledged)) return null;
  const carried = carry(state, reRead.acknowledged, at);
  if (state.pending === null) return done(carried, [why, reason('AUTO_ACKNOWLEDGED')]);
  if (!isOf(state.current, reRead.current)) return null;
  const relation = relate(
    { hashes: reRead.acknowledged.hashes, content: reRead.acknowledged },
    reRead.current,
    {
      volatile: [],
      at,
    },
  );
  if (isAccepted(relation)) return done(carried, [why, reason('CHANGE_VOID', state.pending.changeId)]);
  const raised = raise(
    carried,
    { ...sight, prior: { acknowledged: reRead.acknowledged } },
    {
      class: state.pending.class,
      reasons: state.pending.reasons.slice(0, 18),
      since: state.pending.since,
      severity: state.pending.severity,
    },
  );
  return done(raised.state, [why, reason('REPLACED', state.pending.changeId)]);
};
