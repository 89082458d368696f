import { costWords } from '#shared/actions/cost-words.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, wireBlock } from '#shared/approvals/html.ts';
import { approvalMail } from '#shared/approvals/mail.ts';
import { visibleLine } from '#shared/approvals/untrusted.ts';
import { indentJson } from '#shared/approvals/wire-text.ts';
import { behindIt, relativeWords } from '#shared/approvals/words.ts';
import { addressesIn, linksOf } from './browse.ts';
import { approval, dryRun, NOW } from './fixtures.ts';

const LINK = 'https://autopack.example.test/a/AAAAAAAAAAAAAAAAAAAAAA';

describe('text that an agent wrote', () => {
  it('never becomes markup and hides nothing, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const { text: out } = html`<p title="${text}">${text}</p>`;
        const inside = out.slice('<p title="'.length);
        expect(
          inside.replaceAll(/<span class="cp" title="hidden character">U\+[0-9A-F]+<\/span>/g, ''),
        ).toMatch(/^[^<"]*">[^<]*<\/p>$/);
        expect(visibleLine(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['right-to-left override', '\u202E', 'U+202E'],
    ['zero-width space', '\u200B', 'U+200B'],
    ['zero-width joiner', '\u200D', 'U+200D'],
    ['byte order mark', '\uFEFF', 'U+FEFF'],
    ['isolate', '\u2066', 'U+2066'],
    ['tag letter', '\u{E0041}', 'U+E0041'],
    ['variation selector', '\u{E0101}', 'U+E0101'],
    ['Hangul filler', '\u3164', 'U+3164'],
    ['line feed in a line', '\n', 'U+000A'],
    ['lone surrogate', '\uD800', 'U+D800'],
  ])('shows a %s', (_what, character, name) => {
    expect(visibleLine(`a${character}b`)).toBe(`a[${name}]b`);
  });

  it('cannot add a link, a line or a header to the mail', () => {
    const nasty =
      'Hi\r\nBcc: x@example.test <a href="https://evil.example.test">https://evil.example.test/x</a>';
    const run = dryRun({
      effects: [{ type: 'write', target: nasty, reversibility: 'none', cost: 'unknown' }],
    });
    const mail = approvalMail({
      approval: approval({ title: nasty }),
      dryRun: run,
      recipientName: 'Olivia',
      link: LINK,
    });
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(linksOf(mail.html)).toEqual([LINK]);
    expect(addressesIn(mail.text)).toEqual([LINK]);
    expect(addressesIn(mail.html)).toEqual([LINK]);
    expect(mail.text).toContain('Hi[U+000D][U+000A]Bcc');
  });

  it('fills a mail only so far', () => {
    const mail = approvalMail({
      approval: approval({ title: 'x'.repeat(200) }),
      dryRun: dryRun(),
      recipientName: 'O',
      link: LINK,
    });
    expect(mail.subject.length).toBeLessThan(140);
  });
});

describe('the mail', () => {
  it('says what, where, how final, what it costs, until when, how risky and from whom, in text and HTML', () => {
    const mail = approvalMail({
      approval: approval(),
      dryRun: dryRun(),
      recipientName: 'Olivia Operator',
      link: LINK,
    });
    for (const part of [
      'Buy 1 AAPL at the market (paper account)',
      'alpaca/order.submit',
      'demo',
      'Trades: AAPL, account paper-demo (paper)',
      'Cannot be undone',
      'Cost unknown',
      '22 Nov 2026, 10:00 UTC',
      'Low risk',
      'demo-agent (agent)',
      approval().requestHash.slice(0, 12),
      'agent',
    ]) {
      expect(mail.text).toContain(part);
      expect(mail.html).toContain(part);
    }
    expect(mail.html).not.toMatch(/<img|<script|url\(|@import|<link/);
  });
});

describe('the request on the page', () => {
  it('is indented without losing or changing a token', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const indented = indentJson(text);
        expect(JSON.stringify(JSON.parse(indented ?? ''))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
    expect(indentJson('{"a":12345678901234567890.10,"a":[],"b":{"c":"{\\"}"}}')).toBe(
      '{\n  "a": 12345678901234567890.10,\n  "a": [],\n  "b": {\n    "c": "{\\"}"\n  }\n}',
    );
    expect(indentJson('not json')).toBeNull();
  });

  it('keeps a leading line feed', () => {
    expect(wireBlock('Body', '\nx').text).toContain('>\n\nx</pre>');
  });
});

describe('words', () => {
  it.each([
    [{ minorUnits: 123456, currency: 'EUR' }, '1,234.56 EUR'],
    [{ minorUnits: 5, currency: 'USD' }, '0.05 USD'],
    [{ minorUnits: 1500, currency: 'JPY' }, '1,500 JPY'],
    [{ minorUnits: 1234, currency: 'KWD' }, '1.234 KWD'],
    [{ minorUnits: Number.MAX_SAFE_INTEGER, currency: 'USD' }, '90,071,992,547,409.91 USD'],
    [{ minorUnits: 0, currency: 'USD' }, 'No cost'],
    ['unknown', 'Cost unknown'],
  ] as const)('say what %j costs', (cost, words) => {
    expect(costWords(cost)).toBe(words);
  });

  it('name everybody behind an action once, the proposer as the registry does', () => {
    const originators = ['client:4f2a', 'person:ada@example.test'];
    const known = { proposer: 'client:4f2a', proposerName: 'demo-agent', originators };
    expect(behindIt(known)).toEqual(['demo-agent (agent)', 'ada@example.test']);
    expect(behindIt({ proposer: 'client:4f2a', originators })).toEqual(['4f2a (agent)', 'ada@example.test']);
  });

  it('say how long', () => {
    const at = new Date(NOW).toISOString();
    expect(relativeWords(at, NOW - 83_400_000)).toBe('in 23 h 10 min');
    expect(relativeWords(at, NOW + 40_000)).toBe('40 s ago');
  });
});
