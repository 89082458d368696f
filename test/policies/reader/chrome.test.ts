import { describe, expect, it } from 'vitest';
import { bounded } from '../../support/bounded.ts';
import { decisive, read } from './pages.ts';

const POLICY = `<main><header><h1>Spam policy</h1><p>In short: none.</p></header>
  <section><h2>Rules</h2><p>You may not send spam. You may not use bots to do it either.</p>
  <footer><p>Appeals are answered within 14 days.</p></footer></section></main>`;
const texts = ({ blocks }: Awaited<ReturnType<typeof read>>): string[] => blocks.map(({ text }) => text);
const page = (around: string, policy = POLICY): string =>
  `<html lang="en"><body>${around.replace('POLICY', policy)}</body></html>`;

describe('what stands around the policy, where the source has no selector', () => {
  it('drops navigation, search, and the header and footer of the page, and says so (F15)', async () => {
    const content = await read(
      page(`<header><a href="/">Example</a></header><nav><a href="/a">Home</a></nav><search>Find</search>
        <div role="navigation">Menu</div><div role="banner">Sale!</div>POLICY
        <div role="contentinfo">Session 4711</div><footer>&copy; 2026 Example</footer>`),
    );
    expect(texts(content)).toEqual([
      'Spam policy',
      'In short: none.',
      'Rules',
      'You may not send spam. You may not use bots to do it either.',
      'Appeals are answered within 14 days.',
    ]);
    expect(content.removed.filter(({ rule }) => rule.startsWith('page chrome'))).toEqual([
      { rule: 'page chrome: header', count: 1, sample: 'Example' },
      { rule: 'page chrome: nav', count: 1, sample: 'Home' },
      { rule: 'page chrome: search', count: 1, sample: 'Find' },
      { rule: 'page chrome: role navigation', count: 1, sample: 'Menu' },
      { rule: 'page chrome: role banner', count: 1, sample: 'Sale!' },
      { rule: 'page chrome: role contentinfo', count: 1, sample: 'Session 4711' },
      { rule: 'page chrome: footer', count: 1, sample: '© 2026 Example' },
    ]);
  });

  it('reads the same page under another session, menu, year and consent banner', async () => {
    const at = (session: string, menu: string): Promise<Awaited<ReturnType<typeof read>>> =>
      read(
        page(`<header><a href="/">Example</a><a href="/in">Sign in</a></header><nav><ul>${menu}</ul></nav>
          <div class="mobile-menu" aria-hidden="true"><ul>${menu}</ul></div>POLICY
          <footer><p>Session ${session}</p></footer>`),
      );
    const plain = await at('1', '<li><a href="/a">A</a></li>');
    const other = await at('2', '<li><a href="/a">A</a></li><li><a href="/new">New!</a></li>');
    expect(decisive(other)).toEqual(decisive(plain));
    const banner = await read(
      page(`POLICY<div id="onetrust-banner-sdk" role="dialog"><h2>Your privacy</h2>
        <p>We use cookies to make this site better. You must choose.</p><button>Accept all</button></div>`),
    );
    expect(decisive(banner)).toEqual(decisive(plain));
  });

  it('leaves the page whole where a source selects, and keeps what a range ends at', async () => {
    const html = page('<nav>Menu</nav>POLICY<footer>End</footer>');
    expect(texts(await read(html, { select: ['body'] }))).toContain('Menu');
    const range = { from: { selector: 'main' }, to: { selector: 'footer:last-of-type' } };
    expect(texts(await read(html, { ranges: [range] })).at(-1)).toBe('Appeals are answered within 14 days.');
    expect(texts(await read(html, { ranges: [{ to: { selector: 'body > footer' } }] })).at(-1)).toBe('End');
  });

  it('keeps a page whose words stand in such an element, whole or for the most part', async () => {
    const text = '<h1>Terms</h1><p>You may not resell. We may close accounts at any time.</p>';
    for (const around of [
      '<header>POLICY</header>',
      '<div role="banner">POLICY</div>',
      '<footer>POLICY</footer>',
      '<nav>POLICY</nav>',
      '<header>POLICY</header><footer>&copy; Example</footer>',
      '<h2>Legal</h2><footer>POLICY</footer>',
      '<div aria-hidden="true">POLICY</div>',
      '<div class="cookie-notice">POLICY<button>Accept</button></div>',
    ])
      expect(texts(await read(page(around, text))), around).toContain(
        'You may not resell. We may close accounts at any time.',
      );
    const wrapped = await read(page(`<header><nav><a href="/x">Menu</a></nav>${text}</header>`));
    expect(texts(wrapped)).not.toContain('Menu');
    expect(texts(await read(page('<nav>One</nav><footer>Two</footer>')))).toEqual(['One', 'Two']);
  });

  it('keeps the title of the page where it stands in the header of the page', async () => {
    const titled = (title: string): string =>
      page(`<header><a href="/">Example</a><h1>${title}</h1></header>POLICY`, '<p>You may not resell.</p>');
    expect(texts(await read(titled('Resale policy')))).toEqual(['Resale policy', 'You may not resell.']);
    expect(decisive(await read(titled('Resale policy')))).not.toEqual(
      decisive(await read(titled('Wholesale policy'))),
    );
  });

  it('keeps collapsed details and sections about cookies (P16)', async () => {
    const content = await read(
      page(`POLICY<div class="panel" aria-hidden="true"><p>You must also tell your <a href="/b">buyers</a>.</p></div>
        <section id="cookie-notice"><h2>Cookie notice</h2><p>We use cookies. You can manage preferences.</p></section>`),
    );
    expect(texts(content)).toEqual(
      expect.arrayContaining([
        'You must also tell your buyers.',
        'We use cookies. You can manage preferences.',
      ]),
    );
  });

  it('reads hostile nesting in bounded time', async () => {
    const open = '<nav aria-hidden="true" class="cookie-banner" role="dialog">';
    const page = `${open.repeat(8_000)}<p>${'rule '.repeat(800_000)}</p>`;
    await bounded(() => read(page));
  });
});
