import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align } from '#shared/policies/align.ts';
import { diffPages } from '#shared/policies/diff-pages.ts';
import { documentOf } from '#shared/policies/link-documents.ts';
import { PolicyDiff } from '#shared/policies/policy-diff.ts';
import { wordDiff } from '#shared/policies/word-diff.ts';
import { bounded } from '../support/bounded.ts';
import { monitor, MINUTE, NOON, pageOf, rules, SOURCE, sourceOf } from './synthetic-pages.ts';

const side = (spans: readonly { kind: string; text: string }[], without: string): string =>
  spans
    .filter(({ kind }) => kind !== without)
    .map(({ text }) => text)
    .join('');
const diff = (from: readonly string[], to: readonly string[], source = SOURCE) =>
  PolicyDiff.parse(diffPages(pageOf({ lines: from }), pageOf({ lines: to }), source));

describe('aligning blocks', () => {
  it('covers both sides in order, and is the same only where it is the same, whatever the blocks', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { maxLength: 60 });
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        let left = 0;
        let right = 0;
        for (const run of align(from, to)) {
          expect([run.from[0], run.to[0]]).toEqual([left, right]);
          if (run.same) expect(from.slice(...run.from)).toEqual(to.slice(...run.to));
          [left, right] = [run.from[1], run.to[1]];
        }
        expect([left, right]).toEqual([from.length, to.length]);
      }),
    );
  });
});

describe('the difference of words', () => {
  it('gives back both texts, whatever they are', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc
        .array(fc.constantFrom('must ', 'not ', 'may', ' ', ',', '10 %', '\u{1F600}', 'é'))
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, text, (from, to) => {
        const spans = wordDiff(from, to);
        expect(side(spans, 'added')).toBe(from);
        expect(side(spans, 'removed')).toBe(to);
      }),
      { numRuns: 500 },
    );
  });

  it('shows one word in a line of a megabyte', () => {
    const long = 'lorem ipsum dolor '.repeat(60_000);
    const spans = wordDiff(`${long}may ${long}`, `${long}must ${long}`);
    expect(spans.filter(({ kind }) => kind !== 'same')).toEqual([
      { kind: 'removed', text: 'may' },
      { kind: 'added', text: 'must' },
    ]);
  });
});

describe('the difference of pages', () => {
  it('tells every block that differs, with its section, whatever the pages', () => {
    const lines = fc.array(
      fc.constantFrom(
        '# One',
        '# Two',
        '## Deep',
        'alpha beta gamma',
        'alpha beta delta',
        '- item one',
        '- item two',
        'alpha',
        '| cell',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        const before = pageOf({ lines: from });
        const after = pageOf({ lines: to });
        const found = PolicyDiff.parse(diffPages(before, after, SOURCE));
        const { added, removed, changed, moved, restructured, unchanged } = found.counts;
        expect(removed + changed + moved + restructured + unchanged).toBe(from.length);
        expect(added + changed + moved + restructured + unchanged).toBe(to.length);
        expect(found.entries.length === 0).toBe(before.hashes.structure === after.hashes.structure);
        for (const entry of found.entries) {
          if (entry.to !== null) expect(side(entry.spans, 'removed')).toBe(after.blocks[entry.to]?.text);
          if (entry.from !== null) expect(side(entry.spans, 'added')).toBe(before.blocks[entry.from]?.text);
          expect(entry.path).toEqual(
            entry.to === null ? before.blocks[entry.from as number]?.path : after.blocks[entry.to]?.path,
          );
        }
        expect(diffPages(before, after, SOURCE)).toEqual(found);
      }),
    );
  });

  it('pairs a changed block, sees a moved one, and keeps a renamed heading from shouting', () => {
    const found = diff(
      [
        '# Rules',
        '## Selling',
        'You may sell handmade goods to anybody.',
        'Be kind.',
        '## Paying',
        'We pay every month.',
      ],
      [
        '# Rules',
        '## Selling things',
        'You may not sell handmade goods to anybody.',
        '## Paying',
        'We pay every month.',
        'Be kind.',
      ],
    );
    expect(found.counts).toMatchObject({ changed: 2, moved: 1, added: 0, removed: 0, restructured: 0 });
    expect(found.entries.find(({ kind }) => kind === 'moved')).toMatchObject({
      path: ['Rules', 'Paying'],
      fromPath: ['Rules', 'Selling'],
    });
    expect(
      found.entries.find(({ block, kind }) => kind === 'changed' && block === 'paragraph')?.spans,
    ).toEqual([
      { kind: 'same', text: 'You may ' },
      { kind: 'added', text: 'not ' },
      { kind: 'same', text: 'sell handmade goods to anybody.' },
    ]);
  });

  it('names links that lead elsewhere, though blocks came before them', () => {
    const link = (target: string, block: number) => [{ text: 'the policy', target, block }];
    const found = diffPages(
      pageOf({ lines: ['# R', 'See the policy.'], links: link('https://a.example.test/one', 1) }),
      pageOf({
        lines: ['# R', 'New words.', 'See the policy.'],
        links: link('https://a.example.test/two', 2),
      }),
      SOURCE,
    );
    expect(found.links).toEqual([
      {
        kind: 'retargeted',
        text: 'the policy',
        path: ['R'],
        from: 'https://a.example.test/one',
        to: 'https://a.example.test/two',
      },
    ]);
  });

  it('of a baseline shows everything as new', () => {
    const found = diffPages(null, rules(), SOURCE);
    expect(found).toMatchObject({ from: null, severity: 'medium', counts: { added: 8, unchanged: 0 } });
  });
});

