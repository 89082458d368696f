/** Characters that take no room on the page and carry no meaning in policy text. */
const INVISIBLE = new RegExp(
  '[' +
    // Control characters that are no white space, soft hyphen, fillers.
    '\\u{0}-\\u{8}\\u{e}-\\u{1f}\\u{7f}\\u{ad}\\u{34f}\\u{61c}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}\\u{180b}-\\u{180e}' +
    // Zero-width characters, marks of direction, variation selectors, byte order mark.
    '\\u{200b}-\\u{200f}\\u{202a}-\\u{202e}\\u{2060}-\\u{2064}\\u{2066}-\\u{206f}\\u{fe00}-\\u{fe0f}\\u{feff}\\u{fff9}-\\u{fffb}' +
    ']',
  'gu',
);
const SPACES = /[\s\u0085\u2800\u3164\uffa0]+/g;
const PLAIN = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;

/** Text as a reader sees it: every run of Unicode space is one space, what cannot be seen is gone. */
export const foldSpace = (text: string): string =>
  PLAIN.test(text) ? text : text.replace(INVISIBLE, '').replace(SPACES, ' ').trim();

const SINGLE_QUOTES = /[\u2018\u2019\u201a\u201b\u2032\u2035\u02b9\u02bb\u02bc\u02bd\u0060\u00b4]/g;
const DASHES = /[\u2010-\u2013\u2212\u2043\ufe58\uff0d]/g;
const LONG_DASHES = /[\u2014\u2015\u2e3a\u2e3b]|--+/g;
const ADDRESS = /\[email protected\]|[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}/gu;
/** Between digits a point, comma or colon is part of a number or a time; everywhere else it is punctuation. */
const LOOSE_POINTS = /(?<![0-9])[.,:]|[.,:](?![0-9])/g;
const MARKS =
  /[;!"\u00ab\u00bb\u201c-\u201f\u2033\u2036\u2039\u203a()[\]{}\u2022\u00b7\u2023\u25aa\u25cf\u25e6\u2027\u2026\u00bf\u00a1]/g;
const LOOSE_APOSTROPHES = /(?<![\p{L}\p{N}])'|'(?![\p{L}\p{N}])/gu;
/** Kept inside words and ranges, and before a number (a minus). */
const LOOSE_HYPHENS = /(?<![\p{L}\p{N}])-(?![0-9])|-(?![\p{L}\p{N}])/gu;

/** What the mark of an e-mail address is in a norm; which address it was is not a rule of the provider. */
export const ADDRESS_MARK = 'email-address';

const ADDRESS_PLACE = '\ue001';

/**
 * What is compared. NFKC and case folded; quotes, dashes, brackets and sentence punctuation are folded away, because
 * changes of those alone are cosmetic (reference, section 3); numbers, signs, currency, percent and question marks
 * stay; an e-mail address is a mark, since obfuscation rewrites it at every request. Total, deterministic, idempotent.
 */
export const normalise = (text: string): string =>
  text
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    // NFKC may bring case and marks of its own; upper first folds ß, ı and ligatures of case.
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replace(ADDRESS, ADDRESS_PLACE)
    .replace(SINGLE_QUOTES, "'")
    .replace(LONG_DASHES, ' ')
    .replace(DASHES, '-')
    .replace(MARKS, ' ')
    .replace(LOOSE_POINTS, ' ')
    .replace(LOOSE_APOSTROPHES, ' ')
    .replace(LOOSE_HYPHENS, ' ')
    .replace(INVISIBLE, '')
    .replace(SPACES, ' ')
    .trim()
    .replaceAll(ADDRESS_PLACE, ADDRESS_MARK);
