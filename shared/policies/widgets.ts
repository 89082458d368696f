import { isDateLine } from './date-lines.ts';
import type { Draft } from './draft.ts';

const NUMBER = String.raw`\d[\d.,]*(?:\s?(?:k|m|bn?|mil|million|thousand)(?![a-z]))?\+?`;
const COUNTED =
  '(?:views?|reads?|likes?|dislikes?|shares?|upvotes?|votes?|downloads?|visits?|visitors?|comments?|replies)';
const READERS = '(?:people|persons|users|members|readers|visitors)';
const COUNTERS = new RegExp(
  [
    String.raw`(?<![\p{L}\p{N}.,])${COUNTED}\s*:\s*${NUMBER}`,
    String.raw`(?<![\p{L}\p{N}.,])${NUMBER}\s*${COUNTED}(?!\p{L})`,
    String.raw`(?<![\p{L}\p{N}.,])${NUMBER}\s+(?:out\s+)?of\s+${NUMBER}\s+(?:${READERS}\s+)?(?:found|find)\s+this(?:\s+\p{L}+)?\s+(?:useful|helpful)`,
    String.raw`(?<![\p{L}\p{N}.,])${NUMBER}\s+${READERS}\s+(?:found|find)\s+this(?:\s+\p{L}+)?\s+(?:useful|helpful)`,
  ].join('|'),
  'giu',
);
/** Markup glues a counter to the date before it, or the date line to the counter before it. */
const GLUED_DATE =
  /((?:\p{L}{3,9}\.?\s\d{1,2},?\s|\d{1,2}[-/.\s](?:\d{1,2}|\p{L}{3,9})[-/.\s])(?:19|20)\d{2}|(?:19|20)\d{2}-\d{2}-\d{2})(?=\d)/giu;
const GLUED_WORD = /(\d(?:[kmbKMB]|[Bb]n)?)(?=(?:Last|Updated|Published|Posted)\b)/gu;
const LONGEST = 160;

/**
 * What is left of a paragraph that holds nothing but how often a page was viewed, liked or found helpful, and perhaps
 * its date of publication; undefined for every other text. A number of views in a sentence is a rule of its own.
 */
export const withoutCounter = ({
  kind,
  depth,
  text,
}: Pick<Draft, 'kind' | 'depth' | 'text'>): string | undefined => {
  if (kind !== 'paragraph' || depth > 0 || text.length > LONGEST || !/\d/.test(text)) return undefined;
  const parted = text.replace(GLUED_DATE, '$1 ').replace(GLUED_WORD, '$1 ');
  const rest = parted.replace(COUNTERS, ' ').replaceAll(/\s+/g, ' ').trim();
  if (rest === parted.trim()) return undefined;
  return /[\p{L}\p{N}]/u.test(rest) && !isDateLine(rest) ? undefined : rest;
};

const WIDGET =
  /^(?:(?:related|recently viewed|recommended|popular|promoted|trending|suggested) (?:articles?|posts?|stories|questions|help articles)|articles in this section|(?:you )?(?:may|might) also like|people also viewed)\s*:?$/i;

const isLinks = ({ kind, text, links }: Draft): boolean =>
  (kind === 'item' || kind === 'paragraph') &&
  links.length > 0 &&
  links
    .map((link) => link.text)
    .join('')
    .replaceAll(/\s+/g, '') === text.replaceAll(/[\s·|•,]+/g, '');

/** Indexes of what a site puts around an article by itself: lists of nothing but links under such a title. */
export const widgetsIn = (drafts: readonly Draft[]): ReadonlySet<number> => {
  const found = new Set<number>();
  for (let at = 0; at < drafts.length; at += 1) {
    const draft = drafts[at];
    if (
      draft === undefined ||
      (draft.kind !== 'heading' && draft.kind !== 'paragraph') ||
      !WIDGET.test(draft.text)
    )
      continue;
    let end = at + 1;
    while (end < drafts.length && isLinks(drafts[end] as Draft)) end += 1;
    if (end > at + 1) for (let index = at; index < end; index += 1) found.add(index);
  }
  return found;
};
