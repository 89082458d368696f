import { sha256 } from '../actions/canonical-json.ts';
import { epochMs } from '../actions/identity.ts';
import { reason } from './class-reasons.ts';
import { findKnown, leave, remember } from './known-states.ts';
import { documentOf } from './link-documents.ts';
import { notify, voidNotice } from './notices.ts';
import type { ChangeClass, ClassReason } from './observation.ts';
import type { Relation } from './relate.ts';
import { dropCandidate, flapFrom, kept, pageState, type Sight, type Verdict, verify } from './sighting.ts';
import type { KnownState, SourceState } from './source-state.ts';

/** Why the page may say this without anybody being asked. */
export type Acceptance =
  | { readonly how: 'acknowledged'; readonly relation: Relation }
  | { readonly how: 'known'; readonly known: KnownState; readonly reason: ClassReason };

const classOf = (acceptance: Acceptance): ChangeClass => {
  if (acceptance.how === 'known') return 'known_variant';
  const { kind } = acceptance.relation;
  return kind === 'volatile' ? 'known_variant' : kind;
};

const reasonsOf = (acceptance: Acceptance): readonly ClassReason[] => {
  if (acceptance.how === 'known') return [acceptance.reason, reason('AUTO_ACKNOWLEDGED')];
  const { kind, reasons } = acceptance.relation;
  return kind === 'unchanged' ? reasons : [...reasons, reason('AUTO_ACKNOWLEDGED')];
};

/** The base of every diff follows the page along what was acknowledged; noise inside a state never moves it. */
const rebase = (state: SourceState, sight: Sight, acceptance: Acceptance): SourceState => {
  const { acknowledged } = state;
  if (acceptance.how === 'known')
    return {
      ...state,
      acknowledged: pageState(sight, acceptance.known.firstSeenAt),
      acknowledgement: acceptance.known.changeId ?? 'auto',
    };
  if (acceptance.relation.kind === 'republished')
    return { ...state, acknowledged: pageState(sight), acknowledgement: 'auto' };
  return acknowledged === null
    ? state
    : { ...state, acknowledged: { ...acknowledged, lastSeenAt: sight.at } };
};

/** Told once for each new address; the text is what it was, so nothing waits for anybody. */
const tellMoved = (state: SourceState, sight: Sight): { state: SourceState; reasons: ClassReason[] } => {
  const before = state.current?.finalUrl;
  const now = sight.capture.finalUrl;
  if (before === undefined || documentOf(before) === documentOf(now)) return { state, reasons: [] };
  return {
    state: notify(state, {
      noticeId: `moved-to#${sha256(documentOf(now)).slice(0, 32)}`,
      kind: 'MOVED',
      at: sight.at,
      detail: `${before} became ${now}`,
    }),
    reasons: [reason('FINAL_URL', `${before} became ${now}`)],
  };
};

/** The page shows an accepted state and nothing waits: it is verified. */
const settle = (
  start: SourceState,
  sight: Sight,
  acceptance: Acceptance,
  more: readonly ClassReason[],
): Verdict => {
  const { at, content } = sight;
  const cls = classOf(acceptance);
  const before = start.candidate ?? start.current;
  const leftAt = start.candidate?.firstSeenAt ?? at;
  const dropped = dropCandidate(start, sight);
  const moved = tellMoved(dropped.state, sight);
  const old = moved.state.acknowledged;
  const stays =
    acceptance.how === 'acknowledged' && acceptance.relation.kind !== 'republished' && old !== null;
  // Noise inside the acknowledged state, a counter say, is that state.
  const key = stays ? old.hashes : content.hashes;
  const calm =
    acceptance.how === 'acknowledged' && acceptance.relation.kind !== 'unchanged' && start.candidate === null;
  const flapped = calm ? { state: moved.state, returned: false } : flapFrom(moved.state, before, key, at);
  const left = stays || old === null ? flapped.state.known : leave(flapped.state.known, old.hashes, leftAt);
  const based = rebase(flapped.state, sight, acceptance);
  const next: SourceState = {
    ...based,
    current: pageState(sight, findKnown(left, key)?.firstSeenAt ?? at),
  };
  const known = remember(
    left,
    {
      hashes: key,
      content: stays ? sight.prior.acknowledged : content,
      firstSeenAt: at,
      at,
      acknowledged: true,
      returned: flapped.returned,
      changeId: cls === 'republished' ? start.acknowledgement?.match(/^[0-9a-f]{32}$/)?.[0] : undefined,
    },
    kept(next),
  );
  return {
    state: verify({ ...next, known }, at),
    class: moved.reasons.length > 0 && (cls === 'unchanged' || cls === 'cosmetic') ? 'moved' : cls,
    reasons: [...reasonsOf(acceptance), ...moved.reasons, ...dropped.reasons, ...more],
    removed: acceptance.how === 'acknowledged' ? acceptance.relation.removed : [],
    verified: true,
    severity: cls === 'unchanged' ? undefined : 'info',
  };
};

/** The change that waited is void. It is remembered, so that people are not told again of every return to it. */
export const voidPending = (state: SourceState, sight: Sight, leftAt: string): SourceState => {
  const { pending, current } = state;
  if (pending === null || current === null) return state;
  const hashes = { ...pending.to, raw: current.hashes.raw };
  const known = leave(
    remember(
      state.known,
      {
        hashes,
        content: sight.prior.current,
        firstSeenAt: pending.since,
        at: current.lastSeenAt,
        changeId: pending.changeId,
      },
      kept(state),
    ),
    hashes,
    leftAt,
  );
  const next: SourceState = { ...state, known, pending: null };
  return pending.firstAcknowledgement === undefined
    ? next
    : notify(next, {
        noticeId: voidNotice(pending.changeId),
        kind: 'CHANGE',
        at: sight.at,
        detail: `The first acknowledgement, by ${pending.firstAcknowledgement.by}, is void: the page changed again.`,
      });
};

/**
 * The page shows a state that needs nobody. Where a change waits, one look is not enough to void it: the page has to
 * stay, as it has to for a change (a single stale cache must not open the gate).
 */
export const accept = (state: SourceState, sight: Sight, acceptance: Acceptance): Verdict => {
  if (state.pending === null) return settle(state, sight, acceptance, []);
  const { candidate } = state;
  const since = candidate?.returning === true ? candidate.firstSeenAt : sight.at;
  if (candidate?.returning === true && epochMs(sight.at) - epochMs(since) >= sight.confirmMs) {
    const back = { ...voidPending(state, sight, since), candidate: null };
    return settle(back, sight, acceptance, [reason('CHANGE_VOID', state.pending.changeId)]);
  }
  const dropped = candidate?.returning === true ? { state, reasons: [] } : dropCandidate(state, sight);
  return {
    state: { ...dropped.state, candidate: { ...pageState(sight, since), returning: true } },
    class: classOf(acceptance),
    reasons: [...reasonsOf(acceptance), reason('RETURN_AWAITS_CONFIRMATION'), ...dropped.reasons],
    candidate: true,
    changeId: state.pending.changeId,
  };
};
