import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OLIVIA } from '../approvals/fixtures.ts';
import { diff, NOW, pending, record, state } from '../policies/gate-facts.ts';
import { type PeopleWorld, peopleWorld } from '../policies/people-world.ts';
import { launch } from './chromium.ts';
import { serve } from './site.ts';

const ID = 'etsy-prohibited-items';
const PAGES = ['/inbox', '/sources', `/sources/${ID}`, `/sources/${ID}/change`];
const change = pending();

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const desk = (): PeopleWorld => {
  const at = peopleWorld();
  at.state.now = NOW;
  at.put(record(), state({ pending: change }));
  at.policies.objects.set(`diffs/${change.changeId}.json`, JSON.stringify(diff));
  return at;
};

/** Olivia with her session; collects what the browser complains about and whatever is asked of others. */
const visit = async (
  at: PeopleWorld,
  options: { readonly scripts?: boolean; readonly width?: number; readonly dark?: boolean } = {},
): Promise<{ url: string; page: Page; complaints: string[]; end(): Promise<void> }> => {
  const site = await serve(at);
  const context = await browser.newContext({
    javaScriptEnabled: options.scripts ?? true,
    viewport: { width: options.width ?? 1200, height: 900 },
    colorScheme: options.dark === true ? 'dark' : 'light',
  });
  await context.addCookies(
    Object.entries(at.signIn(OLIVIA)).map(([name, value]) => ({
      name,
      value,
      url: site.url.replace('http:', 'https:'),
      secure: true,
      httpOnly: true,
      sameSite: 'Lax' as const,
    })),
  );
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(site.url)) complaints.push(request.url());
  });
  return {
    url: site.url,
    page,
    complaints,
    end: async () => {
      await context.close();
      await site.close();
    },
  };
};

describe('policies in a real browser', () => {
  it.each([true, false])(
    'a change is read and acknowledged from the keyboard, scripts %s',
    async (scripts) => {
      const at = desk();
      const { page, url, end } = await visit(at, { scripts });
      await page.goto(`${url}/inbox`);
      await page.getByRole('link', { name: 'Prohibited items' }).click();
      expect(await page.locator('ins').first().textContent()).toBe('must not');
      await page.getByLabel('What it means for us').focus();
      await page.keyboard.type('We list no knives.');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByText('Nothing waits here.').waitFor();
      expect(at.policies.all('ack#')).toMatchObject([
        { supersedes: true, people: [{ by: 'person:olivia@example.test', reason: 'We list no knives.' }] },
      ]);
      await end();
    },
  );

  it('runs nothing that a provider wrote, asks nobody else for anything, draws hidden characters', async () => {
    const at = desk();
    const { page, url, complaints, end } = await visit(at);
    for (const path of PAGES) await page.goto(`${url}${path}`);
    expect(await page.locator('ins .cp').textContent()).toBe('U+202E');
    expect(await page.locator('.diff a').count()).toBe(0);
    expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([]);
    await end();
  });

  it.each([
    [360, false],
    [360, true],
    [1280, true],
  ])('fits %d pixels (dark: %s) without scrolling sideways', async (width, dark) => {
    const at = desk();
    const { page, url, end } = await visit(at, { width, dark });
    for (const path of PAGES) {
      await page.goto(`${url}${path}`);
      const sideways = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect([path, sideways]).toEqual([path, 0]);
    }
    await end();
  });
});
