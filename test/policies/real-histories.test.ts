import { execFileSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCommandLine } from '#shared/cli/arguments.ts';
import { replayPolicies } from '#shared/cli/run-policies-replay.http.ts';
import type { ReplayLine } from '#shared/policies/replay-line.ts';

/** Rules as an archive keeps them: Markdown of a converter, or the page as served. */
const SECTIONS = [
  [
    'Who this is for',
    'These rules hold for every shop. You are responsible for what you offer, and you must know them.',
  ],
  ['What you may not offer', 'You may not offer any of the following, whatever the country of the buyer is:'],
  [
    'What you have to disclose',
    'You must disclose whether an item was made with the help of a machine. See the [disclosure policy](https://shop.example.test/legal/disclosure).',
  ],
  [
    'Fees',
    'A fee is due for each sale. Read the [fee policy](https://shop.example.test/legal/fees) before you list an item.',
  ],
  [
    'What happens then',
    'Content that breaks these rules may be removed without notice. You can appeal within 14 days.',
  ],
] as const;
const ITEMS = [
  'Weapons and parts of weapons.',
  'Goods that infringe the rights of others.',
  'Items that were recalled.',
];
const ROWS = ['| Plan | Fee |', '| --- | --- |', '| Basic | 6.5 % |', '| Plus | 5 % |'];
const MD = [
  '# Rules of the shop',
  'Last updated: March 1, 2025',
  ...SECTIONS.flatMap(([title, text], index) => [
    `## ${title}`,
    text,
    ...(index === 1 ? [ITEMS.map((item) => `*   ${item}`).join('\n')] : []),
    ...(index === 3 ? [ROWS.join('\n')] : []),
  ]),
].join('\n\n');
const inline = (text: string): string => text.replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>');
const HTML = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Rules of the shop</title></head><body>
<header><a href="/">Shop</a></header><nav><a href="/sell">Sell</a></nav>
<div class="content"><h1>Rules of the shop</h1><p>Last updated: March 1, 2025</p>
${SECTIONS.map(
  ([title, text], index) =>
    `<h2>${title}</h2><p>${inline(text)}</p>${index === 1 ? `<ul>${ITEMS.map((item) => `<li>${item}</li>`).join('')}</ul>` : ''}${index === 3 ? '<table><tr><th>Plan</th><th>Fee</th></tr><tr><td>Basic</td><td>6.5 %</td></tr><tr><td>Plus</td><td>5 %</td></tr></table>' : ''}`,
).join('\n')}
</div><footer><p>Session 1</p></footer></body></html>`;
const swap =
  (from: string, to: string) =>
  (page: string): string => {
    if (!page.includes(from)) throw new Error(`"${from}" is not on the page`);
    return page.replace(from, to);
  };
const all =
  (from: string | RegExp, to: string) =>
  (page: string): string =>
    page.replaceAll(from, to);
const before = (mark: string, what: string) => swap(mark, `${what}${mark}`);

type Page = string | Uint8Array;
type Change = (page: string, i: number) => Page;
interface Case {
  readonly on: 'md' | 'html' | 'both';
  /** Of every second capture from the fourth on; `stays`: of all from then on. */
  readonly change: Change;
  readonly want: 'noise' | 'change' | 'broken';
  readonly cls?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'a new bullet that repeats a sentence': {
    on: 'md',
    want: 'change',
    change: before(
      '*   Items that were',
      '*   Content that breaks these rules may be removed without notice.\n',
    ),
  },
  'a link that leads to another policy': {
    on: 'both',
    want: 'change',
    cls: 'links_changed',
    change: swap('legal/fees', 'legal/acceptable-use'),
  },
  'one word': { on: 'both', want: 'change', change: swap('may be removed', 'must be removed') },
  'may becomes must not': {
    on: 'both',
    want: 'change',
    change: swap('You may not offer', 'You must not offer'),
  },
  'a row added': {
    on: 'md',
    want: 'change',
    change: (page) => page.replace('| Plus | 5 % |', '| Plus | 5 % |\n| Max | 4 % |'),
  },
  'a row removed': {
    on: 'both',
    want: 'change',
    change: (page) => page.replace(/\n\| Plus \| 5 % \||<tr><td>Plus<\/td><td>5 %<\/td><\/tr>/, ''),
  },
  'rows in another order': {
    on: 'md',
    want: 'change',
    change: swap('| Basic | 6.5 % |\n| Plus | 5 % |', '| Plus | 5 % |\n| Basic | 6.5 % |'),
  },
  'a number in a table': { on: 'both', want: 'change', change: swap('6.5 %', '6.8 %') },
  'the level of a heading': {
    on: 'both',
    want: 'change',
    change: (page) => page.replace('## Fees', '### Fees').replace('<h2>Fees</h2>', '<h3>Fees</h3>'),
  },
  'an item that moved': {
    on: 'md',
    want: 'change',
    change: swap(
      '*   Weapons and parts of weapons.\n*   Goods that infringe the rights of others.',
      '*   Goods that infringe the rights of others.\n*   Weapons and parts of weapons.',
    ),
  },
  'a date in a rule': { on: 'both', want: 'change', change: swap('within 14 days', 'before May 1, 2027') },
  'a number of views that is a rule': {
    on: 'both',
    want: 'change',
    change: swap('You can appeal within 14 days.', 'You need 1,000 views to appeal.'),
  },
  'a rule about cookies': {
    on: 'both',
    want: 'change',
    change: swap('You can appeal', 'You must accept our cookies. You can appeal'),
  },
  'words that become a link': {
    on: 'both',
    want: 'change',
    cls: 'links_changed',
    change: (page) =>
      page
        .replace('<p>Content that breaks', '<p><a href="/legal/enforcement">Content</a> that breaks')
        .replace('\n\nContent that', '\n\n[Content](https://shop.example.test/legal/enforcement) that'),
  },
  'a query that names another document': {
    on: 'both',
    want: 'change',
    cls: 'links_changed',
    change: swap('legal/fees', 'static?template=fees'),
  },
  'a rule about signing in, scripts and countries': {
    on: 'both',
    want: 'change',
    cls: 'text_changed',
    change: swap(
      'You can appeal within 14 days.',
      'You must sign in to continue with an appeal. Please enable JavaScript to view it. Appeals are not available in your country.',
    ),
  },
  'a link added where there was none': {
    on: 'both',
    want: 'change',
    change: (page) =>
      page
        .replace('<p>A fee is due', '<p>See also the <a href="/legal/tax">tax policy</a>. A fee is due')
        .replace(
          '\n\nA fee is due',
          '\n\nSee also the [tax policy](https://shop.example.test/legal/tax). A fee is due',
        ),
  },

  'a date line alone': {
    on: 'both',
    want: 'noise',
    change: (page, i) => page.replace('March 1, 2025', `April ${i}, 2025`),
  },
  'a line that says when it was released': {
    on: 'both',
    want: 'noise',
    change: (page, i) => page.replace('Last updated: March 1, 2025', `Released March ${i}, 2025`),
  },
  'words between marks that tear them': {
    on: 'md',
    want: 'noise',
    change: swap('## What happens', '## **Wh****at** happens'),
  },
  'a link that a converter cut in two': {
    on: 'both',
    want: 'noise',
    change: (page) =>
      page
        .replace(
          '[fee policy](https://shop.example.test/legal/fees)',
          '[fee](https://shop.example.test/legal/fees) [](https://shop.example.test/legal/fees)[policy](https://shop.example.test/legal/fees)',
        )
        .replace(
          '<a href="https://shop.example.test/legal/fees">fee policy</a>',
          '<a href="https://shop.example.test/legal/fees">fee</a> <a href="https://shop.example.test/legal/fees"></a><a href="https://shop.example.test/legal/fees">policy</a>',
        ),
  },
  'a fragment that points at words': {
    on: 'both',
    want: 'noise',
    change: (page, i) => page.replaceAll('legal/fees', `legal/fees#:~:text=Whether%2520you,${i}%2520`),
  },
  'links by reference, wrapped by the converter': {
    on: 'md',
    want: 'noise',
    change: (page) =>
      `${page.replace('(https://shop.example.test/legal/fees)', '[fees]')}\n\n[fees]:\n    https://shop.example.test/legal/fees\n    "Fees"\n`,
  },
  'dates that count from now': {
    on: 'both',
    want: 'noise',
    change: (page, i) => page.replace('Last updated: March 1, 2025', `Updated ${i} days ago`),
  },
  'white space, no-break spaces, curly quotes, zero-width characters': {
    on: 'both',
    want: 'noise',
    change: (page) =>
      page
        .replaceAll(' of ', '\u00a0of ')
        .replaceAll(' rules ', ' ru\u200bles ')
        .replaceAll('every shop.', 'every\u2009shop.\u200b'),
  },
  'tracking in links': {
    on: 'both',
    want: 'noise',
    change: (page, i) => page.replaceAll('legal/fees', `legal/fees?utm_source=x${i}&gclid=${i}`),
  },
  'redirectors with a token': {
    on: 'both',
    want: 'noise',
    change: (page, i) =>
      page.replaceAll(
        'https://shop.example.test/legal/fees',
        `https://l.facebook.com/l.php?u=https%3A%2F%2Fshop.example.test%2Flegal%2Ffees&h=AT${i}`,
      ),
  },
  'locale in links': {
    on: 'both',
    want: 'noise',
    change: all('shop.example.test/legal', 'shop.example.test/en-gb/legal'),
  },
  'nonces, tokens and asset hashes': {
    on: 'html',
    want: 'noise',
    change: (page, i) =>
      page.replace(
        '</head>',
        `<script nonce="n${i}" src="/a.${i}.js"></script><meta name="csrf" content="${i}"></head>`,
      ),
  },
  'attributes in another order': {
    on: 'html',
    want: 'noise',
    change: (page, i) =>
      page.replace(
        '<div class="content">',
        i % 2 ? '<div id="c" class="content">' : '<div class="content" id="c">',
      ),
  },
  'a session in the footer': {
    on: 'html',
    want: 'noise',
    change: (page, i) => page.replace('Session 1', `Session ${i}${i}`),
  },
  'another menu': {
    on: 'html',
    want: 'noise',
    change: (page, i) => page.replace('<a href="/sell">', `<a href="/new">New ${i}</a><a href="/sell">`),
  },
  'a cookie banner': {
    on: 'html',
    want: 'noise',
    change: swap(
      '<div class="content">',
      '<div id="cookie-banner"><p>We use cookies to make this better.</p><button>Accept all</button></div><div class="content">',
    ),
  },
  'related articles': {
    on: 'both',
    want: 'noise',
    change: (page, i) =>
      page.startsWith('#')
        ? `${page}\n\n## Related articles\n\n*   [How to sell ${i}](https://shop.example.test/help/${i})\n*   [How to pay](https://shop.example.test/help/p${i})`
        : page.replace(
            '</div><footer>',
            `<h3>Related articles</h3><ul><li><a href="/help/${i}">How to sell ${i}</a></li></ul></div><footer>`,
          ),
  },
  'votes of readers': {
    on: 'both',
    want: 'noise',
    change: (page, i) =>
      page.startsWith('#')
        ? `${page}\n\n${10 + i} out of ${20 + i} found this helpful`
        : page.replace(
            '</div><footer>',
            `<p>${10 + i} of ${20 + i} people found this article helpful</p></div><footer>`,
          ),
  },
  'a counter of views glued to the date': {
    on: 'both',
    want: 'noise',
    change: (page, i) =>
      page.replace('Last updated: March 1, 2025', `Views: ${i}.1MLast updated: March 1, 2025`),
  },
  'a counter of views glued after the date': {
    on: 'both',
    want: 'noise',
    change: (page, i) =>
      page.replace('Last updated: March 1, 2025', `Last updated: March 1, 2025${i}1,204 views`),
  },
  'another converter of Markdown': {
    on: 'md',
    want: 'noise',
    change: (page) =>
      page
        .replaceAll('*   ', '- ')
        .replaceAll('14 days.', '14 days\\.')
        .replace('# Rules of the shop', 'Rules of the shop\n=================')
        .replaceAll(/^## (.*)$/gm, '$1\n-----')
        .replaceAll('| --- |', '|:---|'),
  },
  'lines wrapped by another converter': { on: 'md', want: 'noise', change: all(/, /g, ',\n') },
  'bold and emphasis': { on: 'md', want: 'noise', change: all('You must', '**You must**') },
  'line ends of another system': { on: 'both', want: 'noise', change: all('\n', '\r\n') },
  'a byte order mark': { on: 'both', want: 'noise', change: (page) => `\ufeff${page}` },
  'UTF-16': {
    on: 'md',
    want: 'noise',
    change: (page) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(page, 'utf16le')]),
  },
  'another character set': {
    on: 'html',
    want: 'noise',
    change: (page) =>
      Buffer.from(page.replace('utf-8', 'windows-1252').replace('Session 1', 'Café · Session 1'), 'latin1'),
  },
  'a link target that appears, without another document': {
    on: 'both',
    want: 'noise',
    change: (page, i) => page.replaceAll('legal/fees', `legal/fees/#part-${i}`),
  },
  'front matter': {
    on: 'md',
    want: 'noise',
    change: (page, i) => `---\nfetched: 2025-03-0${i % 9}\n---\n\n${page}`,
  },
  'one line for the whole page': { on: 'html', want: 'noise', change: all('\n', ' ') },
  'entities for letters': {
    on: 'html',
    want: 'noise',
    change: (page) => page.replaceAll('%', '&#37;').replaceAll('You may', '&#89;ou&nbsp;may'),
  },

  'a page that is not there': {
    on: 'both',
    want: 'broken',
    change: (page) =>
      page.startsWith('#')
        ? '# Page not found\n\nThe page you are looking for does not exist.'
        : '<!doctype html><html><head><title>Page not found</title></head><body><nav>Menu</nav><h1>404</h1><p>The page you are looking for does not exist.</p></body></html>',
  },
  'a consent page': {
    on: 'both',
    want: 'broken',
    change: (page) =>
      page.startsWith('#')
        ? '# Before you continue to Google\n\nWe use cookies and data to deliver our services.'
        : '<html><head><title>Before you continue</title></head><body><h1>Before you continue to Google</h1><p>We use cookies and data.</p></body></html>',
  },
  'a shell of scripts': {
    on: 'html',
    want: 'broken',
    change: () =>
      '<!doctype html><html><head><title>Rules of the shop</title><script src="/app.js"></script></head><body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div></body></html>',
  },
  'a shell with menu and footer': {
    on: 'html',
    want: 'broken',
    change: () =>
      `<!doctype html><html><head><title>Rules of the shop</title></head><body><header><a href="/">Shop</a></header><nav>${'<a href="/x">A long entry of the menu of the shop</a>'.repeat(20)}</nav><div id="root">Loading…</div><footer><p>Session 1</p></footer></body></html>`,
  },
  'an empty file': { on: 'both', want: 'broken', change: () => '' },
  'another language': {
    on: 'both',
    want: 'broken',
    change: (page) => {
      const text = Array.from(
        { length: 12 },
        () =>
          'Ces règles sont valables pour toutes les boutiques. Vous êtes responsable de ce que vous proposez et vous devez les connaître.',
      ).join('\n\n');
      return page.startsWith('#')
        ? `# Règles\n\n${text}`
        : `<html lang="fr"><head><title>Règles</title></head><body><h1>Règles</h1><p>${text}</p></body></html>`;
    },
  },
  'half of the file': { on: 'html', want: 'broken', change: (page) => page.slice(0, page.length * 0.7) },
  'half of a Markdown file': {
    on: 'md',
    want: 'broken',
    change: (page) => page.slice(0, page.indexOf('can appeal') + 6),
  },
};

