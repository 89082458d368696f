import {
  type HtmlDocument,
  type HtmlElement,
  type HtmlNode,
  isElement,
  setChildren,
  textOf,
  walk,
} from './html-document.ts';
import type { NoiseLog } from './noise-log.ts';
import { foldSpace } from './normalise.ts';

/** Inside these a header, a footer or something hidden belongs to the text, not to the page. */
const CONTENT = new Set(['article', 'main', 'section']);
const ROLES = new Set(['banner', 'navigation', 'contentinfo', 'search']);
const DIALOGS = new Set(['dialog', 'alertdialog']);
/** What consent banners are called; sections about cookies have no button that accepts anything. */
const CONSENT_NAME =
  /(?:cookie|consent|gdpr|privacy)[-_ ]?(?:banner|bar|notice|notification|popup|pop-up|modal|overlay|dialog|wall|message|prompt|layer)|onetrust|cybot|didomi|usercentrics|truste|quantcast|cookielaw|cookieyes|cc-window|osano|sp_message/i;
const CONSENT_TEXT = /\bcookies?\b|\bconsent\b|\bprivacy\b/i;
const CONSENT_BUTTON =
  /\b(?:accept|agree|allow|reject|decline|deny|refuse|got it|ok|okay|manage|preferences|settings|choices|close)\b/i;
const LONGEST_CONSENT = 6_000;
/** Elements that hold most of the page, or that are named like a consent banner; more of them are there to cost time. */
const MOST_SPARED = 20;