describe('severity, with its reasons', () => {
  it.each([
    [
      'a name in a list of what may not be done',
      'You may not sell any of the following:',
      'high',
      'PROHIBITION',
    ],
    ['a name under words of one line that forbid', 'NOT ALLOWED', 'high', 'PROHIBITION'],
    ['a name in a list of what has to be done', 'You must tell us of:', 'high', 'DUTY'],
    ['a name in a list of what is allowed', 'These are allowed:', 'medium', 'PERMISSION'],
  ])('reads %s off the words that lead it in', (_what, lead, severity, what) => {
    const list = (...items: string[]) => [
      '# Goods',
      'Of all goods.',
      lead,
      ...items.map((item) => `- ${item}`),
    ];
    const added = diff(list('Swords', 'Bows'), list('Swords', 'Bows', 'Arrows'));
    expect(added.severity).toBe(severity);
    expect(added.reasons[0]).toEqual({
      code: `${what}_ADDED`,
      detail: `"Arrows" under "${lead.toLowerCase()}"`,
    });
    expect(diff(list('Swords', 'Bows'), list('Bows')).reasons[0]?.code).toBe(`${what}_REMOVED`);
    expect(diff(list('Swords', 'Bows'), list('Long swords', 'Bows'))).toMatchObject({ severity: 'medium' });
  });

  it('reads a name off its heading, and nothing off words that lead in another list', () => {
    const under = (heading: string, ...items: string[]) => [
      '# Goods',
      'You may not sell:',
      '- Swords',
      `## ${heading}`,
      'Of all goods.',
      ...items.map((item) => `- ${item}`),
    ];
    expect(diff(under('Prohibited goods'), under('Prohibited goods', 'Bows')).severity).toBe('high');
    expect(diff(under('Other goods'), under('Other goods', 'Bows')).severity).toBe('low');
    const table = (...rows: string[]) => ['# Goods', 'You may not sell:', '- Swords', ...rows];
    expect(diff(table('| Bow | 1 |'), table('| Bow | 1 |', '| Arrow | none |')).severity).toBe('low');
  });

  it.each([
    [
      'a "not" that came',
      'You may use AI images.',
      'You may not use AI images.',
      'critical',
      ['RULE_INVERTED', 'PROHIBITION_ADDED'],
    ],
    [
      'a "not" that went',
      'You must not resell.',
      'You must resell.',
      'critical',
      ['RULE_INVERTED', 'PROHIBITION_REMOVED'],
    ],
    [
      '"only if"',
      'You may sell art.',
      'You may sell art only if it is yours.',
      'critical',
      ['RULE_INVERTED', 'CONDITION_CHANGED'],
    ],
    ['a duty', 'Label AI art kindly.', 'You must label AI art kindly.', 'high', ['DUTY_ADDED']],
    ['a prohibition', 'Sell knives here.', 'Knives are prohibited here.', 'high', ['PROHIBITION_ADDED']],
    ['a sanction', 'We look at your shop.', 'We suspend your shop.', 'high', ['ENFORCEMENT_ADDED']],
    [
      'money',
      'A listing costs $0.20 today.',
      'A listing costs $0.25 today.',
      'high',
      ['MONEY_CHANGED', 'NUMBER_CHANGED'],
    ],
    ['a percentage', 'We keep 5% of each sale.', 'We keep 6.5% of each sale.', 'high', ['PERCENT_CHANGED']],
    ['a number', 'Add 13 tags per listing.', 'Add 10 tags per listing.', 'medium', ['NUMBER_CHANGED']],
    ['a topic', 'We like copyright owners.', 'We love copyright owners.', 'medium', ['TOPIC', 'WORDING']],
    ['wording', 'We like our sellers a lot.', 'We love our sellers a lot.', 'low', ['WORDING']],
    [
      'dates alone',
      'Last updated: January 5, 2026',
      'Last updated: March 1, 2026',
      'low',
      ['DATES_ONLY', 'SEVERITY_FLOOR'],
    ],
  ])('%s', (_name, from, to, severity, reasons) => {
    const found = diff(['# Rules', from], ['# Rules', to]);
    expect(found.severity).toBe(severity);
    expect(found.reasons.map(({ code }) => code)).toEqual(expect.arrayContaining(reasons));
    for (const { detail } of found.reasons) expect(detail.length).toBeLessThanOrEqual(300);
  });

  it('is never below the floor of the source', () => {
    const found = diff(
      ['We like our sellers a lot.'],
      ['We love our sellers a lot.'],
      sourceOf({ severityFloor: 'critical' }),
    );
    expect(found.severity).toBe('critical');
    expect(found.reasons.map(({ code }) => code)).toContain('SEVERITY_FLOOR');
  });

  it('minds only the topics of the source, where it names any', () => {
    const change = [['We like copyright owners.'], ['We love copyright owners.']] as const;
    expect(diff(...change, sourceOf({ topics: ['finance'] })).severity).toBe('low');
    expect(diff(...change, sourceOf({ topics: ['ip'] })).severity).toBe('medium');
  });
});

