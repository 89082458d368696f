import { epochMs, type Timestamp } from '../actions/identity.ts';
import { reason } from './class-reasons.ts';
import type { PageContent, PageHashes } from './content.ts';
import { documentsDigest } from './link-documents.ts';
import type { ClassReason } from './observation.ts';
import type { KnownState } from './source-state.ts';

const DAY_MS = 86_400_000;
/** A return within this is noise of caches and experiments; after `LATE_MS` it is a change of mind. */
export const WINDOW_MS = 14 * DAY_MS;
const LATE_MS = 30 * DAY_MS;
export const MOST_KNOWN = 60;

/** A state: its text, its structure, and where its links lead. */
type Key = Pick<KnownState, 'semantic' | 'structure' | 'links'> & { readonly documents?: string };
const isSame = (one: KnownState, key: Key): boolean =>
  one.semantic === key.semantic &&
  one.structure === key.structure &&
  (one.links === key.links || one.documents === key.documents);

export const findKnown = (known: readonly KnownState[], key: Key): KnownState | undefined =>
  known.find((one) => isSame(one, key));

export const keyOf = (content: PageContent): Key => {
  const { semantic, structure, links } = content.hashes;
  return { semantic, structure, links, documents: documentsDigest(content) };
};

export type KnownReturn =
  /** The page may say this without anybody being asked. */
  | { readonly kind: 'accepted'; readonly known: KnownState; readonly reason: ClassReason }
  /** It was accepted once, and is a change again. */
  | { readonly kind: 'change'; readonly known: KnownState; readonly reason: ClassReason }
  /** Never acknowledged, with these links at least. */
  | { readonly kind: 'unknown'; readonly reason?: ClassReason };

const returnCode = (known: KnownState, at: Timestamp): 'KNOWN_RETURN' | 'FLAPPED_BEFORE' | 'LATE_RETURN' => {
  const ageMs = epochMs(at) - epochMs(known.lastSeenAt);
  if (ageMs <= WINDOW_MS) return 'KNOWN_RETURN';
  return ageMs <= LATE_MS && known.returns > 0 ? 'FLAPPED_BEFORE' : 'LATE_RETURN';
};

/** At that moment the page might have shown this without anybody being asked. */
export const wasWelcome = (known: KnownState, at: Timestamp): boolean =>
  known.acknowledged && !known.superseded && returnCode(known, at) !== 'LATE_RETURN';

/** What the known-state window says of a state that differs from the acknowledged one. */
export const judgeReturn = (known: readonly KnownState[], seen: PageContent, at: Timestamp): KnownReturn => {
  const key = keyOf(seen);
  const found = findKnown(known, key);
  if (found === undefined || !found.acknowledged) {
    const sameText = known.some(
      (one) => one.acknowledged && one.semantic === key.semantic && one.structure === key.structure,
    );
    return sameText ? { kind: 'unknown', reason: reason('OTHER_LINKS') } : { kind: 'unknown' };
  }
  const since = `It was last live at ${found.lastSeenAt}.`;
  if (found.superseded) return { kind: 'change', known: found, reason: reason('SUPERSEDED_RETURN', since) };
  const code = returnCode(found, at);
  return code === 'LATE_RETURN'
    ? { kind: 'change', known: found, reason: reason(code, since) }
    : { kind: 'accepted', known: found, reason: reason(code, since) };
};

/** The oldest that nobody acknowledged goes first, then the oldest; never one of `keep`. */
const bounded = (known: readonly KnownState[], keep: readonly Key[]): KnownState[] => {
  if (known.length <= MOST_KNOWN) return [...known];
  const leaving = known
    .filter((one) => !keep.some((key) => isSame(one, key)))
    .toSorted((left, right) => {
      if (left.acknowledged !== right.acknowledged) return left.acknowledged ? 1 : -1;
      return left.lastSeenAt < right.lastSeenAt ? -1 : left.lastSeenAt > right.lastSeenAt ? 1 : 0;
    })
    .slice(0, known.length - MOST_KNOWN);
  return known.filter((one) => !leaving.includes(one));
};

const later = (left: Timestamp, right: Timestamp): Timestamp => (left > right ? left : right);

export interface Sighting {
  readonly hashes: PageHashes;
  /** Left out where it cannot be had: its links are then known by their exact hash only. */
  readonly content?: PageContent | undefined;
  readonly firstSeenAt: Timestamp;
  readonly at: Timestamp;
  /** Left out: as it was, or false. */
  readonly acknowledged?: boolean;
  readonly returned?: boolean;
  readonly changeId?: string | undefined;
  readonly round?: Timestamp | undefined;
}

/** Remembers a state, or that it was live again. */
export const remember = (
  known: readonly KnownState[],
  sighting: Sighting,
  keep: readonly Key[] = [],
): KnownState[] => {
  const { hashes, content } = sighting;
  const key: Key = content?.hashes.links === hashes.links ? keyOf({ ...content, hashes }) : hashes;
  const before = findKnown(known, key);
  const changeId = sighting.changeId ?? before?.changeId;
  const round = sighting.round ?? before?.round;
  const acknowledged = sighting.acknowledged ?? before?.acknowledged ?? false;
  const next: KnownState = {
    semantic: hashes.semantic,
    structure: hashes.structure,
    links: hashes.links,
    documents: key.documents ?? before?.documents ?? hashes.links,
    canonical: hashes.canonical,
    firstSeenAt: before?.firstSeenAt ?? sighting.firstSeenAt,
    lastSeenAt: before === undefined ? sighting.at : later(before.lastSeenAt, sighting.at),
    returns: (before?.returns ?? 0) + (sighting.returned === true ? 1 : 0),
    acknowledged,
    superseded: before?.superseded ?? false,
    ...(round === undefined ? {} : { round }),
    ...(changeId === undefined ? {} : { changeId }),
  };
  const rest = known.filter((one) => one !== before);
  return bounded([...rest, next], [hashes, ...keep]);
};

/** The page left this state: it was live until the other one was first seen. */
export const leave = (known: readonly KnownState[], key: Key, at: Timestamp): KnownState[] =>
  known.map((one) => (isSame(one, key) ? { ...one, lastSeenAt: later(one.lastSeenAt, at) } : one));

/** Changes what people said of a state. */
export const mark = (
  known: readonly KnownState[],
  key: Key,
  change: Partial<Pick<KnownState, 'acknowledged' | 'superseded'>>,
): KnownState[] => known.map((one) => (isSame(one, key) ? { ...one, ...change } : one));
