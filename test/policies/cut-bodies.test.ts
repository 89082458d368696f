import { describe, expect, it } from 'vitest';
import { replay, type ReplayCapture } from '#shared/policies/replay.ts';
import type { ReplayLine } from '#shared/policies/replay-line.ts';
import { PolicySource, type PolicySourceInput } from '#shared/policies/source.ts';
import { BASES } from './series/bases.ts';
import { render, START } from './series/series.ts';

const encoder = new TextEncoder();
const HOUR = 3_600_000;

/** Text directly under the body, links, attributes, entities, letters of several bytes, a table, a script, no footer. */
const BARE = encoder.encode(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Rules of the shop</title><style>p{color:red}</style></head>
<body class="page plain">
<h1>Rules of the shop</h1>
<p>You may not sell weapons &amp; drugs &mdash; not even “as a joke”, not in the café, not anywhere in Köln.</p>
<p>See the <a href="/legal/fees?utm_source=a&amp;id=7" title="Fees &gt; rates">fee policy</a> for what a sale costs you.</p>
<ul><li>Goods that infringe the rights of others.</li><li>Goods that were recalled, 日本 and elsewhere.</li></ul>
<script>document.write("<p>You may</p></body></html>"); var price = 1 < 2;</script>
<table><tr><th>Plan</th><th>Fee</th></tr><tr><td>Basic</td><td>6.5&nbsp;%</td></tr></table>
<!-- </body> of the old page -->
<p>We may close your account after three strikes. You can appeal within 14 days, and we will answer within 30.</p>
<p>These rules are the whole agreement, and they hold until we publish others.</p>
</body>
</html>
`);

const lines = async (
  source: PolicySourceInput,
  captures: readonly (readonly [Uint8Array, Readonly<Record<string, string>>])[],
): Promise<ReplayLine[]> => {
  const all: ReplayLine[] = [];
  const of = captures.map(([bytes, headers], index): ReplayCapture => ({
    name: String(index),
    bytes,
    at: START + index * 12 * HOUR,
    headers,
  }));
  for await (const line of replay(of, { source: PolicySource.parse(source), startAt: START })) all.push(line);
  return all;
};
const HTML = { 'content-type': 'text/html; charset=utf-8' };

const pages: [string, Uint8Array, PolicySourceInput][] = [
  ['a page of bare text', BARE, { id: 'bare', url: 'https://shop.example.test/rules' }],
  ...BASES.filter(({ ending }) => ending === 'html').map((base): [string, Uint8Array, PolicySourceInput] => [
    `the ${base.name} page, without selectors`,
    render(base, []),
    { id: base.source.id, url: base.source.url },
  ]),
];

describe('a body that was cut', () => {
  it.each(pages)(
    '%s: is unusable at every byte, with and without a length, and changes nothing',
    async (_name, whole, source) => {
      const end = Buffer.from(whole).lastIndexOf('</body>');
      const from = Math.floor(whole.length / 20);
      const step = whole.length > 3_000 ? 7 : 1;
      const cuts: number[] = [];
      for (let at = from; at <= end; at += step) cuts.push(at);
      const captures = cuts.flatMap((at, index) => [
        [whole, HTML] as const,
        [
          whole.subarray(0, at),
          index % 2 === 0 ? HTML : { ...HTML, 'content-length': String(whole.length) },
        ] as const,
      ]);
      const seen = await lines(source, [...captures, [whole, HTML]]);
      const wrong = seen.filter((line, index) =>
        index % 2 === 1 ? line.class !== 'unusable' || line.verified || line.alert : line.alert,
      );
      expect(
        wrong.map(({ capture, class: cls, reasons }) => [cuts[(Number(capture) - 1) / 2], cls, reasons]),
      ).toEqual([]);
      expect(seen.filter(({ class: cls }) => cls === 'unchanged')).toHaveLength(cuts.length);
    },
  );

  it('is unusable as the very first capture wherever something is left open', async () => {
    const text = Buffer.from(BARE).toString('utf8');
    for (const after of [
      'weapons &am',
      'fee pol',
      '<li>Goods that',
      'Basic</td><td',
      'close your acc',
      'the whole agree',
    ]) {
      const cut = encoder.encode(text.slice(0, text.indexOf(after) + after.length));
      const [first] = await lines({ id: 'bare', url: 'https://shop.example.test/rules', minLength: 10 }, [
        [cut, HTML],
      ]);
      expect(first, after).toMatchObject({ class: 'unusable', verified: false });
    }
  });

  it('is unusable in Markdown and text where it ends inside a word or in the middle of what was there', async () => {
    const whole = render(BASES[3] as (typeof BASES)[number], []);
    const cuts = [0.55, 0.6, 0.78, 0.8, 0.9, 0.97].map((share) => Math.floor(whole.length * share));
    for (const type of ['text/markdown', 'text/plain']) {
      const seen = await lines(
        { id: 'plain', url: 'https://raw.example.test/rules' },
        cuts.flatMap((at) => [
          [whole, { 'content-type': type }],
          [whole.subarray(0, at), { 'content-type': type }],
        ]),
      );
      for (const [index, line] of seen.entries())
        if (index % 2 === 1)
          expect(line, `${type} ${cuts[(index - 1) / 2]}`).toMatchObject({ class: 'unusable', alert: false });
    }
  });
});

describe('a Markdown file with the definitions of its links at its end', () => {
  const source = { id: 'defined', url: 'https://raw.example.test/rules' };
  const MD = { 'content-type': 'text/markdown' };
  const whole = [
    '# Rules of the shop',
    'Read the [fee policy][fees] before you sell. '.repeat(6).trim(),
    'What you may not sell is in the [list of prohibited items][list], and what you must disclose is here.',
    'You can appeal within [`14` days](https://shop.example.test/appeals), and we answer within 30 days',
    '[fees]: https://shop.example.test/legal/fees\n[list]: https://shop.example.test/legal/prohibited',
  ].join('\n\n');

  it.each([
    ['inside a definition', 'legal/prohib'],
    ['in the paragraph before them', 'we answer wit'],
    ['inside a link with code in its words', 'within [`14` da'],
    ['before the last words of the last sentence', 'and what you must'],
  ])('is unusable where it was cut %s', async (_where, last) => {
    const cut = encoder.encode(whole.slice(0, whole.indexOf(last) + last.length));
    const seen = await lines(source, [
      [encoder.encode(whole), MD],
      [cut, MD],
      [encoder.encode(whole), MD],
    ]);
    expect(seen.map(({ class: cls, alert }) => [cls, alert])).toEqual([
      ['baseline', false],
      ['unusable', false],
      ['unchanged', false],
    ]);
    expect(seen[1]?.reasons).toEqual(['CUT_OFF']);
  });

  it('is a change where a definition leads elsewhere, or went with its paragraph', async () => {
    for (const other of [
      whole.replace('legal/prohibited', 'legal/restricted'),
      whole.replace(/\n\n\[fees\][\s\S]*/, '').replace(/\n\nYou can appeal[\s\S]*/, ''),
    ]) {
      const bytes = encoder.encode(other);
      const seen = await lines(source, [
        [encoder.encode(whole), MD],
        [bytes, MD],
        [bytes, MD],
      ]);
      expect(seen.map(({ alert }) => alert)).toEqual([false, true, false]);
    }
  });
});

describe('a page that only looks cut', () => {
  const html = (end: string, last = 'These rules are the whole agreement.'): Uint8Array =>
    encoder.encode(
      `<html><head><title>Rules</title></head><body><h1>Rules</h1>${'<p>You may not sell weapons, and you may not sell drugs.</p>'.repeat(8)}<p>${last}</p>${end}`,
    );
  const source = { id: 'open', url: 'https://shop.example.test/rules' };

  it('is read where it never had an end and nothing is open, and a change of it is seen', async () => {
    const changed = html('', 'These rules are a part of the agreement.');
    const seen = await lines(source, [
      [html(''), HTML],
      [html(''), HTML],
      [changed, HTML],
      [changed, HTML],
    ]);
    expect(seen.map(({ class: cls, alert }) => [cls, alert])).toEqual([
      ['baseline', false],
      ['unchanged', false],
      ['text_changed', true],
      ['unchanged', false],
    ]);
  });

  it('has its end where scripts and comments follow it, in any letters', async () => {
    const ends = [
      '</BODY></HTML>',
      '</html><!-- 3 ms -->\n',
      '</body></html><script>var a = "x";</script>',
      '</body >',
    ];
    const seen = await lines(
      source,
      ends.map((end) => [html(end), HTML]),
    );
    expect(seen.map(({ class: cls }) => cls)).toEqual(['baseline', ...ends.slice(1).map(() => 'unchanged')]);
  });

  it('is believed after two days where it lost its end tags and no word', async () => {
    const seen = await lines(source, [
      [html('</body></html>'), HTML],
      ...Array.from({ length: 7 }, () => [html(''), HTML] as const),
    ]);
    expect(seen.map(({ class: cls }) => cls)).toEqual([
      'baseline',
      'unusable',
      'unusable',
      'unusable',
      'unusable',
      'unchanged',
      'unchanged',
      'unchanged',
    ]);
  });

  it('is a change where a sentence, a word or a section is taken off its end', async () => {
    const markdown = (...blocks: string[]): Uint8Array =>
      encoder.encode(
        [
          '# Rules',
          ...Array.from({ length: 8 }, () => 'You may not sell weapons, and you may not sell drugs.'),
          ...blocks,
        ].join('\n\n'),
      );
    const MD = { 'content-type': 'text/markdown' };
    for (const [before, after] of [
      [['Fees may change. We tell you before.'], ['Fees may change.']],
      [['- Weapons and ammunition'], ['- Weapons']],
      [['## Appeals', 'You can appeal.'], []],
      [['Fees may change. We tell you.', '## Appeals', 'You can appeal.'], ['Fees may change.']],
    ] as const) {
      const seen = await lines(source, [
        [markdown(...before), MD],
        [markdown(...after), MD],
        [markdown(...after), MD],
      ]);
      expect(seen[1], JSON.stringify(after)).toMatchObject({ class: 'text_changed', alert: true });
    }
  });
});
