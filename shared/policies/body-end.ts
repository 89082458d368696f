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
const SENTENCE_END = /[.!?:;…"'”’)\]]$/u;

/**
 * The text is the last good one up to somewhere inside a block, and then nothing. A sentence that was taken off the
 * end is none of that, and neither is a section.
 */
const breaksOff = (seen: PageContent, before: PageContent): boolean => {
  const at = seen.blocks.length - 1;
  const text = seen.blocks[at]?.text ?? '';
  const whole = before.blocks[at]?.text ?? '';
  const last = [text, text.replace(CUT_LINK, '$1').trimEnd()].find((one) => whole.startsWith(one));
  if (last === undefined || last === '' || last.length >= whole.length) return false;
  for (let index = 0; index < at; index += 1)
    if (seen.blocks[index]?.norm !== before.blocks[index]?.norm) return false;
  const insideWord = WORD.test(last.at(-1) ?? '') && WORD.test(whole[last.length] ?? '');
  return insideWord || (before.blocks.length > seen.blocks.length && !SENTENCE_END.test(last));
};

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
