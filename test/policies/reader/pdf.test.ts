import { describe, expect, it } from 'vitest';
import { failure, outline, read } from './pages.ts';
import { column, type Printed, tinyPdf } from './tiny-pdf.ts';

const pdf = { contentType: 'application/pdf' };

const terms = (page: number, body: readonly string[]): Printed[] => [
  { text: 'Example Terms and Conditions', y: 760 },
  ...column(body),
  { text: 'Confidential, revision 7', y: 40 },
  { text: `Page ${page} of 4`, y: 24 },
];
const BODY = [
  ['You may not use auto-', 'mated trading without our con-', 'sent.'],
  ['Fees are 5 % of each', 'order.'],
  ['We may close accounts'],
  ['at any time.'],
];

describe('PDF', () => {
  it('heals lines and hyphens, joins over pages, and drops headers, footers and page numbers, logged (P18)', async () => {
    const content = await read(
      tinyPdf(
        BODY.map((body, index) => terms(index + 1, body)),
        'Customer terms',
      ),
      pdf,
    );
    expect(content.blocks.map(({ text }) => text)).toEqual([
      'You may not use automated trading without our consent.',
      'Fees are 5 % of each order.',
      'We may close accounts at any time.',
    ]);
    expect(content).toMatchObject({ format: 'pdf', title: 'Customer terms' });
    expect(content.removed.map(({ rule, count }) => [rule, count])).toEqual([
      ['pdf: repeated header or footer', 8],
      ['pdf: page number', 4],
    ]);
  });

  it('reads the same words whatever the producer broke into lines and pages', async () => {
    const words = BODY.flat().join(' ').replaceAll('- ', '');
    const other = await read(tinyPdf([column([words.slice(0, 60).trim(), words.slice(60).trim()])]), pdf);
    const first = await read(tinyPdf(BODY.map((body, index) => terms(index + 1, body))), pdf);
    expect(other.hashes.semantic.length).toBe(64);
    expect(first.blocks.map(({ norm }) => norm).join(' ')).toBe(
      'you may not use automated trading without our consent fees are 5 % of each order we may close accounts at any time',
    );
  });

  it('parts paragraphs by their distance, keeps list items and large letters as headings', async () => {
    const content = await read(
      tinyPdf([
        [
          { text: 'Prohibited items', y: 720, size: 18 },
          { text: 'The following may not be', y: 690 },
          { text: 'sold here.', y: 676 },
          { text: '\u0095 Weapons', y: 662 },
          { text: '\u0095 Alcohol', y: 648 },
          { text: 'Last updated: 17 September 2026', y: 610 },
        ],
      ]),
      pdf,
    );
    expect(outline(content)).toEqual([
      'heading: Prohibited items',
      'Prohibited items > paragraph: The following may not be sold here.',
      'Prohibited items > item1: Weapons',
      'Prohibited items > item1: Alcohol',
      'Prohibited items > paragraph: Last updated: 17 September 2026',
    ]);
    expect(content.dateLines).toEqual(['Last updated: 17 September 2026']);
  });

  it('keeps a sentence that stands on two pages: that is no habit', async () => {
    const content = await read(tinyPdf([column(['No spam.', 'One.']), column(['No spam.', 'Two.'])]), pdf);
    expect(content.canonical.match(/No spam\./g)).toHaveLength(2);
  });

  it('changes its text when one word does', async () => {
    const edited = BODY.with(3, ['at no time.']);
    const [one, two] = await Promise.all(
      [BODY, edited].map((pages) => read(tinyPdf(pages.map((body, index) => terms(index + 1, body))), pdf)),
    );
    expect(one?.hashes.semantic).not.toBe(two?.hashes.semantic);
  });

  it('finds a PDF behind any content type, by its first bytes', async () => {
    for (const how of [
      { contentType: 'text/html' },
      { contentType: 'application/octet-stream' },
      { format: 'auto' as const },
    ])
      expect((await read(tinyPdf([column(['No spam.'])]), how)).format).toBe('pdf');
  });

  it('reads a Buffer as it reads bytes, and leaves it whole', async () => {
    const bytes = tinyPdf([column(['No spam.'])]);
    const buffer = Buffer.from(bytes);
    expect(await read(buffer, pdf)).toEqual(await read(bytes, pdf));
    expect(Buffer.compare(buffer, bytes)).toBe(0);
  });

  it('says that a scan has no text, and that half a file is broken', async () => {
    expect(await failure(tinyPdf([[]]), pdf)).toMatchObject({ code: 'NO_TEXT_LAYER' });
    const whole = tinyPdf(BODY.map((body, index) => terms(index + 1, body)));
    expect((await failure(whole.subarray(0, 200), pdf)).code).toBe('PDF_BROKEN');
    expect((await failure('%PDF-1.7 nothing', pdf)).code).toBe('PDF_BROKEN');
    expect((await failure('<html><p>Sign in</p></html>', pdf)).code).toBe('PDF_BROKEN');
  });
});
