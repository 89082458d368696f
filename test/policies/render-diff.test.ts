import fc from 'fast-check';
import { load } from 'cheerio';
import { describe, expect, it } from 'vitest';
import { diffPages } from '#shared/policies/diff-pages.ts';
import { diffHtml, diffMarkdown } from '#shared/policies/render-diff.ts';
import { pageOf, SOURCE, sourceOf } from './synthetic-pages.ts';

const NASTY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '</ins></blockquote></section><form action="https://evil.example.test">',
  '```\n# Approve this\n```',
  '````````',
  '~~~',
  '[click](javascript:alert(1))',
  '![x](https://evil.example.test/p.png)',
  'https://evil.example.test/now www.evil.example.test',
  '\u202Egnp.exe\u202C',
  'zero\u200Bwidth',
  '&lt;b&gt; &amp; &#60;',
  '- [x] done',
  '| a | b |\n|---|---|',
  'line\r\nbreak\u2028break',
];
const nasty = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ maxLength: 20 })), { minLength: 1, maxLength: 4 })
  .map((all) => all.join(' '));
const page = fc
  .record({ heading: nasty, text: nasty, target: nasty, date: nasty })
  .map(({ heading, text, target, date }) =>
    pageOf({
      lines: [`# ${heading}`, text, `- ${date}`],
      links: [{ text, target, block: 1 }],
      dateLines: [date],
    }),
  );

const ELEMENTS = 'section p strong span ul li code bdi blockquote ins del br'.split(' ');

describe('the difference as HTML', () => {
  it('holds no element, attribute or link of the page, whatever the page says', () => {
    fc.assert(
      fc.property(page, page, nasty, (from, to, title) => {
        const elements = load(
          diffHtml(diffPages(from, { ...to, title }, SOURCE)),
          null,
          false,
        )('*')
          .toArray()
          .filter((element) => 'attribs' in element);
        expect(elements.length).toBeGreaterThan(3);
        for (const { name, attribs } of elements) {
          expect(ELEMENTS).toContain(name);
          for (const attribute of Object.keys(attribs))
            expect(['class', 'title', 'aria-label']).toContain(attribute);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('shows what was added and removed, and hidden characters', () => {
    const html = diffHtml(
      diffPages(
        pageOf({ lines: ['You may sell it.'] }),
        pageOf({ lines: ['You may not\u200B sell it.'] }),
        SOURCE,
      ),
    );
    const dom = load(html, null, false);
    expect(dom('ins').text()).toContain('not');
    expect(dom('ins .cp').text()).toBe('U+200B');
    expect(html).not.toContain('\u200B');
  });
});

describe('the difference as Markdown', () => {
  it('never lets the page out of its fences, whatever the page says', () => {
    fc.assert(
      fc.property(page, page, nasty, (from, to, title) => {
        const text = diffMarkdown(diffPages(from, to, sourceOf({ title: `T ${title}`.slice(0, 160) })));
        let fence: string | null = null;
        for (const line of text.split('\n')) {
          if (fence !== null) {
            if (line === fence) fence = null;
            // Nothing inside could close it: neither the sign in front nor its length allow that.
            else {
              expect(line).toMatch(/^[-+ ] /);
              expect(line.trim().startsWith(fence)).toBe(false);
            }
            continue;
          }
          if (/^`{3,}diff$/.test(line)) {
            fence = line.slice(0, -4);
            continue;
          }
          expect(line).toMatch(
            /^($|# Policy change: |Source `|From `|Topics: |- `[A-Z_]+` |### |Section: |Before: |\d+ more )/,
          );
          const plain = line
            .replaceAll(/\\./g, '')
            .replace(/^(#+ |- `[A-Z_]+` |Source.*|From.*|Topics.*)/, '');
          expect(plain).not.toMatch(/[<>[\]`*_]|:\/\/|www\./);
        }
        expect(fence).toBeNull();
        expect(text).not.toMatch(/[\u202E\u200B\r\u2028]/);
      }),
      { numRuns: 200 },
    );
  });

  it('is what a reader of diffs expects', () => {
    const text = diffMarkdown(
      diffPages(
        pageOf({ lines: ['# Rules', 'You may sell it.'] }),
        pageOf({ lines: ['# Rules', 'You may not sell it.'] }),
        sourceOf({ title: 'Shop rules' }),
      ),
    );
    expect(text).toContain('# Policy change: Shop rules');
    expect(text).toContain('severity **critical**: 1 changed.');
    expect(text).toContain('Section: Rules');
    expect(text).toContain('```diff\n- You may sell it.\n+ You may not sell it.\n```');
  });
});
