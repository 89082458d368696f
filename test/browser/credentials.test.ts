import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timestamp } from '#shared/actions/identity.ts';
import type { ReauthTask } from '#shared/credentials/reauth.ts';
import { NOW, OLIVIA } from '../approvals/fixtures.ts';
import { type World, world } from '../approvals/world.ts';
import { aCredential } from '../credentials/rows.ts';
import { launch } from './chromium.ts';
import { serve } from './site.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const task = (over: Partial<ReauthTask>): ReauthTask => ({
  schemaVersion: 1,
  project: 'demo',
  provider: 'etsy',
  account: 'shop-one',
  environment: 'PRODUCTION',
  connectionVersion: 3,
  status: 'OPEN',
  reason: 'invalid-grant',
  openedAt: timestamp(NOW - 7_200_000),
  closedAt: null,
  tellingUntil: null,
  ...over,
});
const HOSTILE = `shop" onmouseover="alert(1)\u202E<script>document.title='owned'</script>`;

const desk = (): World => {
  const at = world();
  at.state.reauthTasks = [
    task({}),
    task({ provider: 'alpaca', account: 'paper-demo', environment: 'PAPER', reason: 'refused' }),
    task({ provider: 'shopify', account: HOSTILE, reason: 'secret-missing' }),
    task({ project: 'elsewhere', account: 'of-another-project' }),
  ];
  at.state.credentials = [
    aCredential({ provider: 'etsy', account: 'shop-one', environment: 'PRODUCTION', kind: 'oauth' }),
    aCredential({}),
    aCredential({
      provider: 'shopify',
      account: HOSTILE,
      environment: 'PRODUCTION',
      kind: 'client-credentials',
    }),
  ];
  return at;
};

const visit = async (
  at: World,
  options: { readonly width?: number; readonly dark?: boolean } = {},
): Promise<{ url: string; page: Page; complaints: string[]; end(): Promise<void> }> => {
  const site = await serve(at);
  const context = await browser.newContext({
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

describe('accounts to connect again, in a real browser', () => {
  it('stand first in the inbox, each with the one way out of it, reached from the keyboard', async () => {
    const { page, url, end } = await visit(desk());
    await page.goto(`${url}/inbox`);
    expect(await page.locator('h2').first().textContent()).toContain('Accounts that need you');
    const connect = page.getByRole('link', { name: 'Connect Etsy again' });
    expect(new URL((await connect.getAttribute('href')) ?? '', url).searchParams.get('account')).toBe(
      'shop-one',
    );
    for (let tabs = 0; tabs < 12; tabs += 1) {
      await page.keyboard.press('Tab');
      if ((await page.locator(':focus').textContent()) === 'Connect Etsy again') break;
    }
    expect(await page.locator(':focus').textContent()).toBe('Connect Etsy again');
    expect(await page.getByLabel('Commands').textContent()).toContain(
      'npx autopack credentials rotate alpaca/paper-demo/PAPER --project demo',
    );
    expect(await page.getByText('of-another-project').count()).toBe(0);
    await end();
  });

  it('run nothing that an account is called, and ask nobody else for anything', async () => {
    const { page, url, complaints, end } = await visit(desk());
    await page.goto(`${url}/inbox`);
    expect(await page.title()).toBe('Inbox · Autopack');
    expect(await page.locator('.cp').first().textContent()).toBe('U+202E');
    expect(await page.locator('[onmouseover]').count()).toBe(0);
    expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([]);
    await end();
  });

  it.each([
    [360, false],
    [360, true],
    [1280, true],
  ])('fit %d pixels (dark: %s) without scrolling sideways', async (width, dark) => {
    const { page, url, end } = await visit(desk(), { width, dark });
    await page.goto(`${url}/inbox`);
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0);
    await end();
  });
});
