import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type serveAlpacaStandIn, STAND_IN_KEYS } from '#infra/local/alpaca-stand-in/serve.ts';
import { type Browser, openBrowser, type Page, textOf } from '#infra/local/demo-browser.ts';
import { agentToken, EXAMPLE_ORDER } from '#infra/local/example.ts';
import { STAGES } from '#infra/stages.ts';
import type { Outputs } from './cdk.ts';
import type { Ministack } from './ministack.ts';
import type { RawApi } from './raw-api.ts';

const PASSWORD = 'Only-for-the-emulator-1';
const PERSON = 'olivia@example.test';

export const until = async <Found>(
  what: string,
  look: () => Promise<Found | undefined>,
  seconds = 60,
): Promise<Found> => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
};

/** What an action's owner is told. */
export type ActionView = Record<string, unknown> & { readonly status: string };

/** The deployed system as its users see it: HTTP, mail and a browser. */
export interface Desk {
  propose(key: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  show(key: string): Promise<ActionView>;
  becomes(key: string, status: string): Promise<ActionView>;
  /** Link of the newest mail about an action. */
  link(key: string): Promise<string>;
  /** Opens the link, signs in and decides. */
  decide(link: string, decision: 'approve' | 'reject'): Promise<Page>;
  /** Orders at the provider that an action made. */
  ordersOf(action: ActionView): number;
  orders(): number;
}

/** Does what the person who deploys does by hand: the provider's secret and everybody's first password. */
export const prepare = async (
  ministack: Ministack,
  raw: RawApi,
  poolId: string,
): Promise<{ readonly clientId: string; readonly clientSecret: string }> => {
  const secrets = new SecretsManagerClient({
    endpoint: ministack.url,
    region: String(ministack.environment['AWS_REGION']),
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  for (const { secretId } of STAGES.dev.credentials)
    await secrets.send(
      new CreateSecretCommand({ Name: secretId, SecretString: JSON.stringify(STAND_IN_KEYS) }),
    );
  for (const { email, roles } of STAGES.dev.people) {
    const who = { UserPoolId: poolId, Username: email };
    await raw.cognito('AdminCreateUser', {
      ...who,
      MessageAction: 'SUPPRESS',
      // Left to itself, MiniStack makes one that is shorter than the pool's own policy.
      TemporaryPassword: `${PASSWORD}-first`,
      UserAttributes: [
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: 'true' },
      ],
    });
    await raw.cognito('AdminSetUserPassword', { ...who, Password: PASSWORD, Permanent: true });
    if (roles.includes('operator'))
      await raw.cognito('AdminAddUserToGroup', { ...who, GroupName: STAGES.dev.operatorGroup });
  }
  const listed = await raw.cognito('ListUserPoolClients', { UserPoolId: poolId, MaxResults: 60 });
  for (const { ClientId } of listed['UserPoolClients'] as { ClientId: string }[]) {
    const described = await raw.cognito('DescribeUserPoolClient', { UserPoolId: poolId, ClientId });
    const client = described['UserPoolClient'] as { ClientSecret?: string; AllowedOAuthFlows?: string[] };
    if (client.AllowedOAuthFlows?.includes('client_credentials') && client.ClientSecret !== undefined)
      return { clientId: ClientId, clientSecret: client.ClientSecret };
  }
  throw new Error('The user pool has no client for agents');
};

const openSignedIn = async (browser: Browser, link: string): Promise<Page> => {
  let page = await browser.open(link);
  for (let step = 0; step < 6; step += 1) {
    if (page.forms.some(({ buttons }) => buttons.some(({ value }) => value === 'approve'))) return page;
    const form = page.forms.find(({ fields }) => 'password' in fields);
    const signIn = page.links.find(({ href }) => new URL(href).pathname === '/sign-in');
    if (form !== undefined) page = await browser.submit(page, form, { username: PERSON, password: PASSWORD });
    else if (signIn !== undefined) page = await browser.open(signIn.href);
    else break;
  }
  throw new Error(
    `The page offers no decision (HTTP ${page.status} at ${page.url}): ${textOf(page.html).slice(0, 300)}`,
  );
};

export const openDesk = (
  ministack: Ministack,
  outputs: Outputs,
  agent: { readonly clientId: string; readonly clientSecret: string },
  provider: Awaited<ReturnType<typeof serveAlpacaStandIn>>,
): Desk => {
  const { PublicUrl: api = '', Issuer: issuer = '' } = outputs['Autopack-dev-ControlPlane'] ?? {};
  const call = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const token = await agentToken(`${ministack.url}/${issuer.split('/').at(-1)}`, agent);
    const reply = await fetch(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return {
      status: reply.status,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  };
  const show = async (key: string): Promise<ActionView> =>
    (await call('GET', `/projects/demo/actions/${key}`)).body as ActionView;
  const becomes = (key: string, status: string): Promise<ActionView> =>
    until(`${key} becoming ${status}`, async () => {
      const now = await show(key);
      return now.status === status ? now : undefined;
    });
  return {
    propose: (key) => call('POST', '/projects/demo/actions', { 'idempotency-key': key }, EXAMPLE_ORDER),
    show,
    becomes,
    async link(key) {
      const waiting = await becomes(key, 'PENDING_APPROVAL');
      // A mail names an action by the ends of the request's hash.
      const hash = String(waiting['requestHash']);
      return until(`a mail about ${key}`, async () => {
        const reply = await fetch(`${ministack.url}/_ministack/ses/messages`);
        const { messages } = (await reply.json()) as {
          messages: Record<string, { To: string[]; BodyText: string }[]>;
        };
        const mine = Object.values(messages)
          .flat()
          .filter(
            ({ To, BodyText }) =>
              To.includes(PERSON) && BodyText.includes(`${hash.slice(0, 12)}…${hash.slice(-6)}`),
          );
        return /https?:\/\/\S+\/a\/[\w-]+/.exec(mine.at(-1)?.BodyText ?? '')?.[0];
      });
    },
    async decide(link, decision) {
      const browser = openBrowser();
      const page = await openSignedIn(browser, link);
      const form = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === decision));
      if (form === undefined) throw new Error(`The page does not offer to ${decision}`);
      return browser.submit(page, form, { decision, reason: 'Looked at it' });
    },
    ordersOf: (action) =>
      provider.control.orders().filter((order) => order.client_order_id === action['providerKey']).length,
    orders: () => provider.control.orders().length,
  };
};
