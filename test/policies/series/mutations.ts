import { createHash } from 'node:crypto';
import { type Item, mapTexts, type Part, type PolicyDocument } from './document.ts';
import type { Mutation } from './series.ts';

/** Digits and letters that differ from capture to capture and are the same in every run. */
export const token = (i: number, what: string, length = 24): string =>
  createHash('sha256').update(`${what} ${i}`).digest('hex').slice(0, length);

const document = (change: (document: PolicyDocument) => PolicyDocument): Mutation => ({ document: change });
export const html = (change: (html: string) => string): Mutation => ({ html: change });
export const bytes = (change: (bytes: Uint8Array) => Uint8Array): Mutation => ({ bytes: change });
export const meta = (of: NonNullable<Mutation['meta']>): Mutation => ({ meta: of });

/** Every text, links and all. */
export const texts = (change: (text: string) => string): Mutation => document((one) => mapTexts(one, change));
/** Replaces words where they stand first; the words have to be there. */
export const words = (from: string, to: string): Mutation =>
  document((one) => {
    let done = false;
    const changed = mapTexts(one, (text) => {
      if (done || !text.includes(from)) return text;
      done = true;
      return text.replace(from, to);
    });
    if (!done) throw new Error(`"${from}" is not on the page`);
    return changed;
  });
export const updated = (line: string): Mutation => document((one) => ({ ...one, updated: line }));
export const instead = (other: PolicyDocument): Mutation => document(() => other);

const onParts = (section: number, change: (parts: readonly Part[]) => readonly Part[]): Mutation =>
  document((one) => ({
    ...one,
    sections: one.sections.map((each, index) =>
      index === section ? { ...each, parts: change(each.parts) } : each,
    ),
  }));
const onList = (section: number, change: (items: readonly Item[]) => readonly Item[]): Mutation =>
  onParts(section, (parts) => parts.map((part) => ('list' in part ? { list: change(part.list) } : part)));

export const paragraph = (section: number, text: string): Mutation =>
  onParts(section, (parts) => [...parts, { paragraph: text }]);
export const withoutParagraph = (section: number, beginning: string): Mutation =>
  onParts(section, (parts) =>
    parts.filter((part) => !('paragraph' in part) || !part.paragraph.startsWith(beginning)),
  );
export const bullet = (section: number, text: string, at = 0): Mutation =>
  onList(section, (items) => items.toSpliced(at, 0, { text }));
export const withoutBullet = (section: number, at: number): Mutation =>
  onList(section, (items) => items.toSpliced(at, 1));
export const swapBullets = (section: number, at: number): Mutation =>
  onList(section, (items) => items.toSpliced(at, 2, ...items.slice(at, at + 2).toReversed()));
/** Makes a bullet one of those below the bullet before it. */
export const deeper = (section: number, at: number): Mutation =>
  onList(section, (items) => {
    const [above, one] = items.slice(at - 1, at + 1);
    return above === undefined || one === undefined
      ? items
      : items.toSpliced(at - 1, 2, { text: above.text, items: [...(above.items ?? []), one] });
  });
export const row = (section: number, cells: readonly string[]): Mutation =>
  onParts(section, (parts) =>
    parts.map((part) => ('table' in part ? { table: [...part.table, cells] } : part)),
  );
export const withoutRow = (section: number, at: number): Mutation =>
  onParts(section, (parts) =>
    parts.map((part) => ('table' in part ? { table: part.table.toSpliced(at, 1) } : part)),
  );
export const heading = (section: number, text: string): Mutation =>
  document((one) => ({
    ...one,
    sections: one.sections.map((each, index) => (index === section ? { ...each, heading: text } : each)),
  }));
export const withoutSection = (section: number): Mutation =>
  document((one) => ({ ...one, sections: one.sections.toSpliced(section, 1) }));
export const onlySections = (...kept: number[]): Mutation =>
  document((one) => ({ ...one, sections: one.sections.filter((_, index) => kept.includes(index)) }));
export const swapSections = (at: number): Mutation =>
  document((one) => ({
    ...one,
    sections: one.sections.toSpliced(at, 2, ...one.sections.slice(at, at + 2).toReversed()),
  }));

const encoder = new TextEncoder();
/** Another body altogether. */
export const body = (text: string): Mutation => bytes(() => encoder.encode(text));
export const page = (title: string, text: string): Mutation =>
  body(`<!doctype html><html lang="en"><head><title>${title}</title></head><body>${text}</body></html>\n`);
