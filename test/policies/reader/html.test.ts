import { gfm } from '@joplin/turndown-plugin-gfm';
import { load } from 'cheerio';
import TurndownService from 'turndown';
import { describe, expect, it } from 'vitest';
import { readPage } from '#shared/policies/read-page.ts';
import { bounded } from '../../support/bounded.ts';
import { bytesOf, failure, outline, read, sourceOf } from './pages.ts';

describe('blocks of HTML', () => {
  it('keeps headings with their sections, nested items, rows, definitions, code and quotes in document order', async () => {
    const content = await read(`<main><h1>Spam</h1><p>First.</p><h2>Links</h2>
      <ul><li>One<ul><li>Deep</li></ul>after</li><li><p>Two</p><p>more</p></li></ul>
      <dl><dt>Term</dt><dd>Meaning</dd></dl><pre>a  b
c</pre><blockquote><p>Said</p></blockquote>
      <h3>Rates</h3><table><caption>Fees</caption><tr><th>What</th><th>Fee</th></tr><tr><td>Ads</td><td><ul><li>5%</li><li>6%</li></ul></td></tr></table>
      <h2>End</h2>loose text</main>`);
    expect(outline(content)).toEqual([
      'heading: Spam',
      'Spam > paragraph: First.',
      'Spam > heading: Links',
      'Spam > Links > item1: One',
      'Spam > Links > item2: Deep',
      'Spam > Links > paragraph1: after',
      'Spam > Links > item1: Two',
      'Spam > Links > paragraph1: more',
      'Spam > Links > item1: Term',
      'Spam > Links > paragraph1: Meaning',
      'Spam > Links > code: a b c',
      'Spam > Links > quote: Said',
      'Spam > Links > heading: Rates',
      'Spam > Links > Rates > paragraph: Fees',
      'Spam > Links > Rates > row: What | Fee',
      'Spam > Links > Rates > row: Ads | 5% 6%',
      'Spam > heading: End',
      'Spam > End > paragraph: loose text',
    ]);
  });

  it('makes the summary of a details the heading of what it opens, and ends it there', async () => {
    const content = await read(
      '<h2>FAQ</h2><details><summary><h3>Why?</h3></summary>Because.<h4>More</h4>x</details><p>After</p>',
    );
    expect(outline(content)).toEqual([
      'heading: FAQ',
      'FAQ > heading: Why?',
      'FAQ > Why? > paragraph: Because.',
      'FAQ > Why? > heading: More',
      'FAQ > Why? > More > paragraph: x',
      'FAQ > paragraph: After',
    ]);
  });

  it('reads layout tables as page, nested tables inside out, and a picture that is a whole cell by its words', async () => {
    const content = await read(`<table><tr><td><h2>Menu</h2>text</td><td><table>
      <tr><td>AI</td><td><img src="y.png" alt="Allowed"></td></tr><tr><td>Bots</td><td></td></tr></table></td></tr></table>`);
    expect(outline(content)).toEqual([
      'heading: Menu',
      'Menu > paragraph: text',
      'Menu > row: AI | Allowed',
      'Menu > row: Bots |',
    ]);
  });

  it('keeps text that style sheets or attributes hide (P16)', async () => {
    const content = await read(
      '<p style="display:none">collapsed</p><div hidden>dialog</div><p class="sr-only">read aloud</p>',
    );
    expect(content.blocks.map(({ text }) => text)).toEqual(['collapsed', 'dialog', 'read aloud']);
    const without = await read('<p>a</p><div hidden>dialog</div>', { remove: ['[hidden]'] });
    expect(without.canonical).toBe('a');
    expect(without.removed).toContainEqual({ rule: 'remove: [hidden]', count: 1, sample: 'dialog' });
  });

  it('drops scripts, styles, templates, frames and form controls, and says so (F15)', async () => {
    const content = await read(
      '<p>a</p><script>evil()</script><style>p{}</style><noscript>n</noscript><template>t</template><svg><title>s</title></svg><iframe>f</iframe><select><option>Deutsch</select>',
    );
    expect(content.canonical).toBe('a');
    expect(content.removed.map(({ rule }) => rule).toSorted()).toEqual(
      ['iframe', 'noscript', 'script', 'select', 'style', 'svg', 'template'].map(
        (name) => `element: ${name}`,
      ),
    );
  });

  it('resolves protected mail, whatever the key of the request', async () => {
    const protectedMail = (key: number): string =>
      [key, ...[...'legal@example.test'].map((sign) => sign.charCodeAt(0) ^ key)]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('');
    const page = (key: number): string =>
      `<p>Write to <a href="/cdn-cgi/l/email-protection#${protectedMail(key)}"><span class="__cf_email__" data-cfemail="${protectedMail(key)}">[email&#160;protected]</span></a> first.</p>`;
    const [one, two] = [await read(page(0x42)), await read(page(0x91))];
    expect(one.blocks[0]?.text).toBe('Write to legal@example.test first.');
    expect(one.hashes.canonical).toBe(two.hashes.canonical);
    const plain = await read(
      '<p>Write to <a href="mailto:legal@example.test">legal@example.test</a> first.</p>',
    );
    const marked = await read('<p>Write to [email&#160;protected] first.</p>');
    expect(new Set([one, plain, marked].map(({ hashes }) => hashes.semantic)).size).toBe(1);
    expect(one.links).toEqual([]);
  });

  it('takes title, language and base from the page, wherever they stand', async () => {
    const content = await read(
      '<html lang="de-AT"><head><script>var t = "<title>no</title>";</script><base href="https://other.test/a/"><title>\n Regeln &amp; mehr </title></head><body><svg><title>icon</title></svg><p><a href="b">x</a></p>',
    );
    expect(content).toMatchObject({ title: 'Regeln & mehr', declaredLanguage: 'de' });
    expect(content.links).toEqual([{ text: 'x', target: 'https://other.test/a/b', block: 0 }]);
  });
});

