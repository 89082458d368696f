import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisive, read } from './pages.ts';

const WORDS = [
  'you',
  'may',
  'not',
  'post',
  'spam',
  'ads',
  'bots',
  'must',
  'disclose',
  'AI',
  'Café',
  'résumé',
  '5%',
  '$10',
  'co-owner',
  'don\u2019t',
];
const sentence = fc
  .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 8 })
  .map((words) => words.join(' '));
const target = fc.constantFrom('/legal/terms', '/legal/aup', 'https://other.test/a?id=3', '/help/answer/9');

interface Part {
  readonly kind: 'heading' | 'paragraph' | 'list' | 'table';
  readonly texts: readonly string[];
  readonly link: string;
}
const part: fc.Arbitrary<Part> = fc.record({
  kind: fc.constantFrom('heading', 'paragraph', 'list', 'table'),
  texts: fc.array(sentence, { minLength: 2, maxLength: 4 }),
  link: target,
});
const policy = fc.array(part, { minLength: 1, maxLength: 8 });

/** Choices of how the same policy is served this time. */
interface Dress {
  readonly nonce: string;
  readonly space: string;
  readonly between: string;
  readonly tracking: string;
  readonly swapped: boolean;
  readonly bold: boolean;
  readonly wrapped: boolean;
  readonly curly: boolean;
}
const dress: fc.Arbitrary<Dress> = fc.record({
  nonce: fc.stringMatching(/^[a-z0-9]{6,12}$/),
  space: fc.constantFrom(' ', '\u00a0', '\u2009', '\n\t ', '&nbsp;', ' \u200b', '&#8239;'),
  between: fc.constantFrom(
    '',
    '\n',
    '\n    ',
    '<!-- x -->',
    '<script>var a = "<p>no</p>"</script>',
    '<style>p{}</style>',
  ),
  tracking: fc.constantFrom('', 'utm_source=a&amp;utm_medium=b', 'hl=en', 'gclid=1&amp;ref=x', 'fbclid=9'),
  swapped: fc.boolean(),
  bold: fc.boolean(),
  wrapped: fc.boolean(),
  curly: fc.boolean(),
});
const PLAIN: Dress = {
  nonce: 'plain',
  space: ' ',
  between: '',
  tracking: '',
  swapped: false,
  bold: false,
  wrapped: false,
  curly: false,
};

const html = (
  parts: readonly Part[],
  { nonce, space, between, tracking, swapped, bold, wrapped, curly }: Dress,
): string => {
  const attributes = (name: string): string =>
    swapped
      ? ` data-n="${nonce}" class="${name}-${nonce}"`
      : ` class="${name}-${nonce}" id="i${nonce}" data-n="${nonce}"`;
  const text = (words: string): string => {
    const [first = '', ...rest] = (curly ? words.replaceAll('\u2019', "'") : words).split(' ');
    return [bold ? `<b${attributes('b')}>${first}</b>` : first, ...rest].join(space);
  };
  const link = (href: string, words: string): string => {
    const joined = tracking === '' ? href : `${href}${href.includes('?') ? '&amp;' : '?'}${tracking}`;
    return swapped
      ? `<a${attributes('a')} href="${joined}">${text(words)}</a>`
      : `<a href='${joined}' rel=nofollow>${text(words)}</a>`;
  };
  const body = parts
    .map(({ kind, texts, link: href }) => {
      const [first = '', ...rest] = texts;
      if (kind === 'heading') return `<h2${attributes('h')}>${text(first)}</h2>`;
      if (kind === 'paragraph')
        return `<p${attributes('p')}>${text(first)} ${link(href, rest[0] ?? 'x')}</p>`;
      if (kind === 'list')
        return `<ul${attributes('u')}>${between}${texts.map((one) => `<li>${text(one)}</li>`).join(between)}</ul>`;
      return `<table>${between}${texts.map((one) => `<tr><td>${text(one)}</td>${between}<td>${text(first)}</td></tr>`).join('')}</table>`;
    })
    .map((one) => (wrapped ? `<div${attributes('w')}><section>${one}</section></div>` : one))
    .join(between);
  return `<html><head><meta name="csrf" content="${nonce}"></head><body><main${attributes('m')}>${body}</main></body></html>`;
};

const readPolicy = (parts: readonly Part[], how: Dress = PLAIN) =>
  read(html(parts, how), { select: ['main'] });
const runs = { numRuns: 150 };

