import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Capture } from '#shared/policies/capture.ts';
import type { PageContent, ReadPageResult } from '#shared/policies/content.ts';
import { judge, type JudgeInput } from '#shared/policies/judge.ts';
import { normalise } from '#shared/policies/normalise.ts';
import type { UnusableReason } from '#shared/policies/observation.ts';
import { PolicySource, type PolicySourceInput } from '#shared/policies/source.ts';
import { bounded } from '../support/bounded.ts';

const HASH = '0'.repeat(64);
const source = (more: Partial<PolicySourceInput> = {}): PolicySource =>
  PolicySource.parse({ id: 'example-terms', url: 'https://www.example.test/legal/terms', ...more });

const capture = (more: Partial<Capture> = {}): Capture => ({
  schemaVersion: 1,
  source: 'example-terms',
  slot: '2026-05-01T00:00:00.000Z',
  reading: 1,
  fetchedAt: '2026-05-01T00:00:00.000Z',
  fetcher: 'http',
  url: 'https://www.example.test/legal/terms',
  finalUrl: 'https://www.example.test/legal/terms',
  chain: [],
  status: 200,
  headers: { 'content-type': 'text/html' },
  rawBytes: 10_000,
  notModified: false,
  robots: 'allowed',
  ...more,
});

const content = (texts: readonly string[], more: Partial<PageContent> = {}): PageContent => {
  const blocks = texts.map((text, index) => ({
    kind: index === 0 ? ('heading' as const) : ('paragraph' as const),
    path: [],
    text,
    norm: normalise(text),
  }));
  return {
    schemaVersion: 1,
    extractor: 'policy-reader/1',
    configHash: HASH,
    format: 'html',
    title: texts[0] ?? '',
    hashes: { raw: HASH, canonical: HASH, semantic: HASH, structure: HASH, undated: HASH, links: HASH },
    canonical: texts.join('\n\n'),
    blocks,
    links: [],
    dateLines: [],
    effective: [],
    replacementCharacters: texts.join('').split('\ufffd').length - 1,
    length: blocks.reduce((sum, { norm }) => sum + norm.length, 0),
    removed: [],
    ...more,
  };
};
const read = (texts: readonly string[], more: Partial<PageContent> = {}): ReadPageResult => ({
  kind: 'read',
  content: content(texts, more),
});

const SENTENCES = [
  'You may not list goods that are prohibited by the law of the country in which you sell them.',
  'We may remove any listing that does not follow this policy, and we will tell you by e-mail when we have done so.',
  'Sellers must disclose whether an item was made by hand, by a machine, or with the help of synthetic media.',
  'If you do not agree with a decision, you can ask for a review within 14 days of the notice that we sent to you.',
  'The fee for each sale is 6.5 % of the price that is shown to the buyer, and it is due at the end of the month.',
];
const policy = (paragraphs: number): string[] => [
  'Prohibited items policy',
  ...Array.from({ length: paragraphs }, (_, index) => `${index + 1}. ${SENTENCES[index % SENTENCES.length]}`),
];
const LONG = policy(60);
const long = content(LONG);
const lastGood = { length: long.length, replacementCharacters: 0, blocks: long.blocks.length };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const html = (title: string, body: string): Uint8Array =>
  bytes(`<!doctype html><html lang="en"><head><title>${title}</title></head><body>${body}</body></html>`);
const missed: ReadPageResult = {
  kind: 'unreadable',
  code: 'SELECTOR_MISSED',
  detail: 'Nothing matches main.',
};

const FRENCH = Array.from(
  { length: 40 },
  () =>
    'Vous ne pouvez pas vendre les articles qui sont interdits par la loi du pays dans lequel vous les proposez, et nous pouvons retirer une annonce qui ne respecte pas cette politique.',
);
const GERMAN = Array.from(
  { length: 40 },
  () =>
    'Sie dürfen keine Artikel anbieten, die nach dem Recht des Landes verboten sind, in dem Sie verkaufen, und wir können ein Angebot entfernen, wenn es nicht mit der Richtlinie im Einklang ist.',
);

