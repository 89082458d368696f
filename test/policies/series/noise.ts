import { FRENCH } from './document.ts';
import { html, instead, meta, texts, token, updated, words } from './mutations.ts';
import type { Mutation, SeriesCase } from './series.ts';

const noise = (
  name: string,
  page: (i: number) => readonly Mutation[],
  more: Partial<SeriesCase> = {},
): SeriesCase => ({ name, kind: 'noise', page: (i) => (i === 0 ? [] : page(i)), ...more });

const inHead = (i: number, text: (i: number) => string): Mutation =>
  html((page) => page.replace('</head>', `${text(i)}</head>`));
const inBody = (text: string): Mutation => html((page) => page.replace('</body>', `${text}</body>`));
const flap = (i: number, one: readonly Mutation[]): readonly Mutation[] => (i % 2 === 1 ? one : []);
const VARIANT = [words('You can appeal within 14 days.', 'You can appeal within 14 days of the notice.')];
const protectedMail = (i: number): string =>
  `<a href="/cdn-cgi/l/email-protection#${token(i, 'mail', 40)}"><span class="__cf_email__" data-cfemail="${token(i, 'mail', 40)}">[email&#160;protected]</span></a>`;

/** Everything that moves on policy pages without the policy moving (reference, section 3 and P1-P6, P16). */
export const NOISE: readonly SeriesCase[] = [
  noise('nothing at all', () => []),
  noise('CSP nonces', (i) => [inHead(i, () => `<script nonce="${token(i, 'n')}">var a=1</script>`)]),
  noise('session and request ids', (i) => [
    inHead(
      i,
      () =>
        `<meta name="csrf-token" content="${token(i, 's')}"><meta name="request-id" content="${token(i, 'r')}">`,
    ),
  ]),
  noise('build hashes', (i) => [
    html((page) => page.replaceAll('/assets/app', `/assets/app.${token(Math.floor(i / 3), 'b', 8)}`)),
  ]),
  noise('order of preloads', (i) => [
    inHead(i, () =>
      ['a', 'b', 'c', 'd']
        .map((_, n, all) => `<link rel="preload" href="/${all[(n + i) % 4]}.woff">`)
        .join(''),
    ),
  ]),
  noise('random element ids', (i) => [
    html((page) =>
      page.replaceAll(/<(p|li|h2|td|div)(?=[ >])/g, (tag) => `${tag} data-id="${token(i, tag, 8)}"`),
    ),
  ]),
  noise('generated class names', (i) => [
    html((page) => page.replaceAll('<p>', `<p class="css-${token(i, 'c', 6)}">`)),
  ]),
  noise('ids of accordion panels', (i) => [
    html((page) => page.replaceAll('panel-', `panel-${token(i, 'p', 6)}-`)),
  ]),
  noise('trace ids in comments', (i) => [
    html((page) => `${page}<!-- trace ${token(i, 't')} rendered in ${i} ms -->`),
  ]),
  noise(
    'a trace line that is removed by selector',
    (i) => [inBody(`<div class="trace">Trace ${token(i, 't')}</div>`)],
    { on: ['marketplace'] },
  ),
  noise('inline configuration', (i) => [
    inHead(
      i,
      () =>
        `<script type="application/json">{"t":"${token(i, 'j')}","text":"You may publish everything."}</script><script>window.__STATE__={"now":${i}}</script>`,
    ),
  ]),
  noise('structured data', (i) => [
    inBody(
      `<script type="application/ld+json">{"@type":"WebPage","dateModified":"2025-03-${String(i + 1).padStart(2, '0')}"}</script>`,
    ),
  ]),
  noise('obfuscated mail address', (i) => [
    html((page) => page.replaceAll(/<a href="mailto:[^<]*<\/a>/g, protectedMail(i))),
  ]),
  noise('mail address in entities', (i) =>
    flap(i, [html((page) => page.replaceAll('support@example.test', '&#115;upport&#64;example.test'))]),
  ),
  noise(
    'consent overlay',
    (i) =>
      flap(i, [
        html((page) =>
          page
            .replace(
              '<main>',
              '<main><div class="consent"><h2>We value your privacy</h2><p>We use cookies. Accept all or reject all.</p></div>',
            )
            .replace(
              '<div id="content">',
              '<div class="consent"><h2>We value your privacy</h2><p>We use cookies.</p></div><div id="content">',
            ),
        ),
      ]),
    { on: ['legal terms', 'marketplace'] },
  ),
  noise(
    'survey widget',
    (i) => [
      html((page) =>
        page.replace(
          'Was this helpful?',
          i % 2 === 0 ? 'How can we improve it?' : 'Was this article helpful?',
        ),
      ),
    ],
    { on: ['help centre'] },
  ),
  noise(
    'navigation and footer',
    (i) => [
      html((page) =>
        page.replace('&copy; Example', `&copy; ${2025 + i} Example`).replace('Pricing', `Pricing ${i}`),
      ),
    ],
    { on: ['help centre', 'legal terms'] },
  ),
  noise('white space', (i) => [
    html((page) => page.replaceAll('\n', i % 2 === 0 ? '\n\n   ' : '\r\n\t')),
    texts((text) => text.replaceAll(', ', i % 2 === 0 ? ',  ' : ', ')),
  ]),
  noise(
    'Unicode spaces',
    (i) =>
      flap(i, [texts((text) => text.replaceAll(' of ', '\u00a0of\u2009').replaceAll('6.5 %', '6.5\u202f%'))]),
    { on: ['help centre', 'legal terms', 'marketplace', 'Markdown file'] },
  ),
  noise(
    'zero-width characters',
    (i) =>
      flap(i, [
        texts((text) => text.replaceAll('policy', 'pol\u200bicy').replaceAll('content', 'con\u00adtent')),
      ]),
    { on: ['help centre', 'legal terms', 'marketplace', 'Markdown file'] },
  ),
  noise(
    'composed and decomposed letters, ligatures',
    (i) => flap(i, [texts((text) => text.replaceAll('fi', '\ufb01'))]),
    { on: ['help centre', 'legal terms', 'marketplace', 'Markdown file'] },
  ),
  noise('quotes and dashes', (i) =>
    flap(i, [words('what you publish', '“what” you publish'), words('see the', '– see the')]),
  ),
  noise('letter case of a heading', (i) =>
    flap(i, [texts((text) => (text === 'Fees and limits' ? 'FEES AND LIMITS' : text))]),
  ),
  noise('bold, emphasis and spans', (i) =>
    flap(i, [
      html((page) =>
        page.replaceAll('must disclose', '<strong>must</strong> <span><em>disclose</em></span>'),
      ),
    ]),
  ),
  noise('wrappers around paragraphs', (i) =>
    flap(i, [html((page) => page.replaceAll('<p>', '<div><p>').replaceAll('</p>', '</p></div>'))]),
  ),
  noise('tracking parameters', (i) => [
    texts((text) =>
      text.replaceAll(
        /\((\/[^)]*)\)/g,
        `($1?utm_source=help&utm_campaign=${token(i, 'u', 6)}&gclid=${token(i, 'g', 12)})`,
      ),
    ),
  ]),
  noise('locale in links', (i) =>
    flap(i, [
      texts((text) =>
        text
          .replaceAll('(/legal', '(/en-us/legal')
          .replaceAll('(/answer/14328491', '(/answer/14328491?hl=en'),
      ),
    ]),
  ),
  noise('relative and absolute links', (i) =>
    flap(i, [
      html((page) =>
        page.replaceAll(
          'href="/legal/fees"',
          page.includes('Example Help')
            ? 'href="https://support.example.test/legal/fees"'
            : page.includes('Example Legal')
              ? 'href="https://www.example.test/legal/fees/"'
              : 'href="https://market.example.test/legal/fees#top"',
        ),
      ),
    ]),
  ),
  noise('images', (i) => [
    html((page) =>
      page
        .replace('banner.png', `banner-${i}.png`)
        .replace('<h1>', `<img src="/i/${token(i, 'i', 8)}.webp" alt=""><h1>`),
    ),
  ]),
  noise('lazy images', (i) =>
    flap(i, [
      html((page) =>
        page.replaceAll(
          '</h2>',
          '</h2><img data-src="/x.png" src="data:image/gif;base64,R0lGOD"><svg><path d="M0 0"/></svg>',
        ),
      ),
    ]),
  ),
  noise('the date line alone', (i) => [updated(`Last updated: March ${i + 1}, 2025`)]),
  noise('the date line in other words', (i) => flap(i, [updated('Last updated on 3 February 2025')])),
  noise('dates that count from now', (i) => [updated(`Updated ${i + 1} days ago`)]),
  noise('flapping every 12 hours', (i) => flap(i, VARIANT), { count: 24, alerts: [] }),
  noise('a glitch of one capture', (i) => (i === 6 ? [words('6.5 %', '65 %')] : [])),
  noise('two glitches, far apart', (i) => (i === 3 ? VARIANT : i === 9 ? [words('14 days', '41 days')] : [])),
  noise(
    'a section that is missing once',
    (i) => (i === 5 ? [html((page) => page.replace(/<h2[^>]*>Fees and limits[\s\S]*?<\/table>/, ''))] : []),
    { on: ['legal terms'] },
  ),
  noise(
    'the scheme of the address',
    (i) => (i % 3 === 0 ? [meta({ url: 'https://www.example.test/legal/terms?ref=1' })] : []),
    { on: ['legal terms'] },
  ),
];

/** Noise in which something is unusable or has to be told once. */
export const UNSTEADY: readonly SeriesCase[] = [
  // The variant is shown for days, so a person is told of it once; from then on it comes and goes in silence.
  noise('flapping every three days', (i) => (Math.floor(i / 6) % 2 === 1 ? VARIANT : []), {
    count: 48,
    alerts: [6],
  }),
  noise('English and French in turn', (i) => flap(i, [instead(FRENCH)]), {
    count: 24,
    broken: Array.from({ length: 12 }, (_, n) => 2 * n + 1),
    reason: 'WRONG_LANGUAGE',
  }),
  // Digits that move are alerts three times, then they are learned.
  noise(
    'a view counter glued to the date',
    (i) => [updated(`Last updated: February 3, 2025${100 + 17 * i} views`)],
    { count: 24 },
  ),
];
