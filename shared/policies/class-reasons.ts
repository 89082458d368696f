import type { ClassReason } from './observation.ts';

/**
 * Every reason of a class: what it means. Codes never change their meaning; `docs/policies.md` prints this table and
 * `explain` prints the details that an observation holds.
 */
export const CLASS_REASONS = {
  DUPLICATE: 'This check was recorded before; nothing was moved.',
  OUT_OF_ORDER: 'A newer look at the page is known already; nothing was moved.',
  NOT_MODIFIED: 'The server said with its own validators that the bytes are those that were read before.',
  AWAITS_CONFIRMATION: 'Something new. A second fetch has to show that it stays before anybody is told.',
  NOT_CONFIRMED: 'What was new at the last look is gone again; nobody was told.',
  CONFIRMED: 'A second fetch, late enough, shows that the page did not go back.',
  RETURN_AWAITS_CONFIRMATION:
    'The page seems to be back at an accepted text while a change waits for a person. A second fetch decides.',
  CHANGE_VOID: 'The page is back at an accepted text, so the change that waited is void.',
  REPLACED: 'The page changed again before anybody acknowledged; one cumulative change waits now.',
  RAISED_AGAIN: 'People were told of exactly this change within the last 14 days; it waits for them again.',
  KNOWN_RETURN: 'Back at a state that was acknowledged and was live within the last 14 days.',
  FLAPPED_BEFORE: 'Back after 14 to 30 days, at a state that the page has come back to before.',
  LATE_RETURN:
    'Back at a state that was acknowledged, but so late that it is a change of mind: a change again.',
  SUPERSEDED_RETURN: 'Back at a state of which a person said that it is gone for good: a change again.',
  OTHER_LINKS: 'The text is a known one, but its links lead elsewhere.',
  AUTO_ACKNOWLEDGED: 'Acknowledged by rule, because no word of the policy changed.',
  CANONICAL_ONLY: 'Only markup differs; text, structure and links are the same.',
  LINK_NOISE: 'Links differ, but none leads to a document that was not linked before.',
  LINK_TARGET: 'The same words lead to another document, or to one where they led to none.',
  STRUCTURE: 'The same words stand in another section, list or order of headings.',
  DATES_ONLY: 'Only lines that hold nothing but a date of publication differ.',
  SILENT_EDIT: 'The text changed and its date line did not.',
  VOLATILE_NUMBER: 'Only digits differ, in blocks where they have been moving all the time.',
  FUTURE_EFFECTIVE: 'The page names a day in the future from or until which a text holds.',
  SIZE_SHIFT: 'A body of quite another size came for two days and stayed so: it may be a real rewrite.',
  RECOGNISED: 'The size is unusual, but this text is one that is known already.',
  CONFIG_CHANGED: 'The source was edited, so what is read off its page needs a fresh approval.',
  EXTRACTOR_CHANGED: 'A new reader reads the same bytes in another way; the provider changed nothing.',
  NOTHING_TO_COMPARE: 'What was acknowledged cannot be read any more, so only hashes were compared.',
  FINAL_URL: 'The page was found at another, allowed address.',
  MATERIAL: 'Why the change is as severe as it is.',
} as const;
export type ClassReasonCode = keyof typeof CLASS_REASONS;

/** Cuts at whole characters. `most` counts UTF-16 units, as the schemas do. */
export const clip = (text: string, most: number): string => {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
};

/** `detail` may quote the page: untrusted wherever it is shown. */
export const reason = (code: ClassReasonCode, detail = ''): ClassReason => ({
  code,
  detail: clip(detail, 300),
});