type Case = readonly [what: string, reason: UnusableReason, input: Partial<JudgeInput>];
const failure = (code: NonNullable<Capture['failure']>['code']): Partial<JudgeInput> => ({
  capture: capture({ failure: { code, detail: 'it failed' }, rawBytes: 0 }),
});

const BROKEN: readonly Case[] = [
  ['a name that is not there', 'DNS', failure('DNS')],
  ['a certificate that expired', 'TLS', failure('TLS')],
  ['silence', 'TIMEOUT', failure('TIMEOUT')],
  ['a redirect to a private address', 'BLOCKED_ADDRESS', failure('BLOCKED_ADDRESS')],
  ['a body over the cap', 'TOO_LARGE', failure('TOO_LARGE')],
  ['status 404', 'HTTP_GONE', { capture: capture({ status: 404 }) }],
  ['status 403', 'HTTP_FORBIDDEN', { capture: capture({ status: 403 }) }],
  ['status 429', 'HTTP_RATE_LIMITED', { capture: capture({ status: 429 }) }],
  ['status 503', 'HTTP_SERVER_ERROR', { capture: capture({ status: 503 }) }],
  ['304 to stale validators', 'VALIDATORS_STALE', { capture: capture({ status: 304, notModified: false }) }],
  ['no body', 'EMPTY', { capture: capture({ rawBytes: 0 }) }],
  [
    'a body that is shorter than declared',
    'CUT_OFF',
    { capture: capture({ headers: { 'content-length': '20000' } }), read: read(LONG) },
  ],
  [
    'a challenge by header, however long',
    'WALL',
    { capture: capture({ headers: { 'cf-mitigated': 'challenge' } }), read: read(LONG) },
  ],
  [
    'a redirect to the sign-in',
    'LOGIN',
    { capture: capture({ finalUrl: 'https://accounts.example.test/ServiceLogin?next=x' }), read: read(LONG) },
  ],
  [
    'a redirect to the consent page',
    'WALL',
    { capture: capture({ finalUrl: 'https://consent.youtube.com/m?continue=x' }), read: read(LONG) },
  ],
  [
    'a redirect to another page',
    'MOVED',
    { capture: capture({ finalUrl: 'https://www.example.test/' }), read: read(LONG) },
  ],
  [
    'a redirect to another host',
    'MOVED',
    { capture: capture({ finalUrl: 'https://shop.example.test/legal/terms' }), read: read(LONG), lastGood },
  ],
  ['bytes that stayed compressed', 'DECODING', { body: gzipSync('policy'), read: read(['\u001f\u008b']) }],
  ['Cloudflare', 'WALL', { read: read(['Just a moment...', 'Enable JavaScript and cookies to continue']) }],
  [
    'Cloudflare, block page',
    'WALL',
    {
      read: read([
        'Sorry, you have been blocked',
        'You are unable to access example.test. This website is using a security service to protect itself from online attacks.',
        'Cloudflare Ray ID: 8f1f2a3b4c5d6e7f',
      ]),
    },
  ],
  [
    'Akamai',
    'WALL',
    {
      read: read([
        'Access Denied',
        'You don’t have permission to access "http://www.example.test/legal/terms" on this server. Reference #18.2d351ab8.1557333295.a4e16ab',
      ]),
    },
  ],
  [
    'a wall after the header and before the footer of the last good page',
    'WALL',
    {
      read: read([
        'Example',
        'Verify you are human before you continue to the rules of the shop.',
        ...policy(2),
      ]),
      lastGood: { length: 1_200, replacementCharacters: 0, blocks: 13, content: content(policy(12)) },
    },
  ],
  [
    'DataDome, where the selector finds nothing',
    'WALL',
    {
      body: html(
        'example.test',
        '<p>Please enable JS and disable any ad blocker</p><script src="https://ct.captcha-delivery.com/c.js"></script>',
      ),
      read: missed,
    },
  ],
  [
    'DataDome without words',
    'WALL',
    {
      body: html('example.test', '<script src="https://ct.captcha-delivery.com/c.js"></script>'),
      read: { kind: 'unreadable', code: 'EMPTY', detail: 'Nothing.' },
    },
  ],
  [
    'PerimeterX',
    'WALL',
    {
      read: read([
        'Access to this page has been denied',
        'Press & Hold to confirm you are a human (and not a bot).',
      ]),
    },
  ],
  [
    'Google',
    'WALL',
    {
      read: read([
        'About this page',
        'Our systems have detected unusual traffic from your computer network. This page checks to see if it is really you sending the requests, and not a robot.',
      ]),
    },
  ],
  [
    'Google consent',
    'WALL',
    {
      read: read([
        'Before you continue to YouTube',
        'We use cookies and data to deliver and maintain Google services. If you choose to accept all, we will also use cookies and data to develop and improve new services.',
      ]),
    },
  ],
  [
    'a consent page in German',
    'WALL',
    { read: read(['Bevor Sie zu YouTube weitergehen', 'Wir verwenden Cookies und Daten.']) },
  ],
  [
    'a soft 404',
    'SOFT_404',
    {
      read: read([
        'Page not found',
        'The page you are looking for does not exist. Go back to the home page.',
      ]),
    },
  ],
  ['a soft 404 in French', 'SOFT_404', { read: read(['Page introuvable', 'Désolé.']) }],
  [
    'a soft 404 in a long navigation',
    'SOFT_404',
    {
      read: missed,
      body: html('Page not found | Example', `<nav>${'<a href="/x">Popular article</a> '.repeat(150)}</nav>`),
    },
  ],
  [
    'a sign-in',
    'LOGIN',
    { read: read(['Sign in', 'E-mail Password Forgot your password? Create an account']) },
  ],
  [
    'a sign-in form',
    'LOGIN',
    {
      read: missed,
      body: html(
        'Example',
        '<form><input name="u"><input type="password" name="p"><button>Go</button></form>',
      ),
    },
  ],
  [
    'a stub of 31 bytes',
    'REDIRECT_STUB',
    {
      read: { kind: 'unreadable', code: 'EMPTY', detail: 'Nothing.' },
      body: bytes('Redirecting to /legal/terms-new'),
    },
  ],
  ['a stub that was read', 'REDIRECT_STUB', { read: read(['Redirecting to /legal/terms-new']) }],
  [
    'a meta refresh',
    'REDIRECT_STUB',
    { read: missed, body: html('', '<meta http-equiv="refresh" content="0; url=/x">') },
  ],
  ['a server error', 'ERROR_PAGE', { read: read(['Something went wrong', 'Please try again later.']) }],
  [
    'an application that needs scripts',
    'ERROR_PAGE',
    {
      read: missed,
      body: html(
        'Example',
        '<noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div>',
      ),
    },
  ],
  ['the same text for two sources', 'SHARED_BODY', { read: read(LONG), sharedWith: ['example-fees'] }],
  ['a broken byte', 'REPLACEMENT_CHARACTERS', { read: read([...LONG, 'Fees \ufffd and taxes']), lastGood }],
  [
    'a first capture of broken bytes',
    'REPLACEMENT_CHARACTERS',
    { read: read(LONG.map((text) => `\ufffd\ufffd${text}`)) },
  ],
  [
    'UTF-8 read as Latin 1',
    'CHARSET_UNKNOWN',
    { read: read(LONG.map((text) => `${text} It is the sellerâ€™s duty.`)), lastGood },
  ],
  ['French', 'WRONG_LANGUAGE', { read: read(FRENCH) }],
  ['German that says it is English', 'WRONG_LANGUAGE', { read: read(GERMAN, { declaredLanguage: 'en' }) }],
  [
    'Japanese',
    'WRONG_LANGUAGE',
    { read: read(Array.from({ length: 30 }, () => '当社は、この規約に違反する商品の出品を禁止します。')) },
  ],
  [
    'English where French is asked for',
    'WRONG_LANGUAGE',
    { source: source({ language: 'fr' }), read: read(LONG) },
  ],
  [
    'English where Japanese is asked for',
    'WRONG_LANGUAGE',
    { source: source({ language: 'ja' }), read: read(LONG) },
  ],
  [
    'a cut in the middle of a tag',
    'CUT_OFF',
    {
      read: read(policy(30)),
      body: bytes(
        `<!doctype html><html><body><main>${policy(30)
          .map((text) => `<p>${text}</p>`)
          .join('')}<p cla`,
      ),
    },
  ],
  [
    'a cut in the middle of a text',
    'CUT_OFF',
    {
      read: read(policy(30)),
      lastGood,
      body: bytes(
        `<!doctype html><html><body><main>${policy(30)
          .map((text) => `<p>${text}</p>`)
          .join('')}`,
      ),
    },
  ],
  [
    'a small cut of a page that had an end',
    'CUT_OFF',
    {
      read: read(policy(58)),
      lastGood: { ...lastGood, complete: true },
      body: bytes(
        `<html><body><main>${policy(58)
          .map((text) => `<p>${text}</p>`)
          .join('')}`,
      ),
    },
  ],
  ['a PDF without an end', 'CUT_OFF', { read: read(LONG), body: bytes('%PDF-1.7\n1 0 obj\n') }],
  ['a few words', 'TOO_SHORT', { read: read(['Terms', 'These are the terms.']) }],
  [
    'a page without its anchor',
    'MISSING_ANCHORS',
    { source: source({ anchors: ['Counterfeit goods'] }), read: read(LONG) },
  ],
  ['half a page', 'SHRINK', { read: read(policy(28)), lastGood }],
  ['two pages', 'GROWTH', { read: read(policy(130)), lastGood }],
  [
    'a PDF without text',
    'NO_TEXT_LAYER',
    {
      read: { kind: 'unreadable', code: 'NO_TEXT_LAYER', detail: 'Only pictures.' },
      body: bytes('%PDF-1.7\n%%EOF'),
    },
  ],
  ['a selector that finds nothing', 'SELECTOR_MISSED', { read: missed, body: html('Terms', LONG.join(' ')) }],
];

