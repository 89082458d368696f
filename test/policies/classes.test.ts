import { describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import type { PageContent } from '#shared/policies/content.ts';
import { approved, codes, DAY, HOUR, MINUTE, monitor, NOON, rules, sourceOf } from './synthetic-pages.ts';

const LINK = [{ text: 'terms', target: 'https://rules.example.test/en/terms?utm_source=a#top', block: 1 }];
const target = (to: string) => rules({}, [], { links: [{ text: 'terms', target: to, block: 1 }] });
const dated = (date: string, more: Record<number, string> = {}, rest = {}): PageContent =>
  rules(more, [`Last updated: ${date}`], { dateLines: [`Last updated: ${date}`], ...rest });
const future = [
  { phrase: 'effective from May 1, 2026', on: timestamp(NOON + 60 * DAY), kind: 'from' as const },
];

describe('a real change, seen twice, alerts once with its class', () => {
  const cases: readonly (readonly [string, PageContent, PageContent, string, readonly string[]])[] = [
    ['one word', rules(), rules({ 6: '- Knives are prohibited.' }), 'text_changed', []],
    ['a "not"', rules(), rules({ 3: '- Goods that you made not yourself.' }), 'text_changed', []],
    ['a new bullet', rules(), rules({}, ['- Fireworks are prohibited.']), 'text_changed', []],
    [
      'a new bullet that repeats a sentence of the page (T2)',
      rules(),
      rules({}, ['- Weapons are prohibited.']),
      'text_changed',
      [],
    ],
    [
      'two lines that changed places',
      rules(),
      rules({ 3: '- Goods that you designed.', 4: '- Goods that you made yourself.' }),
      'text_changed',
      [],
    ],
    ['a cell of a table', rules({}, ['| fee | 5 USD']), rules({}, ['| fee | 6 USD']), 'text_changed', []],
    [
      'a deadline in a sentence',
      rules({ 1: 'Comply by 2026-05-01.' }),
      rules({ 1: 'Comply by 2026-06-01.' }),
      'text_changed',
      [],
    ],
    [
      'a text without its date line',
      dated('January 5, 2026'),
      dated('January 5, 2026', { 6: '- Knives are prohibited.' }),
      'text_changed',
      ['SILENT_EDIT'],
    ],
    [
      'a text with its date line',
      dated('January 5, 2026'),
      dated('March 1, 2026', { 6: '- Knives are prohibited.' }),
      'text_changed',
      [],
    ],
    [
      'the same words under another heading',
      rules(),
      rules({ 5: '## What you may sell', 2: '## What is prohibited' }),
      'text_changed',
      [],
    ],
    [
      'a paragraph that became an item',
      rules(),
      rules({ 1: '- These rules hold for every shop.' }),
      'structure_changed',
      ['STRUCTURE'],
    ],
    [
      'a link to another document',
      rules({}, [], { links: LINK }),
      target('https://rules.example.test/en/aup'),
      'links_changed',
      ['LINK_TARGET'],
    ],
    [
      'a link to another host',
      rules({}, [], { links: LINK }),
      target('https://other.example.test/en/terms'),
      'links_changed',
      ['LINK_TARGET'],
    ],
    [
      'words that become a link to a document that was not linked',
      rules(),
      rules({}, [], { links: LINK }),
      'links_changed',
      ['LINK_TARGET'],
    ],
    [
      'a query that names another document',
      target('https://www.rules.example.test/static?template=terms'),
      target('https://www.rules.example.test/static?template=privacy'),
      'links_changed',
      ['LINK_TARGET'],
    ],
    [
      'a text that holds from a day on',
      rules(),
      rules({ 1: 'From May 1, 2026, these rules hold.' }, [], { effective: future }),
      'scheduled_change',
      ['FUTURE_EFFECTIVE'],
    ],
    [
      'a date line that names the future',
      dated('January 5, 2026'),
      dated('May 1, 2026', {}, { effective: future }),
      'scheduled_change',
      ['FUTURE_EFFECTIVE', 'DATES_ONLY'],
    ],
  ];
  it.each(cases)('%s', (_name, before, after, cls, reasons) => {
    const one = approved(before);
    const first = one.look(NOON + DAY, after);
    expect(first).toMatchObject({ class: cls, candidate: true, verified: false, alert: false });
    expect(one.state().verifiedAt).toBe(timestamp(NOON));
    expect(one.state().notices.filter(({ kind }) => kind === 'CHANGE')).toEqual([]);
    const second = one.look(NOON + DAY + 15 * MINUTE, after);
    expect(second).toMatchObject({ class: cls, candidate: false, verified: true, alert: true });
    expect(codes(second)).toEqual([...reasons, 'CONFIRMED']);
    const { pending, verifiedAt } = one.state();
    expect(pending).toMatchObject({
      class: cls,
      since: timestamp(NOON + DAY),
      from: { semantic: before.hashes.semantic },
      to: { semantic: after.hashes.semantic },
    });
    expect(verifiedAt).toBe(second.at);
    expect(one.state().notices.at(-1)).toMatchObject({
      noticeId: `change#${pending?.changeId}`,
      kind: 'CHANGE',
    });
    expect(one.look(NOON + 2 * DAY, after)).toMatchObject({
      class: cls,
      verified: true,
      alert: false,
      changeId: pending?.changeId,
    });
    one.agree(NOON + 2 * DAY);
    expect(one.look(NOON + 3 * DAY, after)).toMatchObject({
      class: 'unchanged',
      verified: true,
      alert: false,
    });
  });
});

describe('noise verifies at once, needs nobody, and says why', () => {
  const cases: readonly (readonly [string, PageContent, PageContent, string, readonly string[]])[] = [
    ['other bytes', rules(), rules({}, [], { bytes: 'nonce-2' }), 'unchanged', []],
    [
      'other markup',
      rules(),
      rules({}, [], { markup: '**' }),
      'cosmetic',
      ['CANONICAL_ONLY', 'AUTO_ACKNOWLEDGED'],
    ],
    [
      'only the date line',
      dated('January 5, 2026'),
      dated('March 1, 2026'),
      'republished',
      ['DATES_ONLY', 'AUTO_ACKNOWLEDGED'],
    ],
    [
      'a date line that came',
      rules(),
      dated('March 1, 2026'),
      'republished',
      ['DATES_ONLY', 'AUTO_ACKNOWLEDGED'],
    ],
    ...(
      [
        ['another locale in the path', 'https://rules.example.test/de-de/terms'],
        ['tracking', 'https://rules.example.test/terms?gclid=77'],
        ['http', 'http://rules.example.test/terms'],
        ['a trailing slash', 'https://rules.example.test/terms/'],
        ['the case of the host', 'https://RULES.example.test/terms'],
        ['a fragment', 'https://rules.example.test/terms#later'],
        ['www', 'https://www.rules.example.test/terms'],
        ['index.html', 'https://rules.example.test/terms/index.html'],
      ] as const
    ).map(
      ([name, to]) =>
        [
          `a link with ${name}`,
          rules({}, [], { links: LINK }),
          target(to),
          'cosmetic',
          ['LINK_NOISE', 'AUTO_ACKNOWLEDGED'],
        ] as const,
    ),
    [
      'words that become a link to a document that is linked already',
      rules({}, [], { links: LINK }),
      rules({}, [], { links: [...LINK, { text: 'rules', target: LINK[0]?.target ?? '', block: 3 }] }),
      'cosmetic',
      ['LINK_NOISE', 'AUTO_ACKNOWLEDGED'],
    ],
    [
      'an address that becomes a link to itself',
      rules(),
      rules({}, [], {
        links: [{ text: 'www.rules.example.test/aup', target: 'https://rules.example.test/aup', block: 1 }],
      }),
      'cosmetic',
      ['LINK_NOISE', 'AUTO_ACKNOWLEDGED'],
    ],
    [
      'a link that went away',
      rules({}, [], { links: LINK }),
      rules(),
      'cosmetic',
      ['LINK_NOISE', 'AUTO_ACKNOWLEDGED'],
    ],
  ];
  it.each(cases)('%s', (_name, before, after, cls, reasons) => {
    const one = approved(before);
    const seen = one.look(NOON + DAY, after);
    expect(seen).toMatchObject({ usable: true, class: cls, verified: true, alert: false, candidate: false });
    expect(codes(seen)).toEqual(reasons);
    expect(one.state()).toMatchObject({ verifiedAt: seen.at, pending: null, candidate: null });
    if (reasons.includes('LINK_NOISE')) expect(seen.removed.length).toBeGreaterThan(0);
    expect(one.look(NOON + 2 * DAY, after)).toMatchObject({ verified: true, alert: false, candidate: false });
  });

  it('lets no link drift to another document by small steps of noise', () => {
    const one = approved(rules({}, [], { links: LINK }));
    expect(one.look(NOON + DAY, rules()).class).toBe('cosmetic');
    one.look(NOON + 2 * DAY, target('https://rules.example.test/aup'));
    expect(one.look(NOON + 3 * DAY, target('https://rules.example.test/aup'))).toMatchObject({
      class: 'links_changed',
      alert: true,
    });
  });
});

describe('the first capture and edited sources', () => {
  it('makes a baseline of the first usable capture, which alerts nobody and waits for approval (P11)', () => {
    const one = monitor();
    expect(one.look(NOON, 'WALL')).toMatchObject({ usable: false });
    expect(one.look(NOON + HOUR, rules())).toMatchObject({ class: 'baseline', alert: false, verified: true });
    expect(one.state()).toMatchObject({ acknowledged: null, pending: { from: null, class: 'baseline' } });
    expect(one.state().notices.map(({ kind }) => kind)).toEqual(['BASELINE']);
    one.agree(NOON + HOUR);
    expect(one.state()).toMatchObject({ pending: null, acknowledged: { hashes: rules().hashes } });
    expect(one.look(NOON + DAY, rules()).class).toBe('unchanged');
  });

  it('replaces a baseline that waits, once another text stayed', () => {
    const one = monitor();
    one.look(NOON, rules({ 1: 'An error occurred.' }));
    const id = one.state().pending?.changeId;
    expect(one.look(NOON + DAY, rules())).toMatchObject({
      class: 'baseline',
      candidate: true,
      verified: false,
    });
    expect(one.state().pending?.changeId).toBe(id);
    expect(one.look(NOON + DAY + 15 * MINUTE, rules())).toMatchObject({
      class: 'baseline',
      verified: true,
      alert: false,
    });
    expect(one.state().pending).toMatchObject({ from: null, to: rules().hashes });
    expect(one.state().notices).toHaveLength(2);
  });

  it('asks for a new baseline after an edit, and keeps what was acknowledged to compare with', () => {
    const one = approved();
    const edited = sourceOf({ remove: ['.banner'] });
    one.edit(edited);
    const page = rules({ 1: 'Other text.' }, [], { source: edited });
    const seen = one.look(NOON + DAY, page);
    expect(seen).toMatchObject({ class: 'baseline', alert: false });
    expect(codes(seen)).toEqual(['CONFIG_CHANGED']);
    expect(one.state()).toMatchObject({
      configHash: seen.configHash,
      acknowledged: { hashes: rules().hashes },
      pending: { from: null, class: 'baseline', to: page.hashes },
      validators: null,
    });
    one.agree(NOON + DAY);
    expect(one.look(NOON + 2 * DAY, page).class).toBe('unchanged');
    // The text of the old configuration means nothing under the new one.
    one.look(NOON + 3 * DAY, rules({}, [], { source: edited }));
    expect(one.state().candidate).not.toBeNull();
  });

  it('does not mind an edit of cadence, owner or topics', () => {
    const one = approved();
    one.edit(sourceOf({ cadenceHours: 1, owner: 'ada', topics: ['ai'] }));
    expect(one.look(NOON + DAY, rules()).class).toBe('unchanged');
  });

  it('makes a baseline where a new reader meets other bytes and nothing was re-read', () => {
    const one = approved();
    const seen = one.look(NOON + DAY, rules({}, [], { extractor: 'policy-reader/next', bytes: 'x' }));
    expect(seen).toMatchObject({ class: 'baseline', alert: false });
    expect(codes(seen)).toEqual(['EXTRACTOR_CHANGED']);
  });
});

describe('the address of the page', () => {
  it('notes once that the same text is found at another allowed address', () => {
    const one = approved();
    const finalUrl = 'https://rules.example.test/policies/shop';
    const seen = one.look(NOON + DAY, rules(), { capture: { finalUrl } });
    expect(seen).toMatchObject({ class: 'moved', verified: true, alert: false });
    expect(codes(seen)).toContain('FINAL_URL');
    expect(one.look(NOON + 2 * DAY, rules(), { capture: { finalUrl: `${finalUrl}/` } }).class).toBe(
      'unchanged',
    );
    expect(one.state().notices.filter(({ kind }) => kind === 'MOVED')).toHaveLength(1);
  });
});