const rolesOf = ({ attribs }: HtmlElement): string[] =>
  (attribs['role'] ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((role) => role !== '');

interface Measured {
  /** Characters but white space. */
  all: number;
  /** Of these outside of links and buttons: menus are made of links, rules are not. */
  plain: number;
}

const isControl = ({ name, attribs }: HtmlElement): boolean =>
  name === 'a' || name === 'button' || attribs['role'] === 'button' || attribs['role'] === 'menuitem';

const measure = (element: HtmlElement): Measured => {
  const size = { all: 0, plain: 0 };
  let controls = 0;
  walk(
    [element],
    (node) => {
      const length = (textOf(node) ?? '').replaceAll(/\s+/g, '').length;
      size.all += length;
      if (controls === 0) size.plain += length;
      if (isElement(node) && isControl(node)) controls += 1;
    },
    (left) => {
      if (isControl(left)) controls -= 1;
    },
  );
  return size;
};

/** Text of an element, as far as it is not longer than that by much. */
const wordsOf = (element: HtmlElement, most: number): string => {
  const words: string[] = [];
  let length = 0;
  walk([element], (node) => {
    const text = textOf(node);
    if (text === undefined) return length <= most;
    words.push(text);
    length += text.length;
    return;
  });
  return foldSpace(words.join(' ').slice(0, 2 * most));
};

const mayBeConsent = (element: HtmlElement): boolean => {
  const { name, attribs } = element;
  return (
    name === 'dialog' ||
    CONSENT_NAME.test(`${attribs['id'] ?? ''} ${attribs['class'] ?? ''}`) ||
    rolesOf(element).some((role) => DIALOGS.has(role))
  );
};

const isConsent = (element: HtmlElement): boolean => {
  const text = wordsOf(element, LONGEST_CONSENT);
  if (text.length > LONGEST_CONSENT || !CONSENT_TEXT.test(text)) return false;
  let accepts = false;
  walk([element], (node) => {
    if (accepts) return false;
    if (isElement(node) && isControl(node)) accepts = CONSENT_BUTTON.test(wordsOf(node, 200));
    return;
  });
  return accepts;
};

const isHidden = ({ attribs }: HtmlElement): boolean => attribs['aria-hidden']?.toLowerCase() === 'true';

const holds = (element: HtmlElement, inner: HtmlElement): boolean => {
  for (let at: HtmlElement | null = inner; at !== null; at = at.parent as HtmlElement | null)
    if (at === element) return true;
  return false;
};

/** Takes elements off the tree; one after the other would be quadratic where one parent holds many. */
const takeOut = (elements: readonly HtmlElement[]): void => {
  const gone = new Set<HtmlNode>(elements);
  for (const parent of new Set(elements.map(({ parent: one }) => one)))
    if (parent !== null)
      setChildren(
        parent as HtmlElement,
        parent.children.filter((child) => !gone.has(child)),
      );
};

/** Why an element is a part of the site around the policy; undefined where nothing says so. */
const chromeRule = (
  element: HtmlElement,
  inContent: boolean,
  inHidden: boolean,
  isBanner: (element: HtmlElement) => boolean,
): string | undefined => {
  const { name } = element;
  if (name === 'nav' || name === 'search') return name;
  if ((name === 'header' || name === 'footer') && !inContent) return name;
  const role = rolesOf(element).find((one) => ROLES.has(one));
  if (role !== undefined) return `role ${role}`;
  if (isBanner(element)) return 'consent banner';
  if (!isHidden(element) || inHidden || inContent) return undefined;
  if (rolesOf(element).some((one) => DIALOGS.has(one))) return 'hidden dialog';
  // Collapsed details are hidden too, and they are policy (reference P16): only what consists of links goes.
  const { all, plain } = measure(element);
  return plain * 2 < all ? 'hidden links' : undefined;
};

/**
 * Takes away what stands around the policy where the source does not say where the policy is: navigation, search, the
 * header and footer of the page, hidden menus, consent banners. An element that holds most of the words of the page is
 * the page, whatever it is called, and where nothing would be left nothing goes. The only `<h1>` of the page stays,
 * also out of its header.
 * @param kept elements that the source speaks of (ends of ranges); what holds one stays
 */
export const dropChrome = (page: HtmlDocument, kept: ReadonlySet<HtmlElement>, log: NoiseLog): void => {
  const { $, root } = page;
  const body = $('body')[0] as HtmlElement | undefined;
  if (body === undefined) return;
  const whole = measure(body);
  const holdsKept = (element: HtmlElement): boolean => [...kept].some((one) => holds(element, one));
  let looks = 0;
  const isBanner = (element: HtmlElement): boolean =>
    mayBeConsent(element) && (looks += 1) <= MOST_SPARED && isConsent(element);
  const going: { element: HtmlElement; rule: string; size: Measured }[] = [];
  const titles: HtmlElement[] = [];
  let content = 0;
  let spared = 0;
  // What is hidden in something hidden was looked at with it.
  let hidden: HtmlElement | undefined;
  walk(
    root.children,
    (node) => {
      if (!isElement(node)) return;
      if (node.name === 'h1') titles.push(node);
      if (node !== body && node.name !== 'html' && spared < MOST_SPARED) {
        const rule = chromeRule(node, content > 0, hidden !== undefined, isBanner);
        const size = rule === undefined ? undefined : measure(node);
        if (rule !== undefined && size !== undefined) {
          if (size.plain * 2 <= whole.plain && !holdsKept(node)) {
            if (size.all > 0) going.push({ element: node, rule, size });
            walk([node], (inner) => {
              if (isElement(inner) && inner !== node && inner.name === 'h1') titles.push(inner);
            });
            return false;
          }
          spared += 1;
        }
        if (hidden === undefined && isHidden(node)) hidden = node;
      }
      if (CONTENT.has(node.name)) content += 1;
      return;
    },
    (left) => {
      if (CONTENT.has(left.name)) content -= 1;
      if (left === hidden) hidden = undefined;
    },
  );
  if (whole.all <= going.reduce((sum, { size }) => sum + size.all, 0)) return;
  const title = titles.length === 1 ? titles[0] : undefined;
  for (const { element, rule } of going) {
    log.note(`page chrome: ${rule}`, wordsOf(element, 400));
    const isHeader = rule === 'header' || rule === 'role banner';
    if (isHeader && title !== undefined && holds(element, title)) $(element).before($(title));
  }
  takeOut(going.map(({ element }) => element));
};
