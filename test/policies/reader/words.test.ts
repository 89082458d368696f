import { describe, expect, it } from 'vitest';
import { decodeBytes } from '#shared/policies/charset.ts';
import { datesOfPublication, effectiveNotices, parseDay } from '#shared/policies/effective-dates.ts';
import { linkResolver } from '#shared/policies/links.ts';
import { noiseLog } from '#shared/policies/noise-log.ts';
import { normalise } from '#shared/policies/normalise.ts';
import { bytesOf, failure, read, sourceOf } from './pages.ts';

const latin = (text: string): Uint8Array => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

describe('charset (P17)', () => {
  it.each([
    ['header', latin('caf\xe9'), 'text/html; charset="ISO-8859-1"', 'café', 'windows-1252'],
    [
      'header over meta',
      latin('<meta charset=koi8-r>caf\xe9'),
      'text/html;charset=latin1',
      '<meta charset=koi8-r>café',
      'windows-1252',
    ],
    [
      'meta',
      latin('<meta charset="windows-1251">\xcf\xf0'),
      undefined,
      '<meta charset="windows-1251">Пр',
      'windows-1251',
    ],
    [
      'http-equiv',
      latin('<meta http-equiv=Content-Type content="text/html; charset=shift_jis">\x82\xa0'),
      undefined,
      '<meta http-equiv=Content-Type content="text/html; charset=shift_jis">あ',
      'shift_jis',
    ],
    ['mark over header', Uint8Array.of(0xff, 0xfe, 0x41, 0), 'text/html; charset=utf-8', 'A', 'utf-16le'],
    ['nothing, UTF-8', bytesOf('café'), 'text/html', 'café', 'utf-8'],
    ['nothing, legacy', latin('caf\xe9 \x93x\x94'), undefined, 'café “x”', 'windows-1252'],
    [
      'a comment that says so',
      latin('<!-- <meta charset=koi8-r> -->caf\xe9'),
      undefined,
      '<!-- <meta charset=koi8-r> -->café',
      'windows-1252',
    ],
    ['a name that is none', bytesOf('café'), 'text/html; charset=nonsense', 'café', 'utf-8'],
    ['UTF-16 in a meta', bytesOf('<meta charset=utf-16>é'), undefined, '<meta charset=utf-16>é', 'utf-8'],
    [
      'a legacy lie over UTF-8',
      bytesOf('<meta charset=iso-8859-1>café'),
      undefined,
      '<meta charset=iso-8859-1>café',
      'utf-8',
    ],
  ])('is found by %s', (_, bytes, contentType, text, charset) => {
    expect(decodeBytes(bytes, contentType, true)).toMatchObject({ kind: 'text', text, charset });
  });

  it('shows a broken byte as such and loses no other letter', async () => {
    const bytes = Uint8Array.from([...bytesOf('<p>Café r'), 0xe9, ...bytesOf('gles — ‘naïve’</p>')]);
    for (const contentType of ['text/html; charset=utf-8', 'text/html'])
      expect(await read(bytes, { contentType })).toMatchObject({
        replacementCharacters: 1,
        canonical: 'Café r\ufffdgles — ‘naïve’',
      });
  });

  it('refuses a charset that nobody knows over bytes that are not UTF-8', async () => {
    expect(
      await failure(latin('<p>caf\xe9</p>'), { contentType: 'text/html; charset=x-martian' }),
    ).toMatchObject({
      code: 'CHARSET_UNKNOWN',
      detail: expect.stringContaining('x-martian'),
    });
  });
});

describe('links (P2)', () => {
  const log = noiseLog();
  const resolve = linkResolver('https://www.example.test/en/legal/spam?x=1', sourceOf(), log);
  const target = (href: string): string => {
    const resolved = resolve(href);
    return resolved.kind === 'document' ? resolved.target : resolved.rule;
  };

  it('gives one document one target', () => {
    for (const href of [
      'https://example.test/legal/aup',
      'http://WWW.example.test/legal/aup/',
      '/en-US/legal/aup?hl=en&utm_source=mail#part',
      '//example.test/intl/de_all/legal/aup',
      '/us/en/legal/aup/index.html',
      '../legal/aup',
      'https://www.google.com/url?sa=t&q=https%3A%2F%2Fexample.test%2Flegal%2Faup&usg=x',
      'https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.test%2Flegal%2Faup%3Ffbclid%3D1&h=z',
      'https://web.archive.org/web/20240101000000id_/https://example.test/legal/aup',
    ])
      expect(target(href), href).toBe('https://example.test/legal/aup');
  });

  it('keeps apart what are other documents', () => {
    const targets = [
      '/legal/aup',
      '/legal/ip',
      '/legal/AUP',
      '/answer?id=1',
      '/answer?id=2',
      'https://help.example.test/legal/aup',
      '/tv/x',
      '/legal',
      '/',
    ].map(target);
    expect(new Set(targets).size).toBe(targets.length);
  });

  it.each([
    ['#part', 'link: fragment only'],
    ['https://www.example.test/en/legal/spam?x=1#part', 'link: fragment only'],
    ['javascript:void(0)', 'link: script or data'],
    ['mailto:a@b.test', 'link: mail or telephone'],
    ['/cdn-cgi/l/email-protection#a1', 'link: mail or telephone'],
    ['/logo.png?v=3', 'link: image'],
    ['https://www.facebook.com/sharer/sharer.php?u=x', 'link: share button'],
    ['http://[', 'link: not an address'],
    ['ftp://x.test/a', 'link: other scheme'],
  ])('drops %s as noise', (href, rule) => {
    expect(target(href)).toBe(rule);
  });
});

