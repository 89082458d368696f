import type { DraftLink } from './draft.ts';
import { foldSpace } from './normalise.ts';

export interface Inline {
  readonly text: string;
  readonly links: readonly DraftLink[];
}

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  bull: '•',
  middot: '·',
  sect: '§',
  euro: '€',
  pound: '£',
};

const entity = (name: string): string | undefined => {
  if (!name.startsWith('#')) return NAMED[name];
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return Number.isInteger(code) && code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    ? String.fromCodePoint(code)
    : undefined;
};

const PUNCTUATION = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}]/u;

/** For every "[" that is not escaped or in code its "]", in one pass: hostile brackets cost no more than others. */
const bracketPairs = (source: string): Map<number, number> => {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < source.length; at += 1) {
    const sign = source[at];
    if (sign === '\\') at += 1;
    else if (sign === '[') open.push(at);
    else if (sign === ']') {
      const from = open.pop();
      if (from !== undefined) pairs.set(from, at);
    }
  }
  return pairs;
};

interface Destination {
  readonly href: string;
  readonly end: number;
}

/** `(address "title")` at a place, parentheses balanced. */
const destinationAt = (source: string, at: number): Destination | undefined => {
  if (source[at] !== '(') return undefined;
  let from = at + 1;
  while (/\s/.test(source[from] ?? '')) from += 1;
  let href = '';
  let to = from;
  if (source[from] === '<') {
    const close = source.indexOf('>', from);
    if (close < 0 || close - from > 4_000) return undefined;
    href = source.slice(from + 1, close);
    to = close + 1;
  } else {
    let depth = 0;
    for (; to < source.length && to - from < 8_000; to += 1) {
      const sign = source[to] ?? '';
      if (sign === '\\') to += 1;
      else if (/\s/.test(sign)) break;
      else if (sign === '(') depth += 1;
      else if (sign === ')') {
        if (depth === 0) break;
        depth -= 1;
      }
    }
    href = source.slice(from, to);
  }
  const title =
    /^\s*(?:"(?:[^"\\]|\\.){0,2000}"|'(?:[^'\\]|\\.){0,2000}'|\((?:[^()\\]|\\.){0,2000}\))?\s*\)/.exec(
      source.slice(to, to + 4_100),
    );
  if (title === null) return undefined;
  return { href: href.replace(/\\([!-/:-@[-`{-~])/g, '$1'), end: to + title[0].length };
};

export type References = ReadonlyMap<string, string>;
export const referenceKey = (label: string): string => foldSpace(label.replace(/\\(.)/g, '$1')).toLowerCase();

/**
 * What a reader sees of Markdown inside a block: signs of emphasis, code, images and tags gone, escapes and entities
 * resolved, links with their words. Linear in the length of the source.
 */
export const readInline = (source: string, references: References): Inline => {
  const pairs = bracketPairs(source);
  const links: DraftLink[] = [];
  const open: { closing: number; end: number; href: string; from: number; image: boolean }[] = [];
  let text = '';
  let at = 0;
  let noTagBefore = 0;
  // What was looked through for destinations in vain; without a bound, brackets that never close are quadratic.
  let budget = source.length * 4 + 20_000;
  const destination = (from: number): Destination | undefined => {
    if (budget < 0) return undefined;
    const found = destinationAt(source, from);
    if (found === undefined && source[from] === '(') budget -= Math.min(8_000, source.length - from);
    return found;
  };
  while (at < source.length) {
    const sign = source[at] ?? '';
    const current = open.at(-1);
    if (current !== undefined && at === current.closing) {
      open.pop();
      if (current.image) text = text.slice(0, current.from);
      else {
        const words = foldSpace(text.slice(current.from));
        if (words !== '') links.push({ text: words, href: current.href });
      }
      at = current.end;
      continue;
    }
    if (sign === '\\') {
      const next = source[at + 1] ?? '';
      if (PUNCTUATION.test(next)) {
        text += next;
        at += 2;
        continue;
      }
      text += next === '\n' ? ' ' : '\\';
      at += next === '\n' ? 2 : 1;
      continue;
    }
    if (sign === '`') {
      const [ticks = '`'] = /^`+/.exec(source.slice(at, at + 64)) ?? [];
      const close = source.indexOf(ticks, at + ticks.length);
      if (close > 0 && close - at < 2_000 && (current === undefined || close < current.closing)) {
        text += source.slice(at + ticks.length, close);
        at = close + ticks.length;
      } else {
        text += ticks;
        at += ticks.length;
      }
      continue;
    }
    const image = sign === '!' && source[at + 1] === '[';
    if (image || sign === '[') {
      const from = image ? at + 1 : at;
      const closing = pairs.get(from);
      if (closing !== undefined) {
        const inline = destination(closing + 1);
        let target: Destination | undefined = inline;
        if (target === undefined) {
          const second = source[closing + 1] === '[' ? pairs.get(closing + 1) : undefined;
          const own = source.slice(from + 1, Math.min(closing, from + 1_000));
          const label = second === undefined ? own : source.slice(closing + 2, second) || own;
          const href = references.get(referenceKey(label));
          if (href !== undefined) target = { href, end: (second ?? closing) + 1 };
        }
        if (target !== undefined) {
          open.push({ closing, end: target.end, href: target.href, from: text.length, image });
          at = from + 1;
          continue;
        }
      }
      text += image ? '![' : '[';
      at = from + 1;
      continue;
    }
    if (sign === ']' && source[at + 1] === '(') {
      // The end of a link that began in an earlier block.
      const target = destination(at + 1);
      if (target !== undefined && text.trim() === '') {
        links.push({ text: '', href: target.href });
        at = target.end;
        continue;
      }
    }
    if (sign === '<') {
      const rest = source.slice(at, at + 4_000);
      const [auto, address] = /^<([a-z][a-z0-9+.-]{1,31}:[^\s<>]{1,3000})>/i.exec(rest) ?? [];
      if (auto !== undefined && address !== undefined) {
        text += address;
        links.push({ text: address, href: address });
        at += auto.length;
        continue;
      }
      const mail = /^<([^\s<>@]{1,100}@[^\s<>]{1,200})>/.exec(rest);
      if (mail?.[1] !== undefined) {
        text += mail[1];
        at += mail[0].length;
        continue;
      }
      if (at >= noTagBefore && /^<\/?[a-z!]/i.test(rest)) {
        const close = source.indexOf('>', at);
        if (close < 0) noTagBefore = source.length;
        else {
          const tag = source.slice(at, close + 1);
          const href = /^<a\s[^>]*?href\s*=\s*["']?([^"'\s>]+)/i.exec(tag)?.[1];
          if (href !== undefined) links.push({ text: '', href });
          if (/^<\/?(?:br|p|div|li|td|th|tr|h[1-6])\b/i.test(tag)) text += ' ';
          at = close + 1;
          continue;
        }
      }
    }
    if (sign === '&') {
      const [whole, name] = /^&(#?[a-z0-9]{1,31});/i.exec(source.slice(at, at + 34)) ?? [];
      const character = name === undefined ? undefined : entity(name);
      if (whole !== undefined && character !== undefined) {
        text += character;
        at += whole.length;
        continue;
      }
    }
    if (sign === '*' || sign === '_' || sign === '~') {
      let to = at;
      while (source[to] === sign) to += 1;
      const before = source[at - 1] ?? ' ';
      const after = source[to] ?? ' ';
      const spaced = /\s/.test(before) && /\s/.test(after);
      const insideWord = WORD.test(before) && WORD.test(after);
      const shown = spaced || (sign === '_' && insideWord) || (sign === '~' && to - at !== 2);
      if (shown) text += source.slice(at, to);
      at = to;
      continue;
    }
    text += sign;
    at += 1;
  }
  return { text: foldSpace(text), links };
};
