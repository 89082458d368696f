/** What is seen of HTML without parsing it: enough to judge pages that could not be read. */
export interface MarkupShape {
  readonly title: string;
  readonly headings: readonly string[];
  /** Text that a reader may see, white space folded. */
  readonly text: string;
  /** The end is missing: it breaks off inside a tag, comment or script, or no end tag closes the page. */
  readonly ending: 'closed' | 'open' | 'inside-tag';
  /** `div`, `main`, `article` and `section` that were opened and never closed. */
  readonly openBlocks: number;
}

/** The last end tag of a document stands near its end; scripts and comments may follow. */
const TAIL = 4_096;

const RAW = /^(?:script|style|textarea|template|noscript|svg|title)$/;
const COUNTED = /^(?:div|main|article|section)$/;
const HEADING = /^h[1-3]$/;

const fold = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

const unescape = (text: string): string =>
  text
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll(/&(?:#0?39|#x27|apos|rsquo|#8217);/gi, "'");

/** True where the last characters hold `</html` or `</body`. */
export const isClosedHtml = (markup: string): boolean => /<\/(?:html|body)\s*>/i.test(markup.slice(-TAIL));

/** Reads markup in one pass, in time linear to its length. */
export const markupShape = (markup: string): MarkupShape => {
  const lower = markup.toLowerCase();
  const pieces: string[] = [];
  const headings: string[] = [];
  let title = '';
  let heading: string[] | undefined;
  let openBlocks = 0;
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
    if (COUNTED.test(tag)) openBlocks += slash === '/' ? -1 : 1;
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
    openBlocks: Math.max(0, openBlocks),
  };
};
