import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One change of production text: [file, what stands there exactly once, what takes its place]. */
export type Edit = readonly [file: string, search: string, replace: string];

/**
 * Applies edits to the files below a folder. Returns how to take them back.
 * @throws Error where a text is not there, or is there more than once: the list has to follow the code.
 */
export const applyEdits = (root: string, edits: readonly Edit[]): (() => void) => {
  const before = new Map<string, string>();
  for (const [file, search, replace] of edits) {
    const path = join(root, file);
    const text = readFileSync(path, 'utf8');
    const places = text.split(search).length - 1;
    if (places !== 1) throw new Error(`${file} has ${places} places with "${search}", not one`);
    if (!before.has(path)) before.set(path, text);
    writeFileSync(
      path,
      text.replace(search, () => replace),
    );
  }
  return () => {
    for (const [path, text] of before) writeFileSync(path, text);
  };
};
