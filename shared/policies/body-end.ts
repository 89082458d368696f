import type { PageContent } from './content.ts';
import { isClosedHtml, markupShape } from './markup-shape.ts';

export const isPdf = (body: Uint8Array): boolean =>
  body[0] === 0x25 && body[1] === 0x50 && body[2] === 0x44 && body[3] === 0x46;

export const decode = (body: Uint8Array): string => new TextDecoder('utf-8').decode(body);
export const looksLikeHtml = (body: Uint8Array): boolean =>
  /<(?:!doctype html|html|head|body|meta|title|script|div|main|article)\b/i.test(
    decode(body.subarray(0, 4_096)),
  );

/** Whether the bytes have their end, as far as their format shows it: true, false, or undefined where it shows nothing. */
export const bodyIsComplete = (body: Uint8Array): boolean | undefined => {
  if (isPdf(body)) return decode(body.subarray(-4_096)).includes('%%EOF');
  return looksLikeHtml(body) ? isClosedHtml(decode(body)) : undefined;
};

const WORD = /[\p{L}\p{N}]/u;
/** What is left of a Markdown link that was cut. */
const CUT_LINK = /\[([^\]]*)(?:\](?:\([^)]*)?)?$/;
/** Marks of emphasis may stand behind it. */
const SENTENCE_END = /[.!?:;…"'”’)\]|>][*_`\s]*$/u;

/**
 * A text was cut at a place: inside a word, or in the middle of what stood there. What was taken off the end by an
 * author leaves a whole sentence, or takes the end of a list that has none.
 * @param before whole text, of which the rest begins at `at`
 * @param end where the block that was cut ends in it
 */
const wasCut = (before: string, at: number, end: number): boolean => {
  const rest = before.slice(at, end);
  if (!WORD.test(rest)) return false;
  if (WORD.test(before[at - 1] ?? '') && WORD.test(rest[0] ?? '')) return true;
  if (SENTENCE_END.test(before.slice(Math.max(0, at - 40), at))) return false;
  return end < before.length || SENTENCE_END.test(rest);
};

/** As the blocks show it: they are those of the last good text up to somewhere inside one of them, and then no more. */
const blocksBreakOff = (seen: PageContent, before: PageContent): boolean => {
  const at = seen.blocks.length - 1;
  const text = seen.blocks[at]?.text ?? '';
  const whole = before.blocks[at]?.text ?? '';
  const last = [text, text.replace(CUT_LINK, '$1').trimEnd()].find((one) => whole.startsWith(one));
  if (last === undefined || last === '' || last.length >= whole.length) return false;
  for (let index = 0; index < at; index += 1)
    if (seen.blocks[index]?.norm !== before.blocks[index]?.norm) return false;
  const more = before.blocks.length > seen.blocks.length ? '\n' : '';
  return wasCut(`${whole}${more}`, last.length, whole.length);
};

/** As the Markdown shows it: definitions at the end of a file, that were cut off, change what all blocks read as. */
const markdownBreaksOff = (seen: PageContent, before: PageContent): boolean => {
  const cut = seen.canonical.trimEnd();
  if (cut === '' || cut.length >= before.canonical.length || !before.canonical.startsWith(cut)) return false;
  const end = before.canonical.indexOf('\n\n', cut.length);
  return wasCut(before.canonical, cut.length, end < 0 ? before.canonical.length : end);
};

const breaksOff = (seen: PageContent, before: PageContent): boolean =>
  blocksBreakOff(seen, before) || (seen.format === 'markdown' && markdownBreaksOff(seen, before));

/**
 * The bytes end before the page does. A page that had its end before and has none now was cut, however much of it is
 * there; a page that never had one was cut where something is open that pages close. What shows no end by its format
 * is compared with the last good text.
 */
export const isCutOff = (
  body: Uint8Array,
  content: PageContent,
  lastGood:
    | { readonly length: number; readonly complete?: boolean; readonly content?: PageContent }
    | undefined,
): boolean => {
  if (lastGood?.content !== undefined && breaksOff(content, lastGood.content)) return true;
  if (content.format !== 'html' && content.format !== 'pdf') return false;
  if (bodyIsComplete(body) !== false) return false;
  if (isPdf(body) || lastGood?.complete === true) return true;
  const shape = markupShape(decode(body));
  return (
    (shape.ending === 'inside-tag' || shape.openElements > 0) &&
    (lastGood === undefined || content.length < lastGood.length)
  );
};