describe('the document of a link', () => {
  it.each([
    ['https://a.example.test/legal/terms', 'https://a.example.test/legal/aup', false],
    ['https://a.example.test/answer/1?hl=en', 'https://a.example.test/answer/1?hl=de', true],
    ['https://a.example.test/answer?answer=1', 'https://a.example.test/answer?answer=2', false],
    ['https://a.example.test/en-us/terms', 'https://a.example.test/terms', true],
    ['https://a.example.test/terms', 'https://b.example.test/terms', false],
    ['mailto:legal@a.example.test', 'mailto:abuse@a.example.test', false],
    ['not an address', 'Not an address ', true],
    ['https://a.example.test/%E0%A4', 'https://a.example.test/x', false],
  ])('%s and %s: the same is %s', (left, right, same) => {
    expect(documentOf(left) === documentOf(right)).toBe(same);
  });
});

describe('pages of 50,000 blocks', () => {
  const words = (index: number) =>
    `Rule ${index} says that sellers of kind ${index * 7} must keep records of item ${index % 97} in order.`;
  const many = (change: (line: string, index: number) => string) =>
    pageOf({
      lines: Array.from({ length: 50_000 }, (_none, index) =>
        change(index % 50 === 0 ? `## Part ${index}` : words(index), index),
      ),
    });
  const base = many((line) => line);

  it.each([
    ['one word', () => many((line, index) => (index === 25_001 ? line.replace('must', 'may') : line))],
    [
      'every tenth block',
      () => many((line, index) => (index % 10 === 3 ? line.replace('order', 'a safe') : line)),
    ],
    ['every block', () => many((line) => `${line} Always.`)],
    ['another page altogether', () => many((_line, index) => `Quite another text ${index} ${index * 3}`)],
    ['the same blocks backwards', () => pageOf({ lines: base.blocks.map(({ text }) => text).toReversed() })],
    ['one sentence all over', () => many(() => 'Be kind.')],
  ])('are observed and compared in time linear in their size: %s', (_name, page) => {
    const to = page();
    bounded(() => diffPages(base, to, SOURCE));
    const one = monitor();
    one.look(NOON, base);
    one.agree(NOON);
    bounded(() => one.look(NOON + 60 * MINUTE, to));
  });
});