const GOOD: readonly (readonly [what: string, input: Partial<JudgeInput>])[] = [
  ['the policy', { read: read(LONG), lastGood }],
  ['a first capture', { read: read(LONG) }],
  ['304 to good validators', { capture: capture({ status: 304, notModified: true, rawBytes: 0 }) }],
  [
    'a capture without a status',
    { capture: { ...capture(), status: undefined } as unknown as Capture, read: read(LONG) },
  ],
  [
    'a short help article that says "Sign in to YouTube Studio"',
    {
      read: read([
        'Set your audience',
        ...SENTENCES,
        'Sign in to YouTube Studio. Something went wrong? Check your captcha settings.',
      ]),
    },
  ],
  [
    'short rules that speak of signing in, countries, pages that are gone and bots, at the first look',
    {
      read: read([
        ...policy(10),
        'A feature that is not available in your country may not be offered there.',
        'You must not use automated access to our site. You must be logged in to see this page of your account.',
        'If the page you requested is no longer available, you must not rely on it. Please enable JavaScript to continue.',
      ]),
    },
  ],
  [
    'rules of three lines that were known before, with a new line on signing in',
    {
      read: read([...policy(5), 'Please sign in to continue.']),
      lastGood: { length: 520, replacementCharacters: 0, blocks: 6, content: content(policy(5)) },
    },
  ],
  ['exactly half', { read: read(LONG), lastGood: { ...lastGood, length: long.length * 2 } }],
  ['exactly double', { read: read(LONG), lastGood: { ...lastGood, length: long.length / 2 } }],
  [
    'a broken byte that was there before',
    { read: read([...LONG, 'x \ufffd']), lastGood: { ...lastGood, replacementCharacters: 1 } },
  ],
  [
    'an anchor with other quotes, spaces and case',
    {
      source: source({ anchors: ['the  SELLER\u2019S duty'] }),
      read: read([...LONG, "It is the seller's\u00a0duty."]),
    },
  ],
  ['an English page that declares French', { read: read(LONG, { declaredLanguage: 'fr' }) }],
  ['a page in two languages', { read: read([...LONG, ...FRENCH.slice(0, 30)]) }],
  ['French where any language will do', { source: source({ language: 'any' }), read: read(FRENCH) }],
  [
    'Hungarian, of which no words are known here',
    {
      source: source({ language: 'hu' }),
      read: read([
        'Szabályzat',
        ...Array.from(
          { length: 20 },
          () => 'A felhasználó nem tehet közzé olyan tartalmat, amely sérti a szabályokat vagy mások jogait.',
        ),
      ]),
    },
  ],
  [
    'HTML that never closes its page',
    {
      read: read(LONG),
      lastGood,
      body: bytes(`<!doctype html><title>Terms</title>${LONG.map((text) => `<p>${text}`).join('')}`),
    },
  ],
  [
    'a slash at the end',
    { capture: capture({ finalUrl: 'https://www.example.test/legal/terms/?hl=en' }), read: read(LONG) },
  ],
];