const at = (i: number): string =>
  `2025-03-${String(1 + Math.floor(i / 2)).padStart(2, '0')}T${i % 2 ? '12' : '00'}-00-00Z`;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'autopack-histories-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const run = async (...args: string[]): Promise<ReplayLine[]> => {
  const parsed = parseCommandLine(['policies', 'replay', '--json', ...args]);
  if (parsed.kind !== 'command') throw new Error('no command');
  let text = '';
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  await replayPolicies(parsed.options, { out, asJson: true, now: () => Date.parse('2026-01-01T00:00:00Z') });
  return text
    .trim()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ReplayLine);
};
const sourceFile = async (folder: string): Promise<string> => {
  const file = join(folder, 'source.json');
  await writeFile(file, JSON.stringify({ url: 'https://shop.example.test/rules' }));
  return file;
};

const kinds = Object.entries(CASES).flatMap(([name, one]) =>
  (one.on === 'both' ? (['md', 'html'] as const) : ([one.on] as const)).map((ending) => ({
    name,
    ending,
    ...one,
  })),
);

describe('what real histories hold, with a source of two lines', () => {
  it.each(kinds)('$want: $name ($ending)', async ({ ending, change, want, cls }) => {
    const folder = await mkdtemp(join(root, 'case-'));
    const page = ending === 'md' ? MD : HTML;
    const isOther = (i: number): boolean => i >= 4 && (want === 'change' || i % 3 !== 0);
    for (let i = 0; i < 14; i += 1)
      await writeFile(join(folder, `${at(i)}.${ending}`), isOther(i) ? change(page, i) : page);
    const lines = await run('--source', await sourceFile(folder), '--captures', folder);
    expect(lines).toHaveLength(14);
    const found = lines.map(
      ({ class: one, alert, verified, reasons }, i) =>
        `${i} ${one}${alert ? ' ALERT' : ''}${verified ? '' : ' unverified'} ${reasons.join(' ')}`,
    );
    const alerts = lines.flatMap(({ alert }, i) => (alert ? [i] : []));
    expect(alerts, found.join('\n')).toEqual(want === 'change' ? [4] : []);
    if (cls !== undefined) expect(lines[4]?.class).toBe(cls);
    lines.forEach((line, i) => {
      const broken = want === 'broken' && isOther(i);
      expect([i, line.class === 'unusable', line.verified], found.join('\n')).toEqual([
        i,
        broken,
        !broken && (want !== 'change' || i !== 4),
      ]);
    });
  });

  it.each(kinds.filter(({ want }) => want !== 'noise'))(
    '$want in a history of git, each state once: $name ($ending)',
    async ({ ending, change, want }) => {
      const folder = await mkdtemp(join(root, 'git-'));
      const git = (day: number, ...args: string[]): void => {
        const date = `2025-0${1 + Math.floor(day / 28)}-${String(1 + (day % 28)).padStart(2, '0')}T06:00:00Z`;
        execFileSync(
          'git',
          [
            '-C',
            folder,
            '-c',
            'user.name=a',
            '-c',
            'user.email=a@example.test',
            '-c',
            'core.autocrlf=false',
            ...args,
          ],
          { env: { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date } },
        );
      };
      git(0, 'init', '-q');
      await mkdir(join(folder, 'Shop'));
      const path = `Shop/Rules of Sale.${ending}`;
      const page = ending === 'md' ? MD : HTML;
      const put = async (day: number, text: Page): Promise<void> => {
        await writeFile(join(folder, path), text);
        git(day, 'add', '-A');
        git(day, 'commit', '-q', '--allow-empty', '-m', 'Record');
      };
      await put(0, page);
      await put(3, page);
      git(6, 'rm', '-q', path);
      git(6, 'commit', '-q', '-m', 'Remove');
      await mkdir(join(folder, 'Shop'), { recursive: true });
      await put(9, page);
      await put(12, change(page, 5));
      await put(
        want === 'broken' ? 13 : 40,
        want === 'broken' ? page : change(page, 5).toString().replace('your account', 'an account'),
      );
      const lines = await run('--source', await sourceFile(folder), '--git', folder, '--path', path);
      const found = lines.map(
        ({ class: one, alert, reasons }) => `${one}${alert ? ' ALERT' : ''} ${reasons.join(' ')}`,
      );
      const seen = lines.find(({ at: moment }) => moment.startsWith('2025-01-13'));
      expect(
        [seen?.class === 'unusable', seen?.alert, lines.filter(({ alert }) => alert).length],
        found.join('\n'),
      ).toEqual([want === 'broken', want === 'change', want === 'change' ? 1 : 0]);
    },
  );
});
