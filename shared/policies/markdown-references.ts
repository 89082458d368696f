import { referenceKey } from './markdown-inline.ts';

const DEFINITION =
  /^ {0,3}\[((?:[^[\]\\]|\\.){1,999})\]:[ \t]*(?:<([^<>]*)>|(\S+))(?:[ \t]+(?:"[^"]*"|'[^']*'|\([^()]*\)))?[ \t]*$/;
const LABEL_ALONE = /^ {0,3}\[(?:[^[\]\\]|\\.){1,999}\]:[ \t]*$/;
const ADDRESS_ALONE =
  /^[ \t]*(?:<[^<>]+>|(?:[a-z][a-z0-9+.-]*:|[./#?])\S*)(?:[ \t]+(?:"[^"]*"|'[^']*'))?[ \t]*$/i;
const TITLE_ALONE = /^[ \t]+(?:"[^"]*"|'[^']*')[ \t]*$/;

/** Where `[words][label]` leads; it is defined on a line that is not shown. */
export interface ReferenceDefinition {
  readonly key: string;
  readonly href: string;
}

/** The definition that a line holds; a footnote is text, and no definition. */
export const definitionIn = (line: string): ReferenceDefinition | undefined => {
  const [, label, angled, plain] = DEFINITION.exec(line) ?? [];
  const href = angled ?? plain;
  return label === undefined || href === undefined || label.startsWith('^')
    ? undefined
    : { key: referenceKey(label), href };
};

/** Puts definitions that are wrapped after the label, or before the title, on one line each. */
export const unwrapDefinitions = (lines: readonly string[]): string[] => {
  const joined: string[] = [];
  for (const line of lines) {
    const before = joined.at(-1);
    const goesOn =
      before !== undefined &&
      ((LABEL_ALONE.test(before) && ADDRESS_ALONE.test(line)) ||
        (TITLE_ALONE.test(line) && definitionIn(before) !== undefined));
    if (goesOn) joined[joined.length - 1] = `${before.trimEnd()} ${line.trim()}`;
    else joined.push(line);
  }
  return joined;
};

/** Addresses by label; the first definition of a label counts. */
export const referencesIn = (lines: readonly string[]): Map<string, string> => {
  const references = new Map<string, string>();
  for (const line of lines) {
    const found = definitionIn(line);
    if (found !== undefined && !references.has(found.key)) references.set(found.key, found.href);
  }
  return references;
};