describe('what a reader of a page can and cannot see', () => {
  it('hashes the same bytes alike', () =>
    fc.assert(
      fc.asyncProperty(policy, dress, async (parts, how) => {
        expect(await readPolicy(parts, how)).toEqual(await readPolicy(parts, how));
      }),
      runs,
    ));

  it('is blind to nonces, classes, order of attributes, scripts, spaces, bold, wrappers, quotes and tracking', () =>
    fc.assert(
      fc.asyncProperty(policy, dress, async (parts, how) => {
        expect(decisive(await readPolicy(parts, how))).toEqual(decisive(await readPolicy(parts)));
      }),
      runs,
    ));

  it('sees one word, wherever it changes', () =>
    fc.assert(
      fc.asyncProperty(policy, dress, fc.nat(), fc.nat(), async (parts, how, which, where) => {
        const index = which % parts.length;
        const edited = parts.map((one, at) => {
          if (at !== index) return one;
          const words = (one.texts[0] ?? '').split(' ');
          words[where % words.length] = 'removed';
          return { ...one, texts: [words.join(' '), ...one.texts.slice(1)] };
        });
        expect((await readPolicy(edited, how)).hashes.semantic).not.toBe(
          (await readPolicy(parts)).hashes.semantic,
        );
      }),
      runs,
    ));

  it('sees a new item that repeats a sentence of the page (T2)', () =>
    fc.assert(
      fc.asyncProperty(policy, dress, sentence, async (parts, how, repeated) => {
        const list: Part = { kind: 'list', texts: [repeated, 'last'], link: '/' };
        const longer: Part = { ...list, texts: [repeated, repeated, 'last'] };
        const [before, after] = [
          await readPolicy([...parts, list]),
          await readPolicy([...parts, longer], how),
        ];
        expect(after.hashes.semantic).not.toBe(before.hashes.semantic);
        expect(after.blocks).toHaveLength(before.blocks.length + 1);
      }),
      runs,
    ));

  it('sees one cell, and a cell that moved to the next column', () =>
    fc.assert(
      fc.asyncProperty(policy, dress, sentence, async (parts, how, cell) => {
        const table = (cells: readonly string[]): string =>
          html(parts, how).replace(
            '</main>',
            `<table><tr>${cells.map((one) => `<td>${one}</td>`).join('')}</tr></table></main>`,
          );
        const semantic = async (cells: readonly string[]) =>
          (await read(table(cells), { select: ['main'] })).hashes.semantic;
        const rows = [
          ['rule', cell, 'x'],
          ['rule', `${cell} removed`, 'x'],
          ['rule', `${cell} x`, ''],
          ['rule', '', `${cell} x`],
        ];
        expect(new Set(await Promise.all(rows.map(semantic))).size).toBe(4);
      }),
      runs,
    ));

  it('sees a link that leads to another document, and only by its links hash', () =>
    fc.assert(
      fc.asyncProperty(policy, dress, async (parts, how) => {
        const before = [
          ...parts,
          { kind: 'paragraph', texts: ['See', 'the terms'], link: '/legal/terms' } as const,
        ];
        const after = [
          ...parts,
          { kind: 'paragraph', texts: ['See', 'the terms'], link: '/legal/aup' } as const,
        ];
        const [one, two] = [await readPolicy(before), await readPolicy(after, how)];
        expect(two.hashes.links).not.toBe(one.hashes.links);
        expect(two.hashes.semantic).toBe(one.hashes.semantic);
        expect(two.hashes.structure).toBe(one.hashes.structure);
      }),
      runs,
    ));

  it('sees words that moved to another section or list level by the structure hash', async () => {
    const under = await read('<h2>A</h2><p>x</p><h2>B</h2><p>y</p>');
    const moved = await read('<h2>A</h2><p>x</p><h3>B</h3><p>y</p>');
    const nested = await read('<ul><li>a</li><li>b</li></ul>');
    const flat = await read('<ul><li>a<ul><li>b</li></ul></li></ul>');
    expect(moved.hashes.structure).not.toBe(under.hashes.structure);
    expect(flat.hashes.structure).not.toBe(nested.hashes.structure);
    expect(flat.hashes.semantic).toBe(nested.hashes.semantic);
  });

  it('takes a paragraph that was cut in two, and punctuation alone, for the same policy', async () => {
    const one = await read('<h2>A</h2><p>No spam. No \u201cbots\u201d, ever!</p>');
    const cut = await read('<h2>A:</h2><p>No spam.</p><div>No "bots" \u2014 ever</div>');
    expect(decisive(cut)).toEqual(decisive(one));
    expect(cut.hashes.canonical).not.toBe(one.hashes.canonical);
    for (const [left, right] of [
      ['1.5 %', '15 %'],
      ['-5', '5'],
      ['10:30', '1030'],
      ['<18', '>18'],
      ['re-sent', 'resent'],
      ['items', 'item(s)'],
      ['yes', 'yes?'],
    ])
      expect((await read(`<p>${left?.replace('<', '&lt;')}`)).hashes.semantic).not.toBe(
        (await read(`<p>${right}`)).hashes.semantic,
      );
  });
});

describe('Markdown and HTML that say anything at all', () => {
  it.each(['html', 'markdown', 'text'] as const)('never throws, and answers alike twice (%s)', (format) =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 200 }),
          fc
            .array(
              fc.constantFrom(
                '<p>',
                '</p>',
                '<table><tr>',
                '<td>',
                '<li>',
                '[a',
                '](',
                ')',
                '`',
                '```\n',
                '\n',
                '> ',
                '*',
                '    ',
                '| a |',
                '\n---|---\n',
                '&#x',
                '<a href="',
                '"',
                '#',
                '1. ',
                '\\',
                '![',
                '<!--',
                '\0',
                'text',
                '\ud800',
                '<h2>',
                '</h2>',
                '<details><summary>',
              ),
              { maxLength: 40 },
            )
            .map((pieces) => pieces.join('')),
        ),
        async (page) => {
          const outcome = async () => {
            try {
              return await read(page, { format });
            } catch (error) {
              return error instanceof Error ? error.message : 'odd';
            }
          };
          const first = await outcome();
          expect(await outcome()).toEqual(first);
          if (typeof first === 'string') expect(first).toMatch(/^EMPTY/);
        },
      ),
      { numRuns: 400 },
    ),
  );
});