describe('canonical Markdown', () => {
  it('is what turndown and its GFM plugin print of plain policy text', async () => {
    const html =
      '<h1>Spam</h1><p>You <strong>may not</strong> post <a href="https://example.test/legal/aup">bots_</a>.</p><ul><li>One<ul><li>Deep</li></ul></li><li>Two</li></ul><ol><li>a</li><li>b</li></ol><table><thead><tr><th>What</th><th>Fee</th></tr></thead><tbody><tr><td>Ads | bots</td><td>5%</td></tr></tbody></table><table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></tbody></table><blockquote><p>Said</p></blockquote><p><del>old</del></p>';
    const turndown = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', hr: '* * *' });
    turndown.use(gfm);
    expect((await read(html)).canonical).toBe(turndown.turndown(html));
  });
});

describe('selection', () => {
  it('prints what is selected once, in document order, whatever the order and nesting of selectors', async () => {
    const page =
      '<nav>menu</nav><main><p class="b">one</p><section><p>two</p></section></main><aside>three</aside>';
    for (const select of [
      ['main', 'aside', '.b'],
      ['.b', 'aside', 'section', 'main'],
      ['aside', 'main p', 'main'],
    ])
      expect((await read(page, { select })).blocks.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  it('is made on the tree that browsers build', async () => {
    const content = await read('<table id=t><tr><td>a<td>b</table><p>c', {
      select: ['body > table > tbody > tr'],
    });
    expect(outline(content)).toEqual(['row: a | b']);
    expect(content.canonical).toContain('| a   | b   |');
  });

  it('names a selector that finds nothing, and one that is none', async () => {
    expect(await failure('<p>a</p>', { select: ['main', '.policy'] })).toMatchObject({
      code: 'SELECTOR_MISSED',
      detail: 'nothing on the page matches "main", ".policy"',
    });
    for (const bad of ['main[', 'p:nonsense', '>>', ':not(', 'a{}', '<div>'])
      for (const how of [{ select: [bad] }, { remove: [bad] }, { ranges: [{ from: { selector: bad } }] }])
        expect(await failure('<p>a</p>', how)).toMatchObject({ code: 'SELECTOR_INVALID' });
  });

  it('misses what a remove selector took away, and calls a selection without text empty', async () => {
    expect((await failure('<main><p>a</p></main>', { select: ['p'], remove: ['main'] })).code).toBe(
      'SELECTOR_MISSED',
    );
    expect((await failure('<main><img alt="x" src="y"> \u200b</main>', { select: ['main'] })).code).toBe(
      'EMPTY',
    );
    expect((await failure('')).code).toBe('EMPTY');
  });

  it('keeps what lies between the ends of ranges, both inside, in blocks and in Markdown', async () => {
    const page =
      '<h1>Top</h1><p>intro</p><h2 id="a">Rules</h2><p>No spam.</p><p>No bots, ever!</p><h2>Footer</h2><p>links</p>';
    const wanted = ['Rules', 'No spam.', 'No bots, ever!'];
    for (const range of [
      { from: { selector: '#a' }, to: { phrase: 'no BOTS ever' } },
      { from: { phrase: 'Rules' }, to: { selector: 'p:nth-of-type(3)' } },
    ]) {
      const content = await read(page, { ranges: [range] });
      expect(content.blocks.map(({ text }) => text)).toEqual(wanted);
      expect(content.canonical).toBe('## Rules\n\nNo spam.\n\nNo bots, ever!');
    }
    expect(
      await failure(page, { ranges: [{ from: { phrase: 'Rules' }, to: { phrase: 'intro' } }] }),
    ).toMatchObject({
      code: 'RANGE_MISSED',
      detail: 'the range ends at phrase "intro", which is not there after its start',
    });
  });

  it('runs the declared filters, logs what they took, and refuses one that is no pattern or never ends', async () => {
    const content = await read(
      '<p>Was this helpful?</p><p>1,234 views of this rule</p><p><a href="/x?v=1&amp;edition=7">x</a></p>',
      {
        filters: [
          { kind: 'dropBlocks', matching: 'was this helpful\\?' },
          { kind: 'maskText', matching: '[0-9,]+ views', mark: '#' },
          { kind: 'dropQueryParameters', names: ['edition'] },
        ],
      },
    );
    expect(content.blocks.map(({ text, norm }) => [text, norm])).toEqual([
      ['1,234 views of this rule', '# of this rule'],
      ['x', 'x'],
    ]);
    expect(content.links[0]?.target).toBe('https://example.test/x?v=1');
    expect(content.canonical).not.toContain('helpful');
    expect(content.removed.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['dropBlocks: was this helpful\\?', 'maskText: [0-9,]+ views']),
    );
    // A row that was written before patterns were checked.
    for (const matching of ['(a+)+$', '(', '(?:x*)*']) {
      const source = { ...sourceOf(), filters: [{ kind: 'maskText' as const, matching, mark: '…' }] };
      expect(
        await readPage(bytesOf('<p>a</p>'), source, { url: source.url, contentType: 'text/html' }),
      ).toMatchObject({
        kind: 'unreadable',
        code: 'FILTER_INVALID',
      });
    }
  });
});

describe('HTML that is broken or hostile', () => {
  const words = (text: string): string => text.replace(/\s+/g, ' ').trim();

  it.each([
    '<p>one<p>two<b>three</p>four</b>five',
    '<ul><li>a<li>b<ul><li>c</ul><li>d</ul>',
    '<table><tr><td>a<td>b<tr><td>c</table>after',
    '<div><span>x</div></span>y</p>z',
    '<h2>Title<p>text</h2>rest',
    'a < b && c > d <3 &copy &ampx; &#0; &#x110000; &nosuch; &lt',
    '<p title="a>b">q</p><p title=\'<b>\'>r</p>',
    '<!-- a --><p>x<!-- b > --></p><!--> y -->z',
    '<a href=/x>one<a href=/y>two</a></a>',
    '<p>unclosed <em>tags <strong>everywhere',
    '</div></p></span>text</body></html>late',
    '<dl><dt>a<dd>b<dt>c<dd>d</dl>',
    '<select><option>x</select>y<textarea><p>no</textarea>z',
  ])('reads the same words as the tree of the standard: %s', async (html) => {
    const $ = load(html);
    $('select, textarea').remove();
    expect(
      words(
        (await read(html)).blocks
          .map(({ text }) => text)
          .join(' ')
          .replaceAll('|', ' '),
      ).replaceAll(' ', ''),
    ).toBe(words($('body').text()).replaceAll('\0', '').replaceAll(' ', ''));
  });

  it.each([
    ['20,000 nested elements', `${'<div>'.repeat(20_000)}deep${'</div>'.repeat(20_000)}`, 'deep'],
    ['20,000 nested inline elements', `${'<b><i>'.repeat(10_000)}deep`, 'deep'],
    ['20,000 nested lists', `${'<ul><li>'.repeat(20_000)}deep`, 'deep'],
    ['20,000 nested quotes', `${'<blockquote>'.repeat(20_000)}deep`, 'deep'],
    ['5,000 nested tables', `${'<table><tr><td>a</td><td>'.repeat(5_000)}deep`, 'deep'],
    ['one line of four megabytes', `<p>${'policy text '.repeat(360_000)}deep`, 'deep'],
    ['a word of four megabytes', `<p>${'x'.repeat(4_000_000)} deep`, 'deep'],
    ['800,000 entities', `<p>${'&amp;'.repeat(800_000)}deep`, 'deep'],
    [
      'entities that would define entities',
      `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><p>&b;deep`,
      'deep',
    ],
    ['four megabytes of spaces', `<p>a${' '.repeat(4_000_000)}deep`, 'deep'],
    ['360,000 tags that were never opened', `<p>${'</x></b></table>'.repeat(120_000)}deep`, 'deep'],
    ['400,000 attributes', `<p ${'a=b '.repeat(400_000)}>deep`, 'deep'],
    ['400,000 line breaks', `<ul><li>a${'<br>'.repeat(400_000)}deep`, 'deep'],
    ['a table of 20,000 rows', `<table>${'<tr><td>a<td>b<td>deep'.repeat(20_000)}`, 'deep'],
    ['NUL bytes', 'de\0ep\0', 'deep'],
    ['an unclosed comment at the end', '<p>deep<!-- and', 'deep'],
  ])('gets through %s in bounded time and does not lose the text', async (_, html, last) => {
    const content = await bounded(() => read(html));
    expect(content.blocks.map(({ text }) => text).join(' ')).toMatch(new RegExp(`${last}$`));
    expect(content.canonical).toContain(last);
  });
});
