import { describe, expect, it } from 'vitest';
import { decisive, outline, read } from './pages.ts';

const RULE = 'You may not send spam. You may not use bots to do it either.';
const texts = async (line: string): Promise<string[]> =>
  (await read(`${RULE}\n\n${line}`, { format: 'markdown' })).blocks.map(({ norm }) => norm);

describe('what sites print around a policy by themselves', () => {
  it.each([
    '1,234 views',
    'Views: 2.1M',
    '12 of 20 found this helpful',
    '12 out of 20 people found this article helpful',
    '3.4k likes · 12 comments',
    '(1,234 views)',
  ])('leaves out "%s", and says so', async (line) => {
    expect(await texts(line)).toHaveLength(1);
    const { removed } = await read(`${RULE}\n\n${line}`, { format: 'markdown' });
    expect(removed).toContainEqual({ rule: 'text: counter', count: 1, sample: line });
  });

  it.each([
    ['Views: 2.1MLast updated: May 18, 2026', 'Views: 9Last updated: May 18, 2026'],
    ['Last updated: 02/03/20251234 views', 'Last updated: 02/03/20251,299 views'],
    ['Last updated: 2025-02-0317 views', 'Last updated: 2025-02-0399 views'],
    ['February 3, 20251,234 views', 'February 3, 2025 7 views'],
  ])('parts "%s" from its date', async (one, other) => {
    const [left, right] = [
      await read(`${RULE}\n\n${one}`, { format: 'markdown' }),
      await read(`${RULE}\n\n${other}`, { format: 'markdown' }),
    ];
    expect(decisive(left)).toEqual(decisive(right));
    expect(left.dateLines).toHaveLength(1);
  });

  it.each([
    'You need 1,000 views.',
    '1,000 views in 90 days',
    '- 1,000 views',
    '| Silver | 1,000 views |',
    '## 1,000 views',
    'Up to 3 shares',
    '10,000 followers',
    '5 votes are enough',
  ])('keeps "%s", which may be a rule', async (line) => {
    expect((await texts(line)).join(' ')).toMatch(/1,000|3|10,000|5/);
  });

  it('leaves out lists of related articles, and nothing that is not a list of links', async () => {
    const page = (more: string): string => `# Rules\n\n${RULE}\n\n${more}\n\n## Fees\n\nA fee is due.`;
    const plain = decisive(await read(page(''), { format: 'markdown' }));
    for (const widget of [
      '## Related articles\n\n*   [One](https://a.test/1)\n*   [Two](https://a.test/2)',
      'Recently viewed articles:\n\n[One](https://a.test/1)',
    ])
      expect(decisive(await read(page(widget), { format: 'markdown' }))).toEqual(plain);
    for (const policy of [
      '## Related policies\n\n*   [One](https://a.test/1)',
      '## Related articles\n\n*   [One](https://a.test/1) must be read.',
      '## Related articles\n\nYou must read them.',
    ])
      expect(decisive(await read(page(policy), { format: 'markdown' }))).not.toEqual(plain);
    const selected = await read(
      '<main><h2>Related articles</h2><ul><li><a href="/1">One</a></li></ul></main>',
      {
        select: ['main'],
      },
    );
    expect(outline(selected)).toHaveLength(2);
  });
});
