import { describe, expect, it } from 'vitest';
import { compileFilters } from '#shared/policies/filters.ts';
import { compilePattern } from '#shared/policies/filter-pattern.ts';
import { PolicySource } from '#shared/policies/source.ts';
import { bounded } from '../support/bounded.ts';

const source = (kind: 'dropBlocks' | 'maskText', matching: string) =>
  PolicySource.safeParse({
    id: 'shop',
    url: 'https://shop.example.test/rules',
    filters: [{ kind, matching }],
  });

describe('patterns of filters', () => {
  it.each([
    'was this helpful\\?',
    '[0-9,]+ views',
    '\\d+ (?:out )?of \\d+ (?:people|users) found this (?:helpful|useful)',
    'updated \\d{1,2} \\w+ \\d{4}',
    'session [0-9a-f]{32}',
    '^© \\d{4}.*',
    'page (\\d+) of (\\d+)',
    '\\bAI\\b|\\p{L}+ bot',
  ])('takes %s for both kinds', (matching) => {
    expect([source('dropBlocks', matching).success, source('maskText', matching).success]).toEqual([
      true,
      true,
    ]);
  });

  it.each(['(', '[a-', 'a{2,1}', '\\p{Nonsense}', '(?<x>a', '*a'])(
    'refuses %s, which is none, and names the field',
    (matching) => {
      const parsed = source('maskText', matching);
      expect(parsed.error?.issues[0]?.path).toEqual(['filters', 0, 'matching']);
      expect(parsed.error?.issues[0]?.message).toContain('is no regular expression');
    },
  );

  it.each([
    '(a+)+$',
    '((a+))+b',
    '(?:\\d{1,3},)*\\d{1,3} likes?',
    '(a|a)*c',
    '(a|ab)*c',
    '(?:\\w+\\s?)+!',
    '(.*a){20}x',
    'a*a*a*a*b',
    '.*.*.*x',
    '(\\w+)\\1*',
    '\\d+\\d+\\d+ views',
    '(?:a?){40}b',
    '[a-z]+[a-z0-9]*\\w*!',
    '.{0,500}.{0,500}.{0,500}!',
  ])('refuses %s, which could run for ever', (matching) => {
    for (const kind of ['dropBlocks', 'maskText'] as const) {
      const parsed = source(kind, matching);
      expect(parsed.success, kind).toBe(false);
      expect(parsed.error?.issues[0]?.path).toEqual(['filters', 0, 'matching']);
    }
  });

  it('two repeats of anything may frame a whole block, not be searched for in it', () => {
    expect(source('dropBlocks', '.*helpful.*').success).toBe(true);
    expect(source('maskText', 'by .*helpful.*').error?.issues[0]?.message).toContain('could run for ever');
  });

  it('what is taken runs in bounded time on any block', () => {
    for (const [kind, matching] of [
      ['dropBlocks', '.*helpful.*'],
      ['maskText', '[0-9,]+ views'],
      ['maskText', '\\w+!'],
    ] as const) {
      const filters = compileFilters(
        PolicySource.parse({
          id: 'shop',
          url: 'https://shop.example.test/rules',
          filters: [{ kind, matching }],
        }),
      );
      if (filters.kind !== 'ready') throw new Error(filters.detail);
      for (const text of [
        'a'.repeat(20_000),
        '1,1,'.repeat(5_000),
        '0'.repeat(20_000),
        'helpful '.repeat(2_500),
      ]) {
        bounded(() => [filters.drops(text), filters.norm(text)]);
      }
    }
    expect(compilePattern('x', true)).toBeInstanceOf(RegExp);
  });
});
