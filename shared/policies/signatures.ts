import { termsOf, weightOf } from './lexicon.ts';
import { normalise } from './normalise.ts';
import { MARKUP, type SignatureReason, SIGNATURES, TITLES } from './signature-table.ts';

/** Longer pages say such things of others: policies mention captchas, sign-in and access that is denied. */
export const SHORT_PAGE = 2_500;
/** Above this not even the title counts. */
const TITLED_PAGE = 12_000;
export const TINY_PAGE = 500;
const LEAD = 200;
/** From here on a text with as many prohibitions and duties as this is made of rules: no wall says as much. */
const RULED_PAGE = 800;
const RULES = 4;

export interface SignatureFound {
  readonly reason: SignatureReason;
  readonly name: string;
  /** What was seen, untrusted, at most 80 characters. */
  readonly seen: string;
}

export interface PageWords {
  readonly title: string;
  /** Headings as shown. */
  readonly headings: readonly string[];
  /** All text, in order. */
  readonly text: string;
}

const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[‘’ʼ´`]/g, "'")
    .replaceAll(/[“”„«»]/g, '"')
    .replaceAll(/\s+/g, ' ')
    .trim();

const found = (reason: SignatureReason, name: string, seen: string): SignatureFound => ({
  reason,
  name,
  seen: seen.slice(0, 80),
});

const byTitle = (title: string): SignatureFound | undefined => {
  const whole = plain(title);
  const parts = [whole, ...whole.split(/ [|·–—-] /).slice(0, 1)];
  for (const [reason, phrase] of TITLES) {
    const hit = parts.find((part) => phrase.test(part));
    if (hit !== undefined) return found(reason, 'title', hit);
  }
  return undefined;
};

/** Short rules speak of signing in, of pages that are gone and of countries where something is not available. */
const holdsRules = (text: string): boolean =>
  text.length >= RULED_PAGE &&
  termsOf(normalise(text)).filter((name) => /^(?:prohibition|duty)$/.test(weightOf(name) ?? '')).length >=
    RULES;

/**
 * What a page says of itself where it is not the policy. Counts only in a short page, or as the whole title: a long
 * policy may mention captchas and error pages as often as it likes, and short rules may in their midst.
 */
export const signatureIn = (words: PageWords): SignatureFound | undefined => {
  const titled = words.text.length < TITLED_PAGE ? byTitle(words.title) : undefined;
  if (titled !== undefined) return titled;
  if (words.text.length >= SHORT_PAGE) return undefined;
  const text = plain(words.text);
  const leads =
    text.length < TINY_PAGE
      ? [plain(words.title), text, ...text.split(/(?<=[.!?…]) /)]
      : [plain(words.title), text.slice(0, LEAD), ...words.headings.map(plain)];
  let rules: boolean | undefined;
  for (const { reason, name, phrase, counts } of SIGNATURES) {
    const anywhere = counts === 'page' && phrase.test(text) && !(rules ??= holdsRules(words.text));
    for (const where of anywhere ? [text, ...leads] : leads) {
      const hit = phrase.exec(where);
      if (hit !== null) return found(reason, name, hit[0]);
    }
  }
  return undefined;
};

/** What the markup of a page that shows (nearly) no text gives away. Only the first 200,000 characters are looked at. */
export const markupSignature = (markup: string): SignatureFound | undefined => {
  const lower = markup.slice(0, 200_000).toLowerCase();
  for (const [reason, name, phrase] of MARKUP) {
    const hit = phrase.exec(lower);
    if (hit !== null) return found(reason, name, hit[0]);
  }
  return undefined;
};
