import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBrowser, textOf } from '#infra/local/demo-browser.ts';
import { agentToken } from '#infra/local/example.ts';
import { readMail } from '#infra/local/outbox/read-mail.ts';
import { randomFrom, SEED } from '../support/seed.ts';
import { MARKET_ORDER, openAs, until } from './desk.ts';

const TARGET = fileURLToPath(new URL('host-target.ts', import.meta.url));
const OLIVIA = 'olivia@example.test';

interface Place {
  readonly apiUrl: string;
  readonly awsUrl: string;
  readonly issuer: string;
  readonly outboxDir: string;
  readonly agent: { readonly clientId: string; readonly clientSecret: string };
}
interface Running extends Place {
  readonly child: ChildProcess;
  /** SIGKILL: nothing of the process runs after this, not even a handler of its own. */
  kill(): Promise<void>;
  sweep(): void;
}
interface Order {
  readonly client_order_id: string;
}

/** The whole stack in a process of its own, killed with -9 (NFR: nothing is lost; at most once). */
describe('the host killed with SIGKILL', { timeout: 400_000 }, () => {
  let dataDir: string;
  const children: ChildProcess[] = [];
  beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'host-kill-'))));
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child);
    rmSync(dataDir, { recursive: true, force: true });
  });

  const end = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };

  const start = async (): Promise<Running> => {
    const child = spawn(process.execPath, [TARGET, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    child.stdin.on('error', () => undefined);
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()));
    const place = await until(
      'the host printing where it is',
      () => (printed.includes('\n') ? (JSON.parse(printed) as Place) : undefined),
      60,
    );
    return { ...place, child, kill: () => end(child), sweep: () => void child.stdin.write('\n') };
  };

  const propose = async (at: Place, token: string, key: string): Promise<number> =>
    (
      await fetch(`${at.apiUrl}/projects/demo/actions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify(MARKET_ORDER),
      })
    ).status;

  const show = async (at: Place, token: string, key: string): Promise<Record<string, unknown>> =>
    (await (
      await fetch(`${at.apiUrl}/projects/demo/actions/${key}`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).json()) as Record<string, unknown>;

  const ordersOf = async (at: Place, view: Record<string, unknown>): Promise<Order[]> => {
    const reply = await fetch(`${at.awsUrl}/_stand-in/alpaca/_control`);
    const { orders } = (await reply.json()) as { orders: Order[] };
    return orders.filter((order) => order.client_order_id === view['providerKey']);
  };

  const links = (at: Place): string[] =>
    readdirSync(at.outboxDir)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => readMail(readFileSync(join(at.outboxDir, name))))
      .filter((mail) => mail.to.includes(OLIVIA))
      .map((mail) => /https?:\/\/\S+\/a\/[\w-]+/.exec(mail.text ?? '')?.[0] ?? '');

  /** Opens a link and approves; `answered` is called when the POST of the decision was answered. */
  const approve = async (link: string, answered?: () => void): Promise<void> => {
    const browser = openBrowser();
    const page = await openAs(browser, link, OLIVIA);
    const form = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'approve'));
    if (form === undefined) {
      expect(textOf(page.html)).toMatch(/Olivia Operator/);
      return;
    }
    if (answered !== undefined) {
      // Between the answer of the POST and whatever the browser asks next.
      const { fetch: ask } = globalThis;
      globalThis.fetch = async (...args) => {
        const reply = await ask(...args);
        if (args[1]?.method === 'POST') {
          globalThis.fetch = ask;
          expect(reply.status).toBe(303);
          answered();
        }
        return reply;
      };
    }
    await browser.submit(page, form, { decision: 'approve', reason: 'Looked at it' });
  };

  it('carries out a decision that was answered just before the kill, once, after the restart', async () => {
    const first = await start();
    const token = await agentToken(first.issuer, first.agent);
    expect(await propose(first, token, 'just-before')).toBe(202);
    const link = await until('the mail', () => links(first)[0]);
    let died: Promise<void> | undefined;
    await approve(link, () => void (died = first.kill())).catch(() => undefined);
    expect(died).toBeDefined();
    await died;

    const second = await start();
    const done = await until(
      'the order',
      async () => {
        second.sweep();
        const view = await show(second, token, 'just-before');
        return view['status'] === 'SUCCEEDED' ? view : undefined;
      },
      60,
    );
    expect(done).toMatchObject({
      attempts: 1,
      historyIntact: true,
      decision: { by: `person:${OLIVIA}`, status: 'APPROVED' },
    });
    expect(await ordersOf(second, done)).toHaveLength(1);
  });

  it('loses nothing and doubles nothing when it is killed at five random moments', async () => {
    const random = randomFrom(SEED);
    const keys = Array.from({ length: 4 }, (_, index) => `random-${index}`);
    const accepted = new Set<string>();
    const decided = new Set<string>();
    let host = await start();
    const token = await agentToken(host.issuer, host.agent);

    /** What an agent and a person do over and over until everything is done; any call may meet a dead host. */
    const round = async (): Promise<boolean> => {
      const here = host;
      here.sweep();
      for (const key of keys)
        if (!accepted.has(key) && [200, 202].includes(await propose(here, token, key))) accepted.add(key);
      for (const link of links(here).filter((each) => !decided.has(each)))
        await approve(link).then(() => decided.add(link));
      const views = await Promise.all(keys.map((key) => show(here, token, key)));
      return views.every((view) => view['terminal'] === true);
    };
    const work = async (done: () => boolean): Promise<void> => {
      while (!done() && !(await round().catch(() => false)))
        await new Promise((resolve) => setTimeout(resolve, 50));
    };

    for (let kills = 0; kills < 5; kills += 1) {
      let dead = false;
      const working = work(() => dead);
      await new Promise((resolve) => setTimeout(resolve, 50 + random() * 900));
      await host.kill();
      dead = true;
      await working;
      host = await start();
    }
    const end = Date.now() + 180_000;
    await work(() => Date.now() > end);
    for (const key of keys) {
      const view = await show(host, token, key);
      expect(view, key).toMatchObject({ status: 'SUCCEEDED', historyIntact: true });
      expect(await ordersOf(host, view), key).toHaveLength(1);
    }
  });
});
