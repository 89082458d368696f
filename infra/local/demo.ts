/** `npm run demo`: one order from proposal to proof on data of its own, without a person. Ends with 0 when all is well. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser, textOf, type Browser, type Page } from './demo-browser.ts';
import { agentToken, proposeExample } from './example.ts';
import { startLocalHost, type LocalHost } from './host.ts';
import { readMail } from './outbox/read-mail.ts';

const KEY = 'demo-order-1';
const PERSON = 'olivia@example.test';
/** Synthesized stacks outlive the demo's data: they only depend on the source. */
const ASSEMBLIES = fileURLToPath(new URL('../../node_modules/.cache/autopack/assembly', import.meta.url));

const check: (holds: boolean, otherwise: string) => asserts holds = (holds, otherwise) => {
  if (!holds) throw new Error(otherwise);
};

const until = async <Found>(
  what: string,
  seconds: number,
  look: () => Promise<Found | undefined> | Found | undefined,
): Promise<Found> => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
};

const mailTo = (
  host: LocalHost,
  address: string,
): { readonly subject: string; readonly link: string } | undefined => {
  for (const file of readdirSync(host.outboxDir).filter((name) => name.endsWith('.eml'))) {
    const mail = readMail(readFileSync(join(host.outboxDir, file)));
    const link = /https?:\/\/\S+\/a\/[\w-]+/.exec(mail.text ?? '')?.[0];
    if (mail.to.includes(address) && link !== undefined) return { subject: mail.subject, link };
  }
  return undefined;
};

/** Follows the link of the mail to the page with the decision, signing in on the way as the person would. */
const openSignedIn = async (browser: Browser, link: string): Promise<Page> => {
  let page = await browser.open(link);
  for (let step = 0; step < 6; step += 1) {
    if (page.forms.some(({ buttons }) => buttons.some(({ value }) => value === 'approve'))) return page;
    const form = page.forms.find(({ fields }) => 'email' in fields || 'username' in fields);
    const signIn = page.links.find(({ href }) => new URL(href).pathname === '/sign-in');
    if (form !== undefined)
      page = await browser.submit(
        page,
        form,
        'email' in form.fields ? { email: PERSON } : { username: PERSON },
      );
    else if (signIn !== undefined) page = await browser.open(signIn.href);
    else break;
  }
  throw new Error(`The page offers no decision (HTTP ${page.status}): ${textOf(page.html).slice(0, 300)}`);
};

interface ActionView {
  readonly status: string;
  readonly requestHash?: string;
  readonly providerKey?: string;
  readonly attempts?: number;
}

const readAction = async (host: LocalHost): Promise<ActionView> => {
  const token = await agentToken(host.issuer, host.clients.agent);
  const reply = await fetch(`${host.apiUrl}/projects/demo/actions/${KEY}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  check(reply.ok, `The action cannot be read (HTTP ${reply.status})`);
  const body = (await reply.json()) as ActionView & { readonly action?: ActionView };
  return body.action ?? body;
};

const story = async (host: LocalHost): Promise<void> => {
  console.log(`1. Autopack runs at ${host.apiUrl}, on data of its own.`);
  await proposeExample(host, KEY);
  console.log('2. demo-agent proposed to buy 1 AAPL at 100.00 on the paper account; nothing was sent.');
  const { subject, link } = await until('The mail', 30, () => mailTo(host, PERSON));
  console.log(`3. ${PERSON} got a mail: "${subject}".`);
  check(host.alpaca.orders().length === 0, 'There is an order before anybody approved');

  const browser = openBrowser();
  const page = await openSignedIn(browser, link);
  const form = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'approve'));
  const shown = form?.fields['requestHash'] ?? '';
  check(form !== undefined && /^[0-9a-f]{64}$/.test(shown), 'The page shows no request hash');
  check(textOf(page.html).includes('AAPL'), 'The page does not show the order');
  console.log(
    `4. She followed the link, signed in, and saw the exact request: SHA-256 ${shown.slice(0, 16)}…`,
  );
  check(host.alpaca.orders().length === 0, 'There is an order before anybody approved');

  const answer = await browser.submit(page, form, { decision: 'approve', reason: 'Looks right' });
  check(
    answer.status === 200,
    `Approving failed (HTTP ${answer.status}): ${textOf(answer.html).slice(0, 300)}`,
  );
  console.log('5. She approved these bytes.');

  const action = await until('The execution', 60, async () => {
    const now = await readAction(host);
    if (['FAILED', 'REJECTED', 'EXPIRED', 'DENIED', 'CANCELLED', 'OUTCOME_UNKNOWN'].includes(now.status))
      throw new Error(`The action is ${now.status}`);
    return now.status === 'SUCCEEDED' ? now : undefined;
  });
  const orders = host.alpaca.orders();
  const sent = host.alpaca
    .requests()
    .filter(({ method, path }) => method === 'POST' && path.endsWith('/v2/orders'));
  check(action.requestHash === shown, 'What ran is not what was shown');
  check(
    orders.length === 1 && sent.length === 1,
    `The provider has ${orders.length} orders from ${sent.length} requests instead of one`,
  );
  check(
    action.providerKey === undefined || orders[0]?.client_order_id === action.providerKey,
    'The order is not ours',
  );
  console.log(
    `6. The ledger says SUCCEEDED with the same hash, and the provider has exactly one order: ${orders[0]?.client_order_id}.`,
  );
};

const dataDir = mkdtempSync(join(tmpdir(), 'autopack-demo-'));
let host: LocalHost | undefined;
try {
  host = await startLocalHost({
    dataDir,
    port: 0,
    awsPort: 0,
    assemblyDir: ASSEMBLIES,
    log: (line) => console.log(`   ${line}`),
  });
  await story(host);
  console.log('The demo is complete.');
} catch (error) {
  console.error(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await host?.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit();
