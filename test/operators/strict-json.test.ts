import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_JSON_DEPTH, parseStrictJson, StrictJsonError } from '#shared/actions/strict-json.ts';
import { bounded } from '../support/bounded.ts';

const HOSTILE: readonly (readonly [what: string, text: string, path: string])[] = [
  ['a name twice', '{"payload":{"qty":1,"qty":100}}', 'payload.qty'],
  ['a name twice, once escaped', '{"qty":1,"\\u0071ty":100}', 'qty'],
  ['__proto__', '{"a":[{"__proto__":{"admin":true}}]}', 'a[0].__proto__'],
  ['__proto__, escaped', '{"__pr\\u006fto__":{}}', '__proto__'],
  ['constructor', '{"constructor":{}}', 'constructor'],
  ['prototype', '{"prototype":{}}', 'prototype'],
  ['NaN', '{"a":NaN}', 'a'],
  ['Infinity', '[-Infinity]', '[0]'],
  ['an integer beyond 2^53', '{"id":9007199254740993}', 'id'],
  ['an integer beyond 2^53 that a double could hold', '{"id":9007199254740992}', 'id'],
  ['more digits than a double has', '{"p":0.12345678901234567890}', 'p'],
  ['an exponent that overflows', '{"p":1e400}', 'p'],
  ['an exponent that becomes zero', '{"p":1e-400}', 'p'],
  ['an endless exponent', `{"p":1e${'9'.repeat(300)}}`, 'p'],
  ['half a surrogate pair, escaped', '{"a":"\\ud800"}', 'a'],
  ['half a surrogate pair, raw', '{"a":"\ud800"}', 'a'],
  ['half a surrogate pair in a name', '{"\\udc00":1}', ''],
  ['surrogates the wrong way round', '["\\udc00\\ud800"]', '[0]'],
  ['a control character', '["\u0001"]', '[0]'],
  ['a byte order mark', '\ufeff{}', ''],
  ['a comma too many', '[1,]', '[1]'],
  ['a comment', '{/*x*/}', ''],
  ['single quotes', "{'a':1}", ''],
  ['a second document', '{} {}', ''],
  ['a leading zero', '[01]', ''],
  ['a plus sign', '[+1]', '[0]'],
  ['hexadecimal', '[0x1]', ''],
  ['nothing', '', ''],
  ['a text that ends too early', '{"a":"b', 'a'],
  ['an unknown escape', '["\\x41"]', '[0]'],
  ['a short unicode escape', '["\\u12"]', '[0]'],
];

test.each(HOSTILE)('%s is refused and the place is named', (_what, text, path) => {
  let refusal: unknown;
  try {
    parseStrictJson(text);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(StrictJsonError);
  expect((refusal as StrictJsonError).path).toBe(path);
});

test('nesting is accepted down to the limit and not one deeper', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  expect(parseStrictJson(nested(MAX_JSON_DEPTH))).toEqual(JSON.parse(nested(MAX_JSON_DEPTH)));
  expect(() => parseStrictJson(nested(MAX_JSON_DEPTH + 1))).toThrow(/nested deeper/);
  expect(() => parseStrictJson('{"a":'.repeat(100_000))).toThrow(/nested deeper/);
});

test.each([
  '1.0',
  '1e2',
  '-0.5',
  '0.1',
  '100',
  '1E+2',
  '12.50',
  '5e-324',
  '-9007199254740991',
  '1.7976931348623157e308',
])('the number %s is held exactly and accepted', (literal) => {
  expect(parseStrictJson(literal)).toBe(Number(literal));
});

const safeValue = fc.json({ noUnicodeString: false } as never).filter((text) => {
  const unsafe = (value: unknown): boolean =>
    typeof value === 'number'
      ? Number.isInteger(value) && !Number.isSafeInteger(value)
      : typeof value === 'object' && value !== null
        ? Object.entries(value).some(
            ([name, inner]) => ['__proto__', 'constructor', 'prototype'].includes(name) || unsafe(inner),
          )
        : false;
  return text.isWellFormed() && !unsafe(JSON.parse(text));
});

test('whatever it accepts is what JSON.parse reads, however it is laid out', () => {
  fc.assert(
    fc.property(safeValue, fc.integer({ min: 0, max: 4 }), (text, indent) => {
      const laidOut = JSON.stringify(JSON.parse(text), null, indent);
      expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      expect(parseStrictJson(laidOut)).toEqual(JSON.parse(laidOut));
    }),
    { numRuns: 500 },
  );
});

test('on any text at all it answers what JSON.parse answers, or refuses', () => {
  const fragments = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '\\u00',
      '1',
      '-',
      '.5',
      'e9',
      'true',
      'null',
      ' ',
      '\n',
      'é',
    ),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(fragments, (parts) => {
      const text = parts.join('');
      let strict: { value: unknown } | undefined;
      try {
        strict = { value: parseStrictJson(text) };
      } catch (error) {
        expect(error).toBeInstanceOf(StrictJsonError);
      }
      if (strict !== undefined) expect(strict.value).toEqual(JSON.parse(text));
    }),
    { numRuns: 3000 },
  );
});

test('is read in time linear in its size', () => {
  const rows = Array.from({ length: 300_000 }, (_, n) => ({ n, text: 'x'.repeat(30) }));
  const text = JSON.stringify({ rows });
  expect(JSON.stringify(bounded(() => parseStrictJson(text))) === text).toBe(true);
});
