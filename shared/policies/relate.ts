import type { Timestamp } from '../actions/identity.ts';
import { clip, reason } from './class-reasons.ts';
import type { PageContent, PageHashes, RemovedNoise } from './content.ts';
import { onlyDateLinesDiffer } from './date-lines.ts';
import { compareLinks } from './link-documents.ts';
import type { ClassReason } from './observation.ts';
import type { VolatileBlock } from './source-state.ts';
import { isLearned, movedDigits, volatileNoise } from './volatile.ts';

/** How what is seen relates to one other reading of the same page. */
export interface Relation {
  readonly kind:
    | 'unchanged'
    | 'cosmetic'
    | 'republished'
    | 'volatile'
    | 'links_changed'
    | 'structure_changed'
    | 'scheduled_change'
    | 'text_changed';
  readonly reasons: readonly ClassReason[];
  readonly removed: readonly RemovedNoise[];
}

/** A reading to compare with. The content is left out where it cannot be had; then only hashes decide. */
export interface Base {
  readonly hashes: PageHashes;
  readonly content?: PageContent | undefined;
}

/** Differences that need no person. */
export const isAccepted = ({ kind }: Relation): boolean =>
  kind === 'unchanged' || kind === 'cosmetic' || kind === 'republished' || kind === 'volatile';

/** Content that really is of these hashes: anything else is as good as none. */
export const contentOf = (hashes: PageHashes, content: PageContent | undefined): PageContent | undefined =>
  content !== undefined &&
  content.hashes.semantic === hashes.semantic &&
  content.hashes.structure === hashes.structure &&
  content.hashes.links === hashes.links
    ? content
    : undefined;

const relateLinks = (base: PageContent | undefined, seen: PageContent): Relation => {
  if (base === undefined)
    return {
      kind: 'links_changed',
      reasons: [reason('NOTHING_TO_COMPARE', 'The links differ.')],
      removed: [],
    };
  const { retargeted, added, removed, brought } = compareLinks(base, seen);
  if (retargeted.length + brought.length > 0)
    return {
      kind: 'links_changed',
      reasons: [
        ...retargeted.map(({ from, to }) => [to.text, from.target, to.target] as const),
        ...brought.map(({ text, target }) => [text, 'no link', target] as const),
      ]
        .slice(0, 5)
        .map(([words, from, to]) =>
          reason('LINK_TARGET', `"${clip(words, 60)}": ${clip(from, 100)} became ${clip(to, 100)}`),
        ),
      removed: [],
    };
  const first = added[0] ?? removed[0];
  return {
    kind: 'cosmetic',
    reasons: [
      reason(
        'LINK_NOISE',
        `${added.length} added, ${removed.length} removed, none to a document that was not linked before.`,
      ),
    ],
    removed: [
      {
        rule: 'links that lead to the same documents',
        count: Math.max(1, added.length + removed.length),
        sample: clip(first?.target ?? '', 160),
      },
    ],
  };
};

const relateSameText = (base: Base, content: PageContent | undefined, seen: PageContent): Relation => {
  const { hashes } = seen;
  if (base.hashes.structure !== hashes.structure)
    return { kind: 'structure_changed', reasons: [reason('STRUCTURE')], removed: [] };
  if (base.hashes.links !== hashes.links) return relateLinks(content, seen);
  if (base.hashes.canonical !== hashes.canonical)
    return { kind: 'cosmetic', reasons: [reason('CANONICAL_ONLY')], removed: [] };
  return { kind: 'unchanged', reasons: [], removed: [] };
};

/** Days in the future that this reading names and the other did not. */
export const newlyEffective = (base: PageContent | undefined, seen: PageContent, at: Timestamp) =>
  seen.effective.filter(
    (one) =>
      one.on > at && !(base?.effective ?? []).some((old) => old.on === one.on && old.kind === one.kind),
  );

const silently = (base: PageContent, seen: PageContent): boolean =>
  base.dateLines.length > 0 &&
  seen.dateLines.length > 0 &&
  base.dateLines.join('\n') === seen.dateLines.join('\n');

const relateOtherText = (
  content: PageContent | undefined,
  seen: PageContent,
  volatile: readonly VolatileBlock[],
  at: Timestamp,
): Relation => {
  const effective = newlyEffective(content, seen, at);
  const announced = effective
    .slice(0, 3)
    .map((one) => reason('FUTURE_EFFECTIVE', `${one.on}: ${one.phrase}`));
  if (content === undefined)
    return {
      kind: effective.length > 0 ? 'scheduled_change' : 'text_changed',
      reasons: [reason('NOTHING_TO_COMPARE'), ...announced],
      removed: [],
    };
  const dates = onlyDateLinesDiffer(content, seen);
  if (effective.length > 0)
    return {
      kind: 'scheduled_change',
      reasons: [
        ...announced,
        ...(dates ? [reason('DATES_ONLY')] : silently(content, seen) ? [reason('SILENT_EDIT')] : []),
      ],
      removed: [],
    };
  const moved = dates ? null : movedDigits(content, seen);
  const learned = moved !== null && moved.every(({ skeleton }) => isLearned(volatile, skeleton));
  if (dates || learned) {
    // Links are paired by their words: blocks have moved about where a date line came or went.
    const links = dates
      ? compareLinks(
          content,
          seen,
          () => '',
          () => '',
        )
      : compareLinks(content, seen);
    if (links.retargeted.length + links.brought.length > 0) return relateLinks(content, seen);
    return learned
      ? {
          kind: 'volatile',
          reasons: moved.map(({ sample }) => reason('VOLATILE_NUMBER', sample)),
          removed: volatileNoise(moved),
        }
      : { kind: 'republished', reasons: [reason('DATES_ONLY', seen.dateLines.join(' · '))], removed: [] };
  }
  return {
    kind: 'text_changed',
    reasons: silently(content, seen) ? [reason('SILENT_EDIT', seen.dateLines[0])] : [],
    removed: [],
  };
};

/**
 * Compares a reading with another one of the same source, reader and configuration. Pure and total; linear in the
 * size of the page. `at` is when the page was seen: what is announced counts as the future from then on.
 */
export const relate = (
  base: Base,
  seen: PageContent,
  context: { readonly volatile: readonly VolatileBlock[]; readonly at: Timestamp },
): Relation => {
  const content = contentOf(base.hashes, base.content);
  return base.hashes.semantic === seen.hashes.semantic
    ? relateSameText(base, content, seen)
    : relateOtherText(content, seen, context.volatile, context.at);
};
