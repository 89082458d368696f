/**
 * Text that an agent wrote, made safe to look at: characters that hide, reorder or imitate are shown by their
 * code points. Nothing is removed, so what a person reads is what is there.
 */

// Controls, format characters (bidi, zero width, tags), private use, lone surrogates, unassigned, everything that is
// not drawn by default, and the blank braille cell. Line feed and tab are the business of the caller.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]/gu;

const name = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Calls `mark` for every hidden character and `keep` for every run of text between them. */
export const mapHidden = (
  text: string,
  oneLine: boolean,
  mark: (codePoint: string) => string,
  keep: (run: string) => string,
): string => {
  let out = '';
  let last = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const character = match[0];
    if (!oneLine && (character === '\n' || character === '\t')) continue;
    out += keep(text.slice(last, match.index)) + mark(name(character));
    last = match.index + character.length;
  }
  return out + keep(text.slice(last));
};

/** Plain text with hidden characters as `[U+202E]`; always one line. */
export const visibleLine = (text: string): string =>
  mapHidden(
    text,
    true,
    (codePoint) => `[${codePoint}]`,
    (run) => run,
  );

/** As `visibleLine`, with addresses broken so that no mail client makes a link of them. */
export const visibleMailLine = (text: string): string => visibleLine(text).replaceAll('://', '[:]//');

/** Cuts long text at a whole character and says so. */
export const shorten = (text: string, most: number): string => {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
};
