import { gzipSync } from 'node:zlib';
import { body, bytes, html, instead, meta, onlySections, page, paragraph, texts } from './mutations.ts';
import { FRENCH } from './document.ts';
import { scannedPdf } from './tiny-pdf.ts';
import type { Mutation, SeriesCase } from './series.ts';

const AT = [5, 6, 10];
const HTML = ['help centre', 'legal terms', 'marketplace'];
const broken = (
  name: string,
  reason: SeriesCase['reason'],
  mutations: readonly Mutation[],
  more: Partial<SeriesCase> = {},
): SeriesCase => ({
  name,
  kind: 'broken',
  page: (i) => (AT.includes(i) ? mutations : []),
  broken: AT,
  ...(reason === undefined ? {} : { reason }),
  ...more,
});
const status = (code: number, text = 'Error'): readonly Mutation[] => [
  page(text, `<h1>${text}</h1>`),
  meta({ status: code }),
];
const cut = (share: number): Mutation => bytes((all) => all.subarray(0, Math.floor(all.length * share)));
const LONG_NAVIGATION = '<nav><a href="/x">Popular article</a></nav>'.repeat(120);

/** Every way in which an answer is not the policy (reference P7, P14-P19). */
export const BROKEN: readonly SeriesCase[] = [
  broken('wall of Cloudflare', 'WALL', [
    page(
      'Just a moment...',
      '<p>Enable JavaScript and cookies to continue</p><script src="/cdn-cgi/challenge-platform/h/b/orchestrate"></script>',
    ),
  ]),
  broken('wall of Akamai', 'WALL', [
    page(
      'Access Denied',
      "<h1>Access Denied</h1><p>You don't have permission to access this page on this server.</p><p>Reference #18.2d351ab8.1557333295.a4e16ab</p>",
    ),
  ]),
  broken('wall of DataDome', 'WALL', [
    page(
      'example.test',
      '<p id="cmsg">Please enable JS and disable any ad blocker</p><script src="https://ct.captcha-delivery.com/c.js"></script>',
    ),
  ]),
  broken('wall of PerimeterX', 'WALL', [
    page(
      'Access to this page has been denied',
      '<p>Press &amp; Hold to confirm you are a human (and not a bot).</p>',
    ),
  ]),
  broken('unusual traffic', 'WALL', [
    page(
      'Sorry...',
      '<p>Our systems have detected unusual traffic from your computer network. Please try your request again later.</p>',
    ),
  ]),
  broken('consent page', 'WALL', [
    page(
      'Before you continue to YouTube',
      '<h1>Before you continue to YouTube</h1><p>We use cookies and data to deliver and maintain our services, to track outages and to protect against spam, fraud and abuse.</p><button>Accept all</button>',
    ),
  ]),
  broken('consent page elsewhere', 'WALL', [
    page('Consent', '<p>Before you go on, choose.</p>'),
    meta({ url: 'https://consent.example.test/m?continue=x' }),
  ]),
  broken('soft 404', 'SOFT_404', [
    page('Page not found', '<h1>Page not found</h1><p>The page you are looking for does not exist.</p>'),
  ]),
  broken('soft 404 in a long navigation', 'SOFT_404', [
    page(
      'Page not found | Example',
      `${LONG_NAVIGATION}<article><main><h1>Sorry, this page can’t be found.</h1></main></article>`,
    ),
  ]),
  broken('sign-in', 'LOGIN', [
    page('Sign in', '<h1>Sign in</h1><form><input type="password"><a>Forgot your password?</a></form>'),
  ]),
  broken('sign-in elsewhere', 'LOGIN', [
    page('Accounts', '<p>Choose an account</p>'),
    meta({ url: 'https://accounts.example.test/signin?continue=x' }),
  ]),
  broken('redirect stub of 31 bytes', 'REDIRECT_STUB', [body('Redirecting to /legal/terms/new')], {
    on: [...HTML, 'Markdown file'],
  }),
  broken('meta refresh', 'REDIRECT_STUB', [page('', '<meta http-equiv="refresh" content="0;url=/new">')]),
  broken('error page with 200', 'ERROR_PAGE', [
    page(
      'Error',
      '<h1>Something went wrong</h1><p>An unexpected error occurred. Please try again later.</p>',
    ),
  ]),
  broken('application without its scripts', 'ERROR_PAGE', [
    page(
      'Example',
      '<noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div>',
    ),
  ]),
  broken('maintenance', 'ERROR_PAGE', [
    page(
      'Example',
      "<h1>We'll be right back</h1><p>The site is currently down for scheduled maintenance.</p>",
    ),
  ]),
  broken('empty body', 'EMPTY', [bytes(() => new Uint8Array())]),
  broken('empty document', undefined, [page('', '')]),
  broken('a space', undefined, [body('  \n')]),
  broken('shrink', 'SHRINK', [onlySections(1, 2, 3), texts((text) => text.slice(0, 40))]),
  broken('shrink to some sections', ['SHRINK', 'MISSING_ANCHORS'], [onlySections(0)]),
  broken(
    'growth',
    'GROWTH',
    Array.from({ length: 24 }, (_, n) =>
      paragraph(
        4,
        `${n}. Another paragraph that speaks of other things than those that this policy is about, such as the way in which we send parcels and answer to letters.`,
      ),
    ),
  ),
  broken('French', 'WRONG_LANGUAGE', [instead(FRENCH)]),
  broken('cut half way', ['CUT_OFF', 'SHRINK', 'MISSING_ANCHORS', 'TOO_SHORT'], [cut(0.55)], { on: HTML }),
  broken(
    'cut near the end',
    'CUT_OFF',
    [html((text) => text.slice(0, text.indexOf('Payments that are due')))],
    { on: ['legal terms'] },
  ),
  broken('PDF cut half way', ['CUT_OFF', 'PDF_BROKEN', 'SHRINK'], [cut(0.6)], { on: ['PDF'] }),
  broken(
    'a broken byte',
    'REPLACEMENT_CHARACTERS',
    [bytes((all) => all.with(Buffer.from(all).indexOf('Counterfeit') + 3, 0xff))],
    { on: [...HTML, 'Markdown file'] },
  ),
  broken(
    'another character set than declared',
    ['CHARSET_UNKNOWN', 'REPLACEMENT_CHARACTERS'],
    [
      texts((text) => text.replaceAll('may', 'máy').replaceAll(' is ', ' “is” ')),
      bytes((all) => Buffer.from(Buffer.from(all).toString('utf8'), 'latin1')),
    ],
    { on: [...HTML, 'Markdown file'] },
  ),
  broken('compressed bytes', 'DECODING', [bytes((all) => gzipSync(all))]),
  broken('random bytes', undefined, [bytes((all) => all.map((_, n) => (n * 197 + 131) % 256))]),
  broken('scan without a text layer', 'NO_TEXT_LAYER', [bytes(() => scannedPdf())], { on: ['PDF'] }),
  broken('moved to another path', 'MOVED', [meta({ url: 'https://www.example.test/legal/other' })], {
    on: ['legal terms'],
  }),
  broken('moved to another host', 'MOVED', [meta({ url: 'https://elsewhere.example.test/legal/terms' })]),
  broken('missing anchor', 'MISSING_ANCHORS', [texts((text) => text.replace('Fees and limits', 'Money'))], {
    on: ['marketplace', 'PDF'],
  }),
  broken(
    'selector that finds nothing',
    'SELECTOR_MISSED',
    [html((text) => text.replaceAll('article', 'section').replaceAll('main>', 'div>'))],
    { on: ['help centre', 'legal terms'] },
  ),
  broken('status 404', 'HTTP_GONE', status(404, 'Not found')),
  broken('status 410', 'HTTP_GONE', status(410, 'Gone')),
  broken('status 403', 'HTTP_FORBIDDEN', status(403, 'Forbidden')),
  broken('status 429', 'HTTP_RATE_LIMITED', status(429, 'Too many requests')),
  broken('status 500', 'HTTP_SERVER_ERROR', status(500)),
  broken('status 503', 'HTTP_SERVER_ERROR', status(503)),
  broken('status 503 with the policy', 'HTTP_SERVER_ERROR', [meta({ status: 503 })]),
  broken('not modified, to nobody', 'VALIDATORS_STALE', [
    bytes(() => new Uint8Array()),
    meta({ status: 304 }),
  ]),
  broken(
    'part of the declared length',
    'CUT_OFF',
    [cut(0.9), bytes((all) => all), meta({ headers: { 'content-length': '900000' } })],
    { on: HTML },
  ),
  broken(
    'a wall for a month',
    'WALL',
    [page('Just a moment...', '<p>Checking your browser before accessing example.test.</p>')],
    {
      count: 80,
      page: (i) =>
        i >= 5 && i < 65
          ? [page('Just a moment...', '<p>Checking your browser before accessing example.test.</p>')]
          : [],
      broken: Array.from({ length: 60 }, (_, n) => n + 5),
      on: ['help centre', 'Markdown file'],
    },
  ),
];
