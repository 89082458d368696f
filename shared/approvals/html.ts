import { escapeHtml } from '../operators/problem-page.ts';
import { mapHidden } from './untrusted.ts';

/** Markup that this product wrote. Strings become it only by being escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Html | string | number | null | undefined | false | readonly Part[];

const escaped = (text: string, oneLine: boolean): string =>
  mapHidden(
    text,
    oneLine,
    (codePoint) => `<span class="cp" title="hidden character">${codePoint}</span>`,
    escapeHtml,
  );

const render = (part: Part): string => {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(render).join('');
  return escaped(String(part), true);
};

/**
 * Template of markup. Every interpolated string is escaped and its hidden characters are shown, whoever wrote it:
 * there is no way to forget. Only for text and quoted attribute values that hold no hidden characters.
 */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.reduce((out, piece, index) => out + piece + render(parts[index]), ''));

/** Text of several lines, for `<pre>`: line feeds and tabs stay. */
export const lines = (text: string): Html => new Html(escaped(text, false));

/** A block of text as it goes over the wire. A parser drops the first line feed of `pre`: one is there to be dropped. */
export const wireBlock = (label: string, text: string): Html =>
  new Html(
    `<pre class="wire" tabindex="0" aria-label="${escaped(label, true)}">\n${escaped(text, false)}</pre>`,
  );