describe('the judge (POL-11, reference P7, P14-P19)', () => {
  it.each(BROKEN)('calls %s %s', (_what, reason, input) => {
    const judgement = judge({ source: source(), capture: capture(), ...input });
    expect(judgement).toMatchObject({ usable: false, reason });
    expect(!judgement.usable && judgement.detail.length).toBeGreaterThan(4);
  });

  it.each(GOOD)('lets %s pass', (_what, input) => {
    expect(judge({ source: source(), capture: capture(), ...input })).toEqual({ usable: true });
  });

  const SUSPICIOUS = [
    'We may ask you to solve a captcha.',
    'Access denied messages are shown to people who were blocked.',
    'Please verify you are human before you sign in to continue.',
    'Our systems have detected unusual traffic from your computer network.',
    'If the page was not found, you are being redirected. Something went wrong. 404 Not Found.',
    'Enable JavaScript and cookies to continue. Just a moment...',
    'Vérifiez que vous êtes humain.',
  ];

  it('never refuses a long policy for what it says about walls, errors and sign-in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...SUSPICIOUS), { minLength: 1, maxLength: 6 }),
        fc.nat({ max: LONG.length }),
        fc.boolean(),
        (added, at, asHeading) => {
          const texts = [...LONG.slice(0, at), ...added, ...LONG.slice(at)];
          const page = content(texts, { title: 'Prohibited items policy' });
          const blocks = page.blocks.map((block) =>
            asHeading && added.includes(block.text) ? { ...block, kind: 'heading' as const } : block,
          );
          expect(
            judge({
              source: source(),
              capture: capture(),
              read: { kind: 'read', content: { ...page, blocks } },
              lastGood,
            }),
          ).toEqual({ usable: true });
        },
      ),
    );
  });

  it('refuses every wall that stands in for the policy, whatever else it says in few words', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...BROKEN.filter(([, reason]) => reason === 'WALL' || reason === 'SOFT_404')),
        fc.lorem({ maxCount: 30 }),
        ([, , input], words) => {
          const known = input.read;
          if (known?.kind !== 'read') return;
          const texts = [...known.content.blocks.map(({ text }) => text), words];
          expect(judge({ source: source(), capture: capture(), ...input, read: read(texts) })).toMatchObject({
            usable: false,
          });
        },
      ),
    );
  });

  it('is total: any text, any bytes, any sizes give a word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 400 }), { maxLength: 12 }),
        fc.uint8Array({ maxLength: 3_000 }),
        fc.nat({ max: 20_000 }),
        fc.webUrl(),
        (texts, body, length, finalUrl) => {
          const judgement = judge({
            source: source({ anchors: ['terms'] }),
            capture: capture({ finalUrl }),
            read: read(texts),
            body,
            lastGood: { length, replacementCharacters: 0, blocks: 3 },
          });
          expect(judgement.usable || judgement.detail.length <= 300).toBe(true);
        },
      ),
    );
  });

  it('reads megabytes of "<" and unclosed tags in bounded time', () => {
    for (const piece of ['<', '<script>', '<div ', '<!--', '<h1>', '<title>x']) {
      const body = bytes(`<html>${piece.repeat(4_000_000 / piece.length)}`);
      bounded(() => judge({ source: source(), capture: capture(), read: missed, body }));
    }
  });
});
