/** What is seen of HTML without parsing it: enough to judge pages that could not be read. */
export interface MarkupShape {
  readonly title: string;
  readonly headings: readonly string[];
  /** Text that a reader may see, white space folded. */
  readonly text: string;
  /** The end is missing: it breaks off inside a tag, comment or script, or no end tag closes the page. */
  readonly ending: 'closed' | 'open' | 'inside-tag';
  /**
   * Elements that were opened and never closed: those that need an end tag, and those that need none where the page
   * gives them one everywhere else.
   */
  readonly openElements: number;
}

const RAW = /^(?:script|style|textarea|template|noscript|svg|title)$/;
const COUNTED =
  /^(?:div|main|article|section|aside|header|footer|nav|ul|ol|dl|table|blockquote|pre|h[1-6]|a|span|strong|em|b|i|u|button|form|details|summary|figure)$/;
/** Their end tags may be left out. */
const OPTIONAL = /^(?:p|li|dt|dd|tr|td|th|tbody|thead)$/;
const HEADING = /^h[1-3]$/;

const fold = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

const unescape = (text: string): string =>
  text
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll(/&(?:#0?39|#x27|apos|rsquo|#8217);/gi, "'");

const NOT_SHOWN =
  /<!--[\s\S]*?(?:-->|$)|<(script|style|noscript|template)\b[\s\S]*?(?:<\/\1\s*>|$)|<[^<>]*>?/gi;

/** The place lies inside a script or a comment. */
const isInside = (lower: string, at: number): boolean =>
  (
    [
      ['<script', '</script'],
      ['<!--', '-->'],
    ] as const
  ).some(([open, close]) => lower.lastIndexOf(open, at) > lower.lastIndexOf(close, at));

/**
 * True where an end tag of the page is there and no text comes after it: the same letters in a script, or in a comment
 * before more text, are no end.
 */
export const isClosedHtml = (markup: string): boolean => {
  const lower = markup.toLowerCase();
  for (const name of ['</body', '</html']) {
    const at = lower.lastIndexOf(name);
    if (at === -1 || !/^<\/(?:html|body)\s*>/.test(lower.slice(at, at + 200)) || isInside(lower, at))
      continue;
    if (markup.slice(at).replaceAll(NOT_SHOWN, '').trim() === '') return true;
  }
  return false;
};

interface Tally {
  opened: number;
  closed: number;
  /** Opened and not closed again. */
  open: number;
  last: 'open' | 'close';
}

/** @param closesHead whoever wrote the page writes end tags that may be left out */
const openOf = (tallies: ReadonlyMap<string, Tally>, closesHead: boolean): number => {
  let sum = 0;
  for (const [tag, { opened, closed, open, last }] of tallies)
    if (COUNTED.test(tag)) sum += open;
    else if (last === 'open' && (opened > 1 ? closed >= 0.9 * (opened - 1) : closesHead)) sum += 1;
  return sum;
};

/** Reads markup in one pass, in time linear to its length. */
export const markupShape = (markup: string): MarkupShape => {
  const lower = markup.toLowerCase();
  const pieces: string[] = [];
  const headings: string[] = [];
  let title = '';
  let heading: string[] | undefined;
  const tallies = new Map<string, Tally>();
  let inside = false;
  let at = 0;
  while (at < markup.length) {
    const open = markup.indexOf('<', at);
    const end = open === -1 ? markup.length : open;
    if (end > at) {
      const text = markup.slice(at, end);
      pieces.push(text);
      heading?.push(text);
    }
    if (open === -1) break;
    if (lower.startsWith('<!--', open)) {
      const close = lower.indexOf('-->', open + 4);
      inside = close === -1;
      at = inside ? markup.length : close + 3;
      continue;
    }
    const name = /^<(\/?)([a-z][a-z0-9]*)/.exec(lower.slice(open, open + 24));
    if (name === null && !lower.startsWith('<!', open) && !lower.startsWith('<?', open)) {
      // "<" in text, unless the bytes end in the middle of a tag.
      inside = open >= markup.length - 2;
      pieces.push('<');
      at = open + 1;
      continue;
    }
    const close = lower.indexOf('>', open);
    if (close === -1) {
      inside = true;
      break;
    }
    at = close + 1;
    pieces.push(' ');
    const [, slash, tag = ''] = name ?? [];
    if (COUNTED.test(tag) || OPTIONAL.test(tag)) {
      const tally = tallies.get(tag) ?? { opened: 0, closed: 0, open: 0, last: 'open' };
      tallies.set(tag, tally);
      if (slash === '/') {
        tally.closed += 1;
        tally.open = Math.max(0, tally.open - 1);
      } else {
        tally.opened += 1;
        tally.open += 1;
      }
      tally.last = slash === '/' ? 'close' : 'open';
    }
    if (HEADING.test(tag)) {
      if (slash === '/' && heading !== undefined) headings.push(fold(unescape(heading.join(' '))));
      heading = slash === '/' ? undefined : [];
    }
    if (slash !== '/' && RAW.test(tag) && lower[close - 1] !== '/') {
      const until = lower.indexOf(`</${tag}`, at);
      if (tag === 'title') title ||= fold(unescape(markup.slice(at, until === -1 ? at : until)));
      // A page that is short because it shows nothing without scripts says so in its noscript.
      if (tag === 'noscript' && until !== -1)
        pieces.push(markup.slice(at, until).replaceAll(/<[^<>]*>/g, ' '));
      inside = until === -1;
      at = inside ? markup.length : until;
    }
  }
  return {
    title,
    headings: headings.filter((one) => one !== '').slice(0, 50),
    text: fold(unescape(pieces.join(''))),
    ending: isClosedHtml(markup) ? 'closed' : inside ? 'inside-tag' : 'open',
    openElements: openOf(tallies, lower.includes('</head')),
  };
};
