import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccountDesk, accountDesk, OLIVIA } from '../path/account-desk.ts';
import { type Desk, openDesk, until } from '../path/desk.ts';
import { launch } from './chromium.ts';

/** The whole stack on this machine, an operator at a real browser, and the provider's own pages. */
describe('an account that dies under an approved action, in a real browser', { timeout: 240_000 }, () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let desk: Desk;
  let at: AccountDesk;
  const pictures = process.env['AUTOPACK_SCREENSHOTS'];
  const picture = async (name: string): Promise<void> => {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  };

  beforeAll(async () => {
    [browser, desk] = await Promise.all([launch(), openDesk()]);
    at = accountDesk(desk);
    await at.register();
    context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
    page = await context.newPage();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await desk.close();
  });

  /** Opens a path of the console and signs in where it asks for it. */
  const open = async (path: string): Promise<void> => {
    await page.goto(path.startsWith('http') ? path : `${desk.host.apiUrl}${path}`);
    await signIn();
  };
  const signIn = async (): Promise<void> => {
    const link = page.getByRole('link', { name: 'Sign in', exact: true });
    if ((await link.count()) > 0) await link.click();
    const email = page.locator('input[name=email]');
    if ((await email.count()) === 0) return;
    await email.first().fill(OLIVIA);
    await email.first().press('Enter');
    await page.waitForLoadState();
  };
  const approve = async (): Promise<void> => {
    await open(await desk.nextLink(OLIVIA));
    const again = page.getByRole('link', { name: 'Sign in again to decide' });
    if ((await again.count()) > 0) {
      await again.click();
      await signIn();
    }
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Approved').first().waitFor();
  };
  /** The provider's consent page: everything ticked, then allowed. */
  const consent = async (): Promise<void> => {
    await signIn();
    for (const box of await page.locator('input[type=checkbox]').all()) await box.check();
    await picture('consent');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'YouTube is connected' }).waitFor();
  };
  const tasks = () => page.getByRole('link', { name: 'Connect YouTube again' });

  it('is connected, used, revoked at the provider, waits with one task, and runs once when connected again', async () => {
    await open(at.connectPath());
    await consent();
    await picture('connected');

    await at.proposePlaylist('while-it-lives');
    await approve();
    await desk.becomes('while-it-lives', 'SUCCEEDED', 60);

    await page.goto(`${desk.host.awsUrl}/_stand-in/oauth`);
    await picture('provider');
    await page.getByRole('button', { name: /Remove/ }).click();
    await page.waitForLoadState();

    await at.proposePlaylist('after-it-died');
    await approve();
    await until(
      'the death',
      async () => {
        await at.refreshNow();
        return desk.host.oauth.calls().some(({ error }) => error === 'invalid_grant') || undefined;
      },
      90,
    );
    await desk.becomes('after-it-died', 'PAUSED_CREDENTIAL', 90);
    await Promise.all([at.tendNow(), at.tendNow(), at.refreshNow(), desk.sweep()]);
    await open('/inbox');
    expect(await tasks().count()).toBe(1);
    await picture('inbox');
    const told = desk.mails().filter(({ subject }) => subject.startsWith('Connect http channel-one'));
    expect(told.map(({ to }) => to).toSorted()).toEqual([
      expect.stringContaining(OLIVIA),
      expect.stringContaining('sam@example.test'),
    ]);
    expect(at.made('after-it-died')).toEqual([]);

    await tasks().click();
    await consent();
    await Promise.all([desk.sweep(), desk.sweep()]);
    await desk.becomes('after-it-died', 'SUCCEEDED', 60);
    expect(at.made('after-it-died')).toHaveLength(1);
    await open('/inbox');
    expect(await tasks().count()).toBe(0);
    await open('/credentials');
    await picture('credentials');
    await page.setViewportSize({ width: 360, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['/credentials', '/inbox']) {
      await open(path);
      await picture(`narrow${path.replace('/', '-')}`);
      expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0);
    }
  });
});
