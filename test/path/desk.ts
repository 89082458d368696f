import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, openBrowser, type Page, textOf } from '#infra/local/demo-browser.ts';
import { agentToken } from '#infra/local/example.ts';
import { type LocalHost, type LocalHostOptions, startLocalHost } from '#infra/local/host.ts';
import { readMail } from '#infra/local/outbox/read-mail.ts';

/** Synthesized stacks depend on the source only, so all tests of a checkout share them. */
export const ASSEMBLIES = fileURLToPath(
  new URL('../../node_modules/.cache/autopack/assembly', import.meta.url),
);

export const until = async <Found>(
  what: string,
  look: () => Promise<Found | undefined> | Found | undefined,
  seconds = 60,
): Promise<Found> => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
};

export const MARKET_ORDER = {
  operation: 'alpaca/order.submit',
  payload: { symbol: 'AAPL', side: 'buy', type: 'market', time_in_force: 'day', qty: '1' },
};

/** Opens a link and signs in where the pages ask for it; ends on the page that the person wanted. */
export const openAs = async (browser: Browser, url: string, person: string): Promise<Page> => {
  let page = await browser.open(url);
  for (let step = 0; step < 8; step += 1) {
    if (page.forms.some(({ buttons }) => buttons.some(({ value }) => value === 'approve'))) return page;
    const form = page.forms.find(({ fields }) => 'email' in fields || 'username' in fields);
    const signIn = page.links.find(({ href }) => new URL(href).pathname === '/sign-in');
    if (form !== undefined) {
      page = await browser.submit(
        page,
        form,
        'email' in form.fields ? { email: person } : { username: person },
      );
    } else if (signIn !== undefined) page = await browser.open(signIn.href);
    else return page;
  }
  return page;
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A local host with an agent and people who act on it over HTTP only, as anybody would. */
export const openDesk = async (
  environment: Readonly<Record<string, string>> = {},
  log: (line: string) => void = () => undefined,
  more: Pick<LocalHostOptions, 'idleWorkers'> = {},
) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'autopack-path-'));
  const host: LocalHost = await startLocalHost({
    dataDir,
    port: 0,
    awsPort: 0,
    assemblyDir: ASSEMBLIES,
    environment,
    log,
    ...more,
  });
  let token = '';
  const call = async (
    method: string,
    path: string,
    options: { body?: unknown; raw?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    token = token === '' ? await agentToken(host.issuer, host.clients.agent) : token;
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const reply = await fetch(`${host.apiUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await reply.text();
    return {
      status: reply.status,
      headers: reply.headers,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  };
  const propose = (key: string, body: object = MARKET_ORDER): Promise<Answer> =>
    call('POST', '/projects/demo/actions', { body, headers: { 'idempotency-key': key } });
  const show = async (key: string): Promise<Record<string, unknown>> =>
    (await call('GET', `/projects/demo/actions/${key}`)).body;
  const becomes = (key: string, status: string, seconds = 30): Promise<Record<string, unknown>> =>
    until(
      `${key} becoming ${status}`,
      async () => {
        const now = await show(key);
        return now['status'] === status ? now : undefined;
      },
      seconds,
    );

  const mails = (): {
    file: string;
    to: string;
    subject: string;
    text: string;
    html: string;
    link: string;
  }[] =>
    readdirSync(host.outboxDir)
      .filter((name) => name.endsWith('.eml'))
      .map((file) => {
        const mail = readMail(readFileSync(join(host.outboxDir, file)));
        const text = mail.text ?? '';
        const link = /https?:\/\/\S+\/a\/[\w-]+/.exec(text)?.[0] ?? '';
        return { file, to: mail.to, subject: mail.subject, text, html: mail.html ?? '', link };
      });
  const seen = new Set<string>();
  /** The link of the next mail to a person that nobody opened yet. */
  const nextLink = (person: string): Promise<string> =>
    until(`a mail to ${person}`, () => {
      const mail = mails().find((one) => one.to.includes(person) && one.link !== '' && !seen.has(one.file));
      if (mail === undefined) return undefined;
      seen.add(mail.file);
      return mail.link;
    });

  const decide = async (
    link: string,
    decision: 'approve' | 'reject',
    person = 'olivia@example.test',
  ): Promise<Page> => {
    const browser = openBrowser();
    const page = await openAs(browser, link, person);
    const form = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === decision));
    if (form === undefined) throw new Error(`no decision offered: ${textOf(page.html).slice(0, 300)}`);
    return browser.submit(page, form, { decision, reason: 'Looked at it' });
  };
  const orders = () => host.alpaca.orders();
  /** Runs the sweeper now, beside its schedule. */
  const sweep = async (): Promise<unknown> => {
    const [, sweeper] =
      [...host.deployed.resources].find(([id]) => /\/\w*SweepActions\w*$/.test(id) && !/Log|Role/.test(id)) ??
      [];
    if (sweeper === undefined) throw new Error('there is no sweeper in the template');
    return host.invoke(String(sweeper.ref), { scheduledTime: new Date().toISOString() });
  };
  return {
    host,
    dataDir,
    call,
    propose,
    show,
    becomes,
    mails,
    nextLink,
    openAs,
    decide,
    orders,
    sweep,
    ordersOf: (view: Record<string, unknown>) =>
      orders().filter((order) => order.client_order_id === view['providerKey']),
    close: async () => {
      await host.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

export type Desk = Awaited<ReturnType<typeof openDesk>>;
