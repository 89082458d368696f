import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectItem, readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { listObservations, putSourceIfAbsent, readState } from '#shared/policies/policies.aws.ts';
import { type Desk, openDesk, until } from '../path/desk.ts';
import { policyPage } from '../policies/check-world.ts';
import { sourceRecord } from '../policies/rows.ts';
import { launch } from './chromium.ts';

const OLIVIA = 'olivia@example.test';

let says = 'Candles may be sold by everybody.';
let provider: Server;
let desk: Desk;
let browser: Browser;
let page: Page;
let db: DynamoDBDocumentClient;

const refOf = (what: RegExp): string =>
  String([...desk.host.deployed.resources].find(([id]) => what.test(id))?.[1].ref ?? '');

/** As an operator would: the schedule of the stack is replaced by one that fires each minute. */
const everyMinute = async (): Promise<void> => {
  const at = `${desk.host.awsUrl}/schedules`;
  const asScheduler = {
    authorization:
      'AWS4-HMAC-SHA256 Credential=local/20261121/us-east-1/scheduler/aws4_request, SignedHeaders=host, Signature=0',
  };
  const listed = (await (await fetch(at, { headers: asScheduler })).json()) as {
    Schedules: { Name: string }[];
  };
  const name = listed.Schedules.map((one) => one.Name).find((one) => one.includes('EveryQuarter')) ?? '';
  const schedule = (await (await fetch(`${at}/${name}`, { headers: asScheduler })).json()) as Record<
    string,
    unknown
  >;
  const { ScheduleExpression, FlexibleTimeWindow, Target } = schedule;
  expect(ScheduleExpression).toBe('rate(15 minutes)');
  await fetch(`${at}/${name}`, { method: 'DELETE', headers: asScheduler });
  const made = await fetch(`${at}/${name}`, {
    method: 'POST',
    headers: { ...asScheduler, 'content-type': 'application/json' },
    body: JSON.stringify({ FlexibleTimeWindow, Target, ScheduleExpression: 'rate(1 minute)' }),
  });
  expect(made.status).toBe(200);
};

/** Signs in where the pages ask for it. */
const open = async (url: string): Promise<void> => {
  await page.goto(url);
  for (let step = 0; step < 6; step += 1) {
    const box = page.locator('input[name=email], input[name=username]').first();
    const signIn = page.getByRole('link', { name: 'Sign in' }).first();
    if (await box.isVisible()) {
      await box.fill(OLIVIA);
      await box.press('Enter');
      await page.waitForLoadState();
    } else if (await signIn.isVisible()) {
      await signIn.click();
      await page.waitForLoadState();
    } else return;
  }
};

const shot = async (name: string): Promise<void> => {
  const folder = process.env['AUTOPACK_SCREENSHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

/** Reads the change on the page that the mail links to, and acknowledges exactly that. */
const acknowledge = async (reason: string): Promise<void> => {
  await page.getByLabel(/^(What it means for us|How you checked it)/).fill(reason);
  for (const box of await page.locator('main form input[type=checkbox]').all()) await box.check();
  await page.locator('main form button').last().click();
  await page.getByText('Nothing waits here.').waitFor();
};

beforeAll(async () => {
  provider = createServer((request, reply) => {
    if (request.url === '/robots.txt') {
      reply.writeHead(404).end();
      return;
    }
    reply.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(policyPage(says).html);
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  desk = await openDesk({ POLICY_CONFIRM_SECONDS: '5' });
  browser = await launch();
  page = await (await browser.newContext({ viewport: { width: 1200, height: 900 } })).newPage();
  db = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      region: 'us-east-1',
      endpoint: desk.host.awsUrl,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await desk?.close();
  provider?.close();
});

describe('a policy that changes, on the whole local host and in a real browser', () => {
  it(
    'is noticed by the schedule, stops what requires it until a person read it, and stops again (POL-01)',
    {
      timeout: 600_000,
    },
    async () => {
      const policies = refOf(/\/PoliciesTable$/);
      const registry = refOf(/\/RegistryTable$/);
      const { port } = provider.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/policy`;
      await putSourceIfAbsent(
        db,
        policies,
      )(sourceRecord({ id: 'shop', title: 'Prohibited items', url, cadenceHours: 0.001 }));
      const config = await readProjectConfig(db, registry)('demo');
      await db.send(
        new PutCommand({
          TableName: registry,
          Item: projectItem({
            ...config,
            settings: {
              ...config.settings,
              policySources: [{ operation: 'alpaca/*', sources: ['shop'] }],
            },
          }),
        }),
      );
      const state = () => readState(db, policies)('shop');
      const pending = (count: number) =>
        until(
          'a change that waits for a person',
          async () => {
            const now = await state();
            if (now?.pending === undefined || now.pending === null) return undefined;
            return desk.mails().filter(({ text }) => text.includes('/sources/shop')).length >= count
              ? now.pending
              : undefined;
          },
          240,
        );

      await everyMinute();
      await pending(1);
      await desk.propose('too-early');
      const early = await desk.becomes('too-early', 'DENIED');
      expect(JSON.stringify(early)).toContain('BASELINE_PENDING');
      await open(`${desk.host.apiUrl}/sources/shop/change`);
      await shot('1-baseline');
      await acknowledge('First text, read and approved');
      expect((await state())?.pending).toBeNull();

      says = 'Candles must not be sold by anybody.';
      const mailsBefore = desk.mails().filter(({ text }) => text.includes('/sources/shop')).length;
      await pending(mailsBefore + 1);
      const looks = await listObservations(db, policies)({ source: 'shop', limit: 50 });
      expect(looks.observations.map((look) => look.class)).toEqual(
        expect.arrayContaining(['baseline', 'text_changed']),
      );
      await desk.propose('refused');
      const refused = await desk.becomes('refused', 'DENIED');
      expect(JSON.stringify(refused)).toContain('UNACKED_DIFF');

      await open(`${desk.host.apiUrl}/inbox`);
      await shot('2-inbox');
      await open(`${desk.host.apiUrl}/sources/shop/change`);
      await shot('3-change');
      expect((await page.locator('ins').allTextContents()).join(' ')).toMatch(/must\s+not/);
      await acknowledge('We sell no candles');
      await shot('4-acknowledged');
      expect((await state())?.pending).toBeNull();

      await desk.propose('allowed');
      await desk.becomes('allowed', 'PENDING_APPROVAL');
      const link = await desk.nextLink(OLIVIA);
      await open(link);
      await shot('5-approval');
      expect(await page.textContent('main')).toMatch(/Policies it has to keep[^]*shop\s+verified/);

      says = 'Candles and matches must not be sold by anybody.';
      await pending(mailsBefore + 2);
      await desk.decide(link, 'approve');
      const stopped = await desk.becomes('allowed', 'DENIED', 60);
      expect(JSON.stringify(stopped)).toContain('UNACKED_DIFF');
      expect(desk.orders()).toEqual([]);
      await open(`${desk.host.apiUrl}/sources/shop`);
      await shot('6-source');
      await open(`${desk.host.apiUrl}/sources`);
      await shot('7-sources');
    },
  );
});
