import { epochMs } from '../actions/identity.ts';
import { changeIdOf } from './change-id.ts';
import { reason } from './class-reasons.ts';
import type { PageContent, PageHashes } from './content.ts';
import { diffPages } from './diff-pages.ts';
import { findKnown, keyOf, leave, remember, WINDOW_MS } from './known-states.ts';
import { changeAgainNotice, changeNotice, notify } from './notices.ts';
import type { ChangeClass, ClassReason } from './observation.ts';
import { contentOf, isAccepted, relate } from './relate.ts';
import { schedule } from './scheduled.ts';
import { voidPending } from './settle-sight.ts';
import { mostSevere } from './severity.ts';
import { dropCandidate, flapFrom, kept, pageState, type Sight, type Verdict, verify } from './sighting.ts';
import type { PolicySource } from './source.ts';
import type { Severity } from './source-id.ts';
import type { PageState, SourceState } from './source-state.ts';

/** What a person has to decide on, before it is known whether it stays. */
export interface Change {
  readonly class: ChangeClass;
  readonly reasons: readonly ClassReason[];
}

/** A comparison that is not possible counts as severe: nobody knows what changed. */
const severityOf = (
  from: PageHashes | null,
  base: PageContent | undefined,
  to: PageContent,
  source: PolicySource,
): Severity => {
  const content = from === null ? null : contentOf(from, base);
  return content === undefined
    ? mostSevere(['high', source.severityFloor])
    : diffPages(content, to, source).severity;
};

/** What was acknowledged last and can be compared with; null while a baseline waits, whatever was before it. */
export const baseOf = (state: SourceState): PageState | null =>
  state.pending?.class === 'baseline' ? null : state.acknowledged;

interface Raising extends Change {
  readonly since: string;
  readonly severity: Severity;
}

/** The change is certain: it waits for a person from now on, and people are told unless they just were. */
export const raise = (start: SourceState, sight: Sight, change: Raising): Verdict => {
  const { at, content, source } = sight;
  const { since } = change;
  const base = change.class === 'baseline' ? null : baseOf(start);
  const before = findKnown(start.known, keyOf(content));
  const round = before?.acknowledged === true ? since : before?.round;
  const changeId = changeIdOf(
    source.id,
    start.configHash,
    base?.hashes ?? null,
    content.hashes,
    round ?? null,
  );
  const told = before?.changeId === changeId;
  const again = told && epochMs(at) - epochMs(before.lastSeenAt) <= WINDOW_MS;
  const replaced = start.pending !== null;
  const without = replaced ? voidPending(start, sight, since) : start;
  const left = base === null || replaced ? without.known : leave(without.known, base.hashes, since);
  const reasons = [
    ...change.reasons,
    ...(replaced ? [reason('REPLACED', start.pending?.changeId)] : []),
    ...(again ? [reason('RAISED_AGAIN', before.lastSeenAt)] : []),
  ].slice(0, 20);
  const next: SourceState = {
    ...without,
    current: pageState(sight, since),
    candidate: null,
    pending: {
      changeId,
      from: base?.hashes ?? null,
      to: content.hashes,
      class: change.class,
      reasons,
      severity: change.severity,
      since,
      confirmedAt: at,
    },
  };
  const known = remember(
    left,
    { hashes: content.hashes, content, firstSeenAt: since, at, acknowledged: false, changeId, round },
    kept(next),
  );
  const remembered = schedule(verify({ ...next, known }, at), content, at);
  const baseline = change.class === 'baseline';
  return {
    state: again
      ? remembered
      : notify(remembered, {
          noticeId: told ? changeAgainNotice(changeId, at) : changeNotice(changeId),
          kind: baseline ? 'BASELINE' : 'CHANGE',
          at,
          detail: baseline
            ? 'The text that is read off this page waits for approval.'
            : `${change.class}, ${change.severity}, since ${since}`,
        }),
    class: change.class,
    reasons,
    verified: true,
    alert: !again && !baseline,
    severity: change.severity,
    changeId,
  };
};

/** The page still shows the change that waits. */
export const stillPending = (start: SourceState, sight: Sight): Verdict | null => {
  const { pending, current } = start;
  if (pending === null || current === null) return null;
  const relation = relate({ hashes: current.hashes, content: sight.prior.current }, sight.content, {
    volatile: start.volatile,
    at: sight.at,
  });
  if (!isAccepted(relation)) return null;
  const dropped = dropCandidate(start, sight);
  const { state } = flapFrom(dropped.state, start.candidate, current.hashes, sight.at);
  // The state that waits keeps its hashes: a person acknowledges exactly those. The bytes are those of this look.
  const hashes = { ...current.hashes, raw: sight.content.hashes.raw };
  const known = remember(
    state.known,
    { hashes, content: sight.prior.current, firstSeenAt: current.firstSeenAt, at: sight.at },
    kept(state),
  );
  return {
    state: verify(
      { ...state, known, candidate: null, current: { ...current, hashes, lastSeenAt: sight.at } },
      sight.at,
    ),
    class: pending.class,
    reasons: [...relation.reasons, ...dropped.reasons],
    removed: relation.removed,
    verified: true,
    severity: pending.severity,
    changeId: pending.changeId,
  };
};

/**
 * The page shows something that nobody accepted. The first look makes it a candidate; a later one, late enough, makes
 * it a change, whether it shows the same or yet another such state: the page did not come back.
 */
export const propose = (state: SourceState, sight: Sight, change: Change): Verdict => {
  const { at, content, prior, source } = sight;
  const { candidate } = state;
  const goesOn = candidate !== null && candidate.returning !== true;
  const since = goesOn ? candidate.firstSeenAt : at;
  const base = change.class === 'baseline' ? null : (baseOf(state)?.hashes ?? null);
  const severity = severityOf(base, prior.acknowledged, content, source);
  const isSame =
    goesOn &&
    isAccepted(
      relate({ hashes: candidate.hashes, content: prior.candidate }, content, {
        volatile: state.volatile,
        at,
      }),
    );
  const dropped = isSame || candidate === null ? { state, reasons: [] } : dropCandidate(state, sight);
  if (goesOn && epochMs(at) - epochMs(since) >= sight.confirmMs)
    return raise(dropped.state, sight, {
      ...change,
      reasons: [...change.reasons, reason('CONFIRMED', `First seen at ${since}.`)],
      since,
      severity,
    });
  return {
    state: { ...dropped.state, candidate: pageState(sight, since) },
    class: change.class,
    reasons: [...change.reasons, reason('AWAITS_CONFIRMATION'), ...dropped.reasons],
    candidate: true,
    severity,
  };
};
