import { diffWordsWithSpace } from 'diff';
import type { DiffSpan } from './policy-diff.ts';

/** Characters of both sides between the shared beginning and end, beyond which they are shown whole. */
const MOST_CHARACTERS = 12_000;
const MOST_EDITS = 300;

const isWordCharacter = (text: string, index: number): boolean =>
  index >= 0 && index < text.length && /[\p{L}\p{N}\p{M}\uD800-\uDFFF'’_-]/u.test(text.charAt(index));

/** Length of the shared beginning, cut where no word is torn. */
const sharedStart = (from: string, to: string): number => {
  const most = Math.min(from.length, to.length);
  let length = 0;
  while (length < most && from.charCodeAt(length) === to.charCodeAt(length)) length += 1;
  while (
    length > 0 &&
    isWordCharacter(from, length - 1) &&
    (isWordCharacter(from, length) || isWordCharacter(to, length))
  )
    length -= 1;
  return length;
};

const sharedEnd = (from: string, to: string, start: number): number => {
  const most = Math.min(from.length, to.length) - start;
  let length = 0;
  while (length < most && from.charCodeAt(from.length - 1 - length) === to.charCodeAt(to.length - 1 - length))
    length += 1;
  const torn = (text: string): boolean => isWordCharacter(text, text.length - length - 1);
  while (length > 0 && isWordCharacter(from, from.length - length) && (torn(from) || torn(to))) length -= 1;
  return length;
};

const spansOf = (from: string, to: string): DiffSpan[] => {
  const whole = (): DiffSpan[] => [
    { kind: 'removed', text: from },
    { kind: 'added', text: to },
  ];
  if (from === '' || to === '') return whole();
  if (from.length + to.length > MOST_CHARACTERS) return whole();
  const edits = diffWordsWithSpace(from, to, { maxEditLength: MOST_EDITS });
  return (
    edits?.map((edit) => ({
      kind: edit.added ? ('added' as const) : edit.removed ? ('removed' as const) : ('same' as const),
      text: edit.value,
    })) ?? whole()
  );
};

/**
 * Words that differ between two texts. Whatever the input, the `same` and `removed` spans together are `from`, the
 * `same` and `added` spans are `to`. Bounded: long runs that differ all over are shown whole.
 */
export const wordDiff = (from: string, to: string): DiffSpan[] => {
  const start = sharedStart(from, to);
  const end = sharedEnd(from, to, start);
  const spans: DiffSpan[] = [
    { kind: 'same', text: from.slice(0, start) },
    ...spansOf(from.slice(start, from.length - end), to.slice(start, to.length - end)),
    { kind: 'same', text: from.slice(from.length - end) },
  ];
  const joined: { kind: DiffSpan['kind']; text: string }[] = [];
  for (const { kind, text } of spans) {
    if (text === '') continue;
    const last = joined.at(-1);
    if (last?.kind === kind) last.text += text;
    else joined.push({ kind, text });
  }
  return joined;
};
