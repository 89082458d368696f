import { describe, expect, it } from 'vitest';
import { bounded } from '../../support/bounded.ts';
import { outline, read } from './pages.ts';

const markdown = (text: string) => read(text, { format: 'markdown' });
const texts = async (text: string) => (await markdown(text)).blocks.map((block) => block.text);

describe('Markdown files', () => {
  it('reads headings of both kinds, nested lists, tables, quotes, code and paragraphs', async () => {
    const content = await markdown(`Spam policy
===========

Last updated: 3 May 2026

You may **not** post
spam\\_bots.

*   One
    lazy line
    *   Deep
        1.  Deeper
*   Two

    second paragraph

After the list.

### Rates ###

| What | Fee |
| --- | :-: |
| Ads | 5% \\| 6% |
|  |  |

> Said [once](/a)
> and more

\`\`\`
code  here
# no heading
\`\`\`

1.  First
2.  Second
`);
    expect(outline(content)).toEqual([
      'heading: Spam policy',
      'Spam policy > paragraph: Last updated: 3 May 2026',
      'Spam policy > paragraph: You may not post spam_bots.',
      'Spam policy > item1: One lazy line',
      'Spam policy > item2: Deep',
      'Spam policy > item3: Deeper',
      'Spam policy > item1: Two',
      'Spam policy > paragraph1: second paragraph',
      'Spam policy > paragraph: After the list.',
      'Spam policy > heading: Rates',
      'Spam policy > Rates > row: What | Fee',
      'Spam policy > Rates > row: Ads | 5% | 6%',
      'Spam policy > Rates > quote: Said once and more',
      'Spam policy > Rates > code: code here # no heading',
      'Spam policy > Rates > item1: First',
      'Spam policy > Rates > item1: Second',
    ]);
    expect(content.title).toBe('Spam policy');
    expect(content.dateLines).toEqual(['Last updated: 3 May 2026']);
  });

  it('reads links inline, by reference, in angle brackets, with titles and parentheses; images are no links', async () => {
    const content = await markdown(
      `See [the (new) terms](/en/terms?utm_source=x "t"), [AUP][aup], [Fees][], [wiki](https://x.test/a_(b)), <https://y.test/z> and ![logo](/l.png). [![i](/i.png)](/only-image)\n\n[aup]: </legal/aup>\n[fees]: /fees 'x'\n`,
    );
    expect(content.blocks.map(({ text }) => text)).toEqual([
      'See the (new) terms, AUP, Fees, wiki, https://y.test/z and .',
    ]);
    expect(content.links.map(({ text, target }) => [text, target])).toEqual([
      ['the (new) terms', 'https://example.test/terms'],
      ['AUP', 'https://example.test/legal/aup'],
      ['Fees', 'https://example.test/fees'],
      ['wiki', 'https://x.test/a_(b)'],
      ['https://y.test/z', 'https://y.test/z'],
    ]);
  });

  it('takes escapes, entities, stray signs and HTML as what a reader sees', async () => {
    expect(
      await texts(
        '1\\. Not a list \\[x\\] &amp; 5 \\* 3 * 2 a_b_c **bold**text<br>next <b>x</b> `a*b` ~~old~~ 3 < 4',
      ),
    ).toEqual(['1. Not a list [x] & 5 * 3 * 2 a_b_c boldtext next x a*b old 3 < 4']);
  });

  it('ignores which bullet, emphasis or heading style was written', async () => {
    const one = await markdown('# A\n\n*   x\n*   _y_\n\ntext **b**\n');
    const two = await markdown('A\n=\n\n- x\n- y\n\ntext b');
    expect(two.hashes).toMatchObject({ semantic: one.hashes.semantic, structure: one.hashes.structure });
    expect(two.hashes.canonical).not.toBe(one.hashes.canonical);
  });

  it('sees a repeated bullet, a table row, a link target and a word', async () => {
    const base = '# A\n\n* x\n* y\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n[terms](/legal/terms)\n';
    const { hashes } = await markdown(base);
    for (const edited of [
      base.replace('* y', '* y\n* x'),
      base.replace('| 1 | 2 |', '| 1 | 2 |\n| 1 | 2 |'),
      base.replace('x', 'z'),
    ])
      expect((await markdown(edited)).hashes.semantic).not.toBe(hashes.semantic);
    const link = await markdown(base.replace('/legal/terms)', '/legal/aup)'));
    expect(link.hashes.links).not.toBe(hashes.links);
    expect(link.hashes.semantic).toBe(hashes.semantic);
  });

  it('reads the same words as from the HTML that the Markdown came from', async () => {
    const html = await read(
      '<h1>Spam</h1><p>You may <em>not</em> [post] a*b 1. c_d <a href="/legal/aup">AUP</a>.</p><ul><li>One<ul><li>Two</li></ul></li><li>Three</li></ul><table><tr><th>A</th><th>B</th></tr><tr><td>1 | 2</td><td>x</td></tr></table><blockquote><p>Quote</p></blockquote>',
    );
    const again = await markdown(html.canonical);
    expect(outline(again)).toEqual(outline(html));
    expect(again.hashes).toMatchObject({
      semantic: html.hashes.semantic,
      structure: html.hashes.structure,
      links: html.hashes.links,
    });
  });

  it('drops front matter and comments, and says so', async () => {
    const content = await markdown('---\ntitle: x\ndate: 2026-01-01\n---\n\n<!-- hidden -->\nText\n');
    expect(content.blocks.map(({ text }) => text)).toEqual(['Text']);
    expect(content.removed.map(({ rule }) => rule)).toEqual(['markdown: front matter', 'markdown: comment']);
    expect(await texts('---\n\nText\n\n---\n')).toEqual(['Text']);
  });

  it.each([
    ['brackets', '['.repeat(1_200_000)],
    ['closed brackets', `${'['.repeat(400_000)}x${']'.repeat(400_000)}`],
    ['half links', '[a]('.repeat(400_000)],
    ['half titles', '[a](b "'.repeat(200_000)],
    ['backticks', '`a``b'.repeat(320_000)],
    ['emphasis', '*_'.repeat(800_000)],
    ['angle brackets', '<a '.repeat(600_000)],
    ['quotes', '> '.repeat(800_000)],
    [
      'indented items',
      Array.from({ length: 12_000 }, (_, depth) => `${'  '.repeat(depth % 500)}* x`).join('\n'),
    ],
    ['pipes', '|a'.repeat(800_000)],
    ['dividers', '|-'.repeat(400_000)],
    ['rules', '* '.repeat(800_000)],
    ['spaces', `a${' '.repeat(2_000_000)}b`],
    ['dashes', `---\n${'- '.repeat(400_000)}`],
    ['date words', 'last updated on '.repeat(120_000)],
    ['half dates', 'effective June 1, '.repeat(120_000)],
    ['at signs', 'a@b.'.repeat(400_000)],
    ['blank lines in brackets', `[\n\n`.repeat(240_000)],
    ['comments', '<!--'.repeat(400_000)],
  ])('gets through any number of %s', async (_, text) => {
    const content = await bounded(() => markdown(`begin\n\n${text}`));
    expect(content.blocks[0]?.text).toMatch(/^begin/);
  });

  it('ends code in a quote with its fence, and with its quote', async () => {
    expect(
      outline(
        await markdown(`# Rules

> For example:
> \`\`\`
> > code
> \`\`\`
> You **may** not.

You must disclose it.

> \`\`\`
> never closed

You can appeal.
`),
      ),
    ).toEqual([
      'heading: Rules',
      'Rules > quote: For example:',
      'Rules > code: > code',
      'Rules > quote: You may not.',
      'Rules > paragraph: You must disclose it.',
      'Rules > code: never closed',
      'Rules > paragraph: You can appeal.',
    ]);
  });

  it('reads definitions of links that are wrapped, and keeps them in the Markdown of the page', async () => {
    const content = await markdown(`[a]: /first

You may read the [rules][a], the [fees] and the [list].

[fees]:
    https://www.example.test/fees
[list]: <https://www.example.test/list>
  "All of it"

Not a definition:
[again]: it is text.
`);
    expect(content.blocks.map(({ text }) => text)).toEqual([
      'You may read the rules, the fees and the list.',
      'Not a definition: [again]: it is text.',
    ]);
    expect(content.links.map(({ text, target }) => [text, new URL(target).pathname])).toEqual([
      ['rules', '/first'],
      ['fees', '/fees'],
      ['list', '/list'],
    ]);
    expect(content.canonical).toContain('[fees]: https://www.example.test/fees');
  });
});
