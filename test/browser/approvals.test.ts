import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linksOf } from '../approvals/browse.ts';
import { approval, dryRun, OLIVIA } from '../approvals/fixtures.ts';
import { type World, world } from '../approvals/world.ts';
import { launch } from './chromium.ts';
import { serve } from './site.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const opened = async (): Promise<World> => {
  const at = world();
  await at.ask();
  return at;
};

/** A visitor with scripts on or off; collects what the browser complains about. */
const visit = async (
  at: World,
  options: {
    readonly signedIn: boolean;
    readonly scripts: boolean;
    readonly width?: number;
    readonly dark?: boolean;
  },
): Promise<{ url: string; path: string; page: Page; complaints: string[]; end(): Promise<void> }> => {
  const site = await serve(at);
  const context: BrowserContext = await browser.newContext({
    javaScriptEnabled: options.scripts,
    viewport: { width: options.width ?? 1200, height: 900 },
    colorScheme: options.dark === true ? 'dark' : 'light',
  });
  if (options.signedIn)
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
  const path = new URL(linksOf(at.mails.find(({ to }) => to === OLIVIA.email)?.mail.html ?? '')[0] ?? '')
    .pathname;
  return {
    url: site.url,
    path,
    page,
    complaints,
    end: async () => {
      await context.close();
      await site.close();
    },
  };
};

describe('a real browser', () => {
  it.each([true, false])('approves from the keyboard with scripts %s', async (scripts) => {
    const at = await opened();
    const { page, url, path, end } = await visit(at, { signedIn: true, scripts });
    await page.goto(`${url}${path}`);
    await page.getByLabel(/^Reason/).focus();
    await page.keyboard.type('Checked the account.');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Checked the account.').waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
    expect(await at.store.readApproval(approval().approvalId)).toMatchObject({
      status: 'APPROVED',
      decision: { by: 'person:olivia@example.test', reason: 'Checked the account.' },
    });
    expect(at.told).toEqual([{ token: 'token-1', decision: 'APPROVED' }]);
    await end();
  });

  it('shows a stranger a way to sign in and nothing else', async () => {
    const at = await opened();
    const { page, url, path, end } = await visit(at, { signedIn: false, scripts: true });
    await page.goto(`${url}${path}`);
    expect(await page.getByRole('link', { name: 'Sign in', exact: true }).getAttribute('href')).toBe(
      `/sign-in?return=${encodeURIComponent(path)}`,
    );
    expect(await page.content()).not.toContain('AAPL');
    await end();
  });

  it('runs no script that an agent wrote, and draws hidden characters', async () => {
    const at = world();
    at.state.dryRun = dryRun({
      title: '</h1><script>document.title="owned"</script><style>*{display:none}</style>\u202Egpj.exe',
      rationale: '<img src=x onerror="document.title=1">',
    });
    await at.ask();
    const { page, url, path, complaints, end } = await visit(at, { signedIn: true, scripts: true });
    await page.goto(`${url}${path}`);
    expect(await page.title()).toContain('<script>');
    expect(await page.getByRole('button', { name: 'Approve' }).isVisible()).toBe(true);
    expect(await page.locator('h1 .cp').textContent()).toBe('U+202E');
    expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([]);
    await end();
  });

  it.each([
    [360, false],
    [360, true],
    [768, false],
    [1280, true],
  ])('fits %d pixels (dark: %s) without scrolling sideways, on every page', async (width, dark) => {
    const at = await opened();
    const { page, url, path, end } = await visit(at, { signedIn: true, scripts: true, width, dark });
    for (const where of [path, '/inbox', '/a/nothing']) {
      await page.goto(`${url}${where}`);
      const sideways = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect([where, sideways]).toEqual([where, 0]);
    }
    await end();
  });

  it('shows the mail without asking anybody for anything', async () => {
    const at = await opened();
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.setContent(at.mails[0]?.mail.html ?? '');
    expect(asked).toEqual([]);
    expect(await page.getByRole('link').count()).toBe(1);
    expect(await page.getByRole('heading', { level: 1, name: approval().title }).count()).toBe(1);
    await context.close();
  });
});
