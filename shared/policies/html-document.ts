import { load, type CheerioAPI } from 'cheerio/slim';
import type { NoiseLog } from './noise-log.ts';
import { foldSpace } from './normalise.ts';

export type HtmlRoot = ReturnType<CheerioAPI['root']>[0];
export type HtmlNode = NonNullable<HtmlRoot>['children'][number];
export type HtmlElement = Extract<HtmlNode, { attribs: unknown }>;

export const isElement = (node: HtmlNode): node is HtmlElement => 'attribs' in node;
/** Character data of a text node; undefined for everything else. */
export const textOf = (node: HtmlNode): string | undefined => (node.type === 'text' ? node.data : undefined);

/** Deeper elements are lifted: browsers do the same, and nothing downstream has to fear depth. */
const MOST_DEPTH = 400;

/** Never policy text. Text that style sheets hide is not among them: collapsed details are policy (reference P16). */
const NOT_TEXT = new Set(
  'script style noscript template svg iframe frame frameset object embed applet canvas audio video map area select datalist textarea input meta link base param source track col colgroup'.split(
    ' ',
  ),
);
/** What is parted from its neighbours by more than white space. */
const BLOCKS = new Set(
  'address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option output p pre search section summary table tbody td tfoot th thead tr ul'.split(
    ' ',
  ),
);
export const isBlockElement = (name: string): boolean => BLOCKS.has(name);

/** Visits nodes in document order without recursion. `enter` may answer `false` to pass over what is inside. */
export const walk = (
  roots: readonly HtmlNode[],
  enter: (node: HtmlNode) => boolean | void,
  leave?: (element: HtmlElement) => void,
): void => {
  for (const root of roots) {
    let node: HtmlNode | null = root;
    while (node !== null) {
      const inside: boolean = enter(node) !== false;
      if (isElement(node) && inside && node.children[0] !== undefined) {
        node = node.children[0];
        continue;
      }
      if (isElement(node) && inside) leave?.(node);
      while (node !== root && node.next === null) {
        node = node.parent as HtmlElement;
        leave?.(node);
      }
      if (node === root) break;
      node = node.next as HtmlNode;
    }
  }
};

export const setChildren = (parent: NonNullable<HtmlRoot> | HtmlElement, children: HtmlNode[]): void => {
  children.forEach((child, index) => {
    child.parent = parent as HtmlElement;
    child.prev = children[index - 1] ?? null;
    child.next = children[index + 1] ?? null;
  });
  parent.children = children as typeof parent.children;
};

const hex = (text: string, at: number): number => Number.parseInt(text.slice(at, at + 2), 16);

/** The address behind `data-cfemail`: pairs of hex digits, the first is the key of this request. */
export const decodeProtectedMail = (code: string): string | undefined => {
  if (!/^(?:[0-9a-f]{2}){4,200}$/i.test(code)) return undefined;
  const key = hex(code, 0);
  let bytes = '';
  for (let at = 2; at < code.length; at += 2)
    bytes += `%${(hex(code, at) ^ key).toString(16).padStart(2, '0')}`;
  try {
    const address = decodeURIComponent(bytes);
    return /^[^\s@]+@[^\s@]+$/.test(address) ? address : undefined;
  } catch {
    return undefined;
  }
};

const newElement = ($: CheerioAPI, name: string, text = ''): HtmlElement =>
  $(`<${name}>${text}</${name}>`)[0] as HtmlElement;

/** Selectors are written against the tree that browsers build; there, rows always stand in a `<tbody>`. */
const withTableBody = ($: CheerioAPI, children: HtmlNode[]): HtmlNode[] => {
  const parts: HtmlNode[] = [];
  let rows: HtmlNode[] = [];
  const close = (): void => {
    if (rows.some(isElement)) {
      const body = newElement($, 'tbody');
      setChildren(body, rows);
      parts.push(body);
    } else parts.push(...rows);
    rows = [];
  };
  for (const child of children)
    if (isElement(child) ? child.name === 'tr' : rows.length > 0 && (textOf(child) ?? '').trim() === '')
      rows.push(child);
    else {
      close();
      parts.push(child);
    }
  close();
  return parts;
};

export interface HtmlDocument {
  readonly $: CheerioAPI;
  readonly root: NonNullable<HtmlRoot>;
  readonly title: string;
  /** `lang` of the root element, as written. */
  readonly language?: string;
  /** `href` of the first `<base>`. */
  readonly base?: string;
}

const textContent = (element: HtmlElement): string => {
  let text = '';
  walk([element], (node) => {
    text += textOf(node) ?? '';
  });
  return text;
};

/**
 * Parses HTML and takes away what is never policy text: scripts, styles, comments, frames, form controls. Protected
 * mail becomes plain text first. Total: any text is a document.
 */
export const parseHtml = (html: string, log: NoiseLog): HtmlDocument => {
  const $ = load(html);
  const root = $.root()[0] as NonNullable<HtmlRoot>;
  let title: string | undefined;
  let language: string | undefined;
  let base: string | undefined;
  let hasBody = false;
  const drop = (element: HtmlElement): void => {
    log.note(`element: ${element.name}`, foldSpace(textContent(element).slice(0, 400)));
  };
  // A second tree would cost the memory of the first, so children are filtered in place, outermost first.
  const pending: { parent: NonNullable<HtmlRoot> | HtmlElement; depth: number }[] = [
    { parent: root, depth: 0 },
  ];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const { parent, depth } = place;
    const kept: HtmlNode[] = [];
    const queue: HtmlNode[] = parent.children.toReversed();
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (node.type === 'text') {
        kept.push(node);
        continue;
      }
      if (!isElement(node)) {
        // Comments, doctypes, processing instructions; CDATA in HTML is a comment.
        continue;
      }
      const { name, attribs } = node;
      if (name === 'html') language ??= attribs['lang'] ?? attribs['xml:lang'];
      if (name === 'body') hasBody = true;
      if (name === 'base') base ??= attribs['href'];
      if (name === 'title' && title === undefined) title = foldSpace(textContent(node));
      if (name === 'title') continue;
      if (name === 'head') {
        // A head that was never closed holds the page.
        for (const child of node.children.toReversed()) queue.push(child);
        continue;
      }
      if (NOT_TEXT.has(name)) {
        drop(node);
        continue;
      }
      const protectedMail = attribs['data-cfemail'];
      if (protectedMail !== undefined) {
        log.note('mail: protected address', protectedMail);
        setChildren(node, []);
        const first = newElement($, 'i', 'x').children[0];
        if (first !== undefined && first.type === 'text') {
          first.data = decodeProtectedMail(protectedMail) ?? '[email protected]';
          setChildren(node, [first]);
        }
        kept.push(node);
        continue;
      }
      if (depth >= MOST_DEPTH && node.children.length > 0) {
        log.note('element: nested too deep, lifted', `<${name}>`);
        for (const child of node.children.toReversed()) queue.push(child);
        continue;
      }
      kept.push(node);
      if (node.children.length > 0) pending.push({ parent: node, depth: depth + 1 });
    }
    setChildren(parent, 'name' in parent && parent.name === 'table' ? withTableBody($, kept) : kept);
  }
  if (!hasBody) {
    const container = root.children.find((node) => isElement(node) && node.name === 'html') ?? root;
    const body = newElement($, 'body');
    const parent = container as HtmlElement;
    setChildren(body, [...parent.children]);
    setChildren(parent, [body]);
  }
  return {
    $,
    root,
    title: title ?? '',
    ...(language === undefined ? {} : { language }),
    ...(base === undefined ? {} : { base }),
  };
};