describe('norms', () => {
  it.each([
    ['“Don’t”  post—ever…', "don't post ever"],
    ['ﬁne Ｆｕｌｌ Straße', 'fine full strasse'],
    ['soft\u00adhyphen zero\u200bwidth', 'softhyphen zerowidth'],
    ['5–10 % of $1,000.50.', '5-10 % of $1,000.50'],
    ['-5 and 3 - 2', '-5 and 3 2'],
    ['Mail a.b+c@example.test, please', 'mail email-address please'],
  ])('%j is compared as %j', (text, norm) => {
    expect(normalise(text)).toBe(norm);
    expect(normalise(norm)).toBe(norm);
  });
});

describe('dates', () => {
  it.each([
    ['June 1, 2026', '2026-06-01'],
    ['1st of June 2026', '2026-06-01'],
    ['the 3rd day of Sept. 2026', '2026-09-03'],
    ['2026-06-01', '2026-06-01'],
    ['06/01/2026', '2026-06-01'],
    ['13/01/2026', '2026-01-13'],
    ['Monday, 1 July 2026', '2026-07-01'],
  ])('%s is %s', (text, day) => {
    expect(parseDay(text, false)).toBe(`${day}T00:00:00.000Z`);
  });

  it('reads a day first where the region does, and no day that no calendar has', () => {
    expect(parseDay('06/01/2026', true)).toBe('2026-01-06T00:00:00.000Z');
    for (const text of ['February 30, 2026', '2026-13-01', '99/99/2026'])
      expect(parseDay(text, false)).toBeUndefined();
  });

  it.each([
    ['This policy is effective June 1, 2026.', 'from', '2026-06-01'],
    ['Starting 1 July 2026, sellers must disclose AI.', 'from', '2026-07-01'],
    ['These terms apply until December 31st, 2026', 'until', '2026-12-31'],
    ['Prohibited items (effective until 2026-08-10)', 'until', '2026-08-10'],
    ['The new list will take effect on August 11, 2026', 'from', '2026-08-11'],
    ['Effective date: 06/15/2026', 'from', '2026-06-15'],
    ['These changes come into force from the 1st of May 2026.', 'from', '2026-05-01'],
  ])('finds the notice in "%s"', (text, kind, day) => {
    expect(effectiveNotices([text], false)).toMatchObject([{ kind, on: `${day}T00:00:00.000Z` }]);
  });

  it.each([
    'Last updated June 1, 2026',
    'Last updated: 2026-06-01 10:30 UTC',
    'Updated on 1 June 2026',
    'Last modified: Jun 1, 2026',
    'Effective date: June 1, 2026',
    'June 1, 2026',
    'Published 3 days ago',
    'Date of last revision: 1 June 2026',
    'Version dated June 1, 2026',
  ])('takes "%s" for a line that says nothing but when', (text) => {
    const { found, rest } = datesOfPublication(text);
    expect(found).toHaveLength(1);
    expect(rest === null || rest.replace(/[^\p{L}\p{N}]/gu, '').length < 8).toBe(true);
  });

  it.each([
    'Sellers must comply by June 1, 2026.',
    'You may post 3 ads per day.',
    'Effective June 1, 2026, AI hosts may not give financial advice.',
    'Orders from 2026-06-01 to 2026-07-01 are refunded.',
  ])('leaves the date in the rule "%s"', (text) => {
    expect(datesOfPublication(text)).toEqual({ found: [], rest: text });
  });

  it('keeps the undated hash when only a date line moves, and changes it when a deadline does', async () => {
    const page = (updated: string, deadline: string): string =>
      `<p>Last updated: ${updated}</p><p>Comply by ${deadline}.</p>`;
    const one = await read(page('June 1, 2026', 'July 1, 2026'));
    const republished = await read(page('July 9, 2026', 'July 1, 2026'));
    const postponed = await read(page('July 9, 2026', 'August 1, 2026'));
    expect(republished.hashes.undated).toBe(one.hashes.undated);
    expect(republished.hashes.semantic).not.toBe(one.hashes.semantic);
    expect(postponed.hashes.undated).not.toBe(one.hashes.undated);
  });
});

describe('formats', () => {
  it.each([
    ['text/html; charset=utf-8', 'https://example.test/a', 'plain', 'html'],
    [undefined, 'https://example.test/a.md', '# A', 'markdown'],
    [undefined, 'https://example.test/a', '<!DOCTYPE html><p>a', 'html'],
    ['text/plain', 'https://example.test/a', 'a', 'text'],
    ['text/plain', 'https://example.test/a.md', '# A', 'markdown'],
    ['application/octet-stream', 'https://example.test/a', 'a', 'text'],
  ])('%s at %s is read as what it is', async (contentType, at, page, format) => {
    expect(
      (await read(page, { format: 'auto', at, ...(contentType === undefined ? {} : { contentType }) }))
        .format,
    ).toBe(format);
  });

  it('refuses what is no text', async () => {
    for (const contentType of ['image/png', 'application/zip', 'application/json'])
      expect(await failure('x', { contentType })).toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    expect(await failure('\0\x01\x02', { format: 'auto' })).toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });

  it('reads plain text by paragraphs', async () => {
    const content = await read('One\r\nline.\r\n\r\nTwo.\f Three.', { contentType: 'text/plain' });
    expect(content.canonical).toBe('One line.\n\nTwo.\n\nThree.');
  });
});
