import { sha256 } from '../actions/canonical-json.ts';
import type { PageContent, PolicyLink } from './content.ts';

/** Parameters that name the document, where a site has no paths for it. Everything else of a query is noise. */
const IDENTITY = new Set([
  'id',
  'p',
  'page',
  'page_id',
  'article',
  'answer',
  'doc',
  'document',
  'nodeid',
  'topic',
  'template',
  'type',
  'policy',
  'policyid',
  'policy_id',
  'item',
  'itemid',
  'articleid',
  'article_id',
  'docid',
  'doc_id',
  'contentid',
  'slug',
  'file',
  'title',
  'name',
]);
const LOCALE = /^(?:intl|[a-z]{2}(?:[-_](?:[a-z]{2}|[a-z]{4}|[0-9]{3})){0,2})$/i;
/** Words of two letters that sites use as path segments and that are no languages. */
const NO_LOCALE = new Set(['tc', 'tv', 'ip', 'ad', 'ai', 'hc', 'ua', 'qa', 'my']);

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

/**
 * The document that an address leads to, whatever the locale, scheme, tracking, fragment or trailing slash. Two
 * links are to another document exactly where this differs. Total: what is no address stands for itself.
 */
export const documentOf = (target: string): string => {
  if (!URL.canParse(target)) return target.trim().toLowerCase();
  const url = new URL(target);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return decoded(target.trim()).toLowerCase();
  const segments = url.pathname
    .split('/')
    .map(decoded)
    .filter(
      (segment, index) =>
        segment !== '' && !(index <= 3 && LOCALE.test(segment) && !NO_LOCALE.has(segment.toLowerCase())),
    );
  const last = segments.at(-1);
  if (last !== undefined) {
    const plain = last.replace(/\.(?:html?|php|aspx?)$/i, '');
    if (plain === '' || /^(?:index|default)$/i.test(plain)) segments.pop();
    else segments[segments.length - 1] = plain;
  }
  const query = [...url.searchParams]
    .filter(([name, value]) => IDENTITY.has(name.toLowerCase()) && value !== '')
    .map(([name, value]) => `${name.toLowerCase()}=${value}`)
    .toSorted();
  const host = url.hostname
    .toLowerCase()
    .replace(/^www\./, '')
    .replace(/\.$/, '');
  return `${host}${url.port === '' ? '' : `:${url.port}`}/${segments.join('/')}${query.length === 0 ? '' : `?${query.join('&')}`}`;
};

/** Digest of the documents that the links lead to, in order. */
export const documentsDigest = (content: PageContent): string =>
  sha256(content.links.map((link) => documentOf(link.target)).join('\n'));

/** A link of the same words in the same place that leads to another document. */
export interface Retargeted {
  readonly from: PolicyLink;
  readonly to: PolicyLink;
}
export interface LinkComparison {
  readonly retargeted: readonly Retargeted[];
  readonly added: readonly PolicyLink[];
  readonly removed: readonly PolicyLink[];
  /** Those of `added` that lead to a document to which nothing led before. */
  readonly brought: readonly PolicyLink[];
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();

const group = (
  content: PageContent,
  place: (block: number) => string | number,
): Map<string, PolicyLink[]> => {
  const groups = new Map<string, PolicyLink[]>();
  for (const link of content.links) {
    const key = `${place(link.block)}\n${fold(link.text)}`;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [link]);
    else list.push(link);
  }
  return groups;
};

/** The words are the address that they lead to: whoever read the page knew it already. */
const namesItself = ({ text, target }: PolicyLink): boolean =>
  /^[^\s]+\.[^\s]+$/.test(text) &&
  documentOf(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`) === documentOf(target);

/**
 * Compares links by the words they carry. `place` names the block of a link so that the same block has the same name
 * on both sides. Links that lead to the same document are paired first; what is left over of the same words in the
 * same place was retargeted; the rest was added or removed.
 */
export const compareLinks = (
  from: PageContent,
  to: PageContent,
  placeFrom: (block: number) => string | number = String,
  placeTo: (block: number) => string | number = String,
): LinkComparison => {
  const retargeted: Retargeted[] = [];
  const added: PolicyLink[] = [];
  const removed: PolicyLink[] = [];
  const before = group(from, placeFrom);
  const after = group(to, placeTo);
  for (const [key, links] of after) {
    const rest = new Map<string, PolicyLink[]>();
    for (const link of before.get(key) ?? []) {
      const document = documentOf(link.target);
      rest.set(document, [...(rest.get(document) ?? []), link]);
    }
    before.delete(key);
    const unpaired = links.filter((link) => rest.get(documentOf(link.target))?.shift() === undefined);
    const left = [...rest.values()].flat();
    for (const link of unpaired) {
      const old = left.shift();
      if (old === undefined) added.push(link);
      else retargeted.push({ from: old, to: link });
    }
    removed.push(...left);
  }
  for (const links of before.values()) removed.push(...links);
  const led = new Set(from.links.map(({ target }) => documentOf(target)));
  const brought = added.filter((link) => !led.has(documentOf(link.target)) && !namesItself(link));
  return { retargeted, added, removed, brought };
};
