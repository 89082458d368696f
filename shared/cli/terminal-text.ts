/** What could move the cursor, change colours or turn the direction of text around. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text that an agent or provider wrote, as it may be shown on a terminal. */
export const safeText = (text: string): string =>
  text.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Indented JSON that is harmless on a terminal: the escapes read back as the same text. */
export const jsonText = (value: unknown): string => `${safeText(JSON.stringify(value, null, 2))}\n`;

/** One line of a label and a value, aligned. */
export const facts = (rows: readonly (readonly [string, string | null | undefined])[]): string => {
  const shown = rows.filter(
    (row): row is readonly [string, string] => row[1] !== null && row[1] !== undefined,
  );
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${safeText(value)}\n`).join('');
};

/** A table with a heading; the last column is not padded. */
export const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [heading, ...rows.map((row) => row.map((cell) => safeText(cell).replaceAll('\n', ' ')))];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
};
