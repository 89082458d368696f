import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type Page, textOf } from '#infra/local/demo-browser.ts';
import { type Desk, openAs, openDesk, until } from './desk.ts';
import { personToken } from './person-token.ts';

const OLIVIA = 'olivia@example.test';
const GRANT = { provider: 'http', account: 'channel-one', environment: 'DEVELOPMENT' } as const;

/** The whole stack on this machine: an account is connected in a browser, used, revoked, and connected again. */
describe('an action that needs a connected account', { timeout: 300_000 }, () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk();
  }, 300_000);
  afterAll(async () => desk.close());

  /** Two operators agree on a change. */
  const agree = async (change: object): Promise<void> => {
    const as = async (email: string) => ({ authorization: `Bearer ${await personToken(desk, email)}` });
    const proposed = await desk.call('POST', '/projects/demo/changes', {
      body: change,
      headers: await as(OLIVIA),
    });
    expect(proposed).toMatchObject({ status: 201 });
    const confirmed = await desk.call(
      'POST',
      `/projects/demo/changes/${String(proposed.body['id'])}/confirm`,
      {
        body: {},
        headers: await as('sam@example.test'),
      },
    );
    expect([confirmed.status, confirmed.body['status']]).toEqual([200, 'CONFIRMED']);
  };

  const playlistsUrl = (): string => `${desk.host.awsUrl}/_stand-in/oauth/youtube/youtube/v3/playlists`;
  const proposePlaylist = (key: string) =>
    desk.propose(key, {
      operation: 'http/request',
      payload: {
        method: 'POST',
        url: playlistsUrl(),
        query: { part: 'snippet' },
        json: { snippet: { title: key } },
      },
    });

  /** Signs in, goes to the consent page and answers it: the page that Autopack shows then. */
  const connect = async (values: Record<string, string> = {}, answer = 'allow'): Promise<Page> => {
    const browser = openBrowser();
    const query = new URLSearchParams({
      project: 'demo',
      credential: 'http',
      account: GRANT.account,
      environment: GRANT.environment,
    });
    const page = await openAs(
      browser,
      `${desk.host.apiUrl}/credentials/connect/youtube?${query.toString()}`,
      OLIVIA,
    );
    const form = page.forms.find(({ fields }) => 'request' in fields && 'nonce' in fields);
    if (form === undefined) throw new Error(`no consent page: ${textOf(page.html).slice(0, 400)}`);
    const scopes = [...page.html.matchAll(/name="(scope:[^"]+)"/g)].map(
      ([, name = '']) => [name, '1'] as const,
    );
    return browser.submit(page, form, {
      ...Object.fromEntries(scopes),
      account: 'UCstandInOne',
      answer,
      ...values,
    });
  };

  const functionRef = (pattern: RegExp): string =>
    String(
      [...desk.host.deployed.resources].find(([id]) => pattern.test(id) && !/Log|Role|Schedule/.test(id))?.[1]
        .ref,
    );
  const refreshNow = () =>
    desk.host.invoke(functionRef(/\/\w*RefreshCredentials\w*$/i), {
      scheduledTime: new Date().toISOString(),
    });
  const tendNow = () =>
    desk.host.invoke(functionRef(/\/\w*TendReauthTasks\w*$/i), { scheduledTime: new Date().toISOString() });
  const made = (title: string) => desk.host.oauth.playlists().filter((it) => it.title === title);

  it('registers the credential and the endpoint that names it, by two operators', async () => {
    const host = new URL(desk.host.awsUrl).host;
    await agree({
      kind: 'settings',
      settings: {
        allowedHosts: [host],
        approvalTtlSeconds: 86_400,
        providers: ['alpaca', 'http'],
        alpaca: { account: 'paper-demo', environment: 'PAPER' },
      },
    });
    await agree({
      kind: 'credential',
      credential: {
        ...GRANT,
        secretId: 'autopack/dev/youtube-stand-in',
        standIn: true,
        kind: 'oauth',
        oauthProvider: 'youtube',
        scopes: ['READ', 'WRITE'],
        operations: ['http/request'],
      },
    });
    await agree({
      kind: 'endpoint',
      op: 'put',
      endpoint: {
        name: 'playlists',
        host,
        methods: ['POST'],
        pathPrefix: new URL(playlistsUrl()).pathname,
        effects: ['write'],
        reversibility: 'reversible',
        recoveryClass: 'none',
        auth: { kind: 'bearer', account: GRANT.account, environment: GRANT.environment },
      },
    });
  });

  it('waits while nobody has connected it, with one task, and runs once when somebody has (OAU-03, OAU-07)', async () => {
    await refreshNow();
    expect((await proposePlaylist('first')).status).toBe(202);
    await desk.decide(await desk.nextLink(OLIVIA), 'approve');
    await desk.becomes('first', 'PAUSED_CREDENTIAL');
    expect(made('first')).toEqual([]);
    const declined = await connect({}, 'decline');
    expect([declined.status, textOf(declined.html)]).toEqual([400, expect.stringContaining('access_denied')]);
    const page = await connect();
    expect([page.status, textOf(page.html)]).toEqual([200, expect.stringContaining('YouTube is connected')]);
    expect(textOf(page.html)).toContain('UCstandInOne');
    await Promise.all([desk.sweep(), desk.sweep()]);
    await desk.becomes('first', 'SUCCEEDED');
    expect(made('first')).toMatchObject([{ account: 'UCstandInOne' }]);
  });

  it('runs at once while the connection lives', async () => {
    await proposePlaylist('second');
    await desk.decide(await desk.nextLink(OLIVIA), 'approve');
    await desk.becomes('second', 'SUCCEEDED');
    expect(made('second')).toHaveLength(1);
  });

  it('pauses when the owner takes the access away, asks people once, and runs once after the reconnect', async () => {
    const before = new Set(desk.mails().map(({ file }) => file));
    // The owner presses "Remove access" on the provider's page of connected apps.
    const owner = openBrowser();
    const apps = await owner.open(`${desk.host.awsUrl}/_stand-in/oauth`);
    const remove = apps.forms.find(({ fields }) => 'grant' in fields);
    if (remove === undefined) throw new Error('nothing to remove');
    expect(textOf((await owner.submit(apps, remove, {})).html)).toContain('removed or expired');

    await proposePlaylist('third');
    await desk.decide(await desk.nextLink(OLIVIA), 'approve');
    // The provider refuses the token; the renewal finds that it is dead.
    await until('the refusal', async () =>
      desk.host.oauth.calls().some(({ endpoint, status }) => endpoint === 'api' && status === 401)
        ? true
        : undefined,
    );
    await until('the renewal to be refused', async () => {
      await refreshNow();
      return desk.host.oauth.calls().some(({ error }) => error === 'invalid_grant') ? true : undefined;
    });
    await desk.becomes('third', 'PAUSED_CREDENTIAL', 60);
    for (let run = 0; run < 3; run += 1) await Promise.all([refreshNow(), desk.sweep()]);
    expect((await desk.show('third'))['status']).toBe('PAUSED_CREDENTIAL');
    // One task: told once to each operator, and in the inbox with the way to mend it.
    for (let run = 0; run < 3; run += 1) await tendNow();
    const told = desk
      .mails()
      .filter(({ file, subject }) => !before.has(file) && subject.startsWith('Connect http channel-one'));
    expect(told.map(({ to }) => to).toSorted()).toEqual([OLIVIA, 'sam@example.test']);
    const inbox = await openAs(openBrowser(), `${desk.host.apiUrl}/inbox`, OLIVIA);
    expect(textOf(inbox.html)).toMatch(/Accounts that need you 1 .*channel-one/);
    expect(inbox.links.some(({ href }) => href.includes('/credentials/connect/youtube'))).toBe(true);
    expect(desk.host.oauth.calls().filter(({ error }) => error === 'invalid_grant')).toHaveLength(1);
    expect(made('third')).toEqual([]);

    const reconnected = await connect();
    expect(textOf(reconnected.html)).toContain('YouTube is connected');
    await Promise.all([desk.sweep(), desk.sweep()]);
    const done = await desk.becomes('third', 'SUCCEEDED', 60);
    expect(made('third')).toHaveLength(1);
    expect(done).toMatchObject({ historyIntact: true });
    await tendNow();
    const after = await openAs(openBrowser(), `${desk.host.apiUrl}/inbox`, OLIVIA);
    expect(textOf(after.html)).not.toContain('Accounts that need you');
  });

  it('keeps every token out of what people and agents can see', async () => {
    const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    const secrets = new SecretsManagerClient({
      endpoint: desk.host.awsUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const { SecretString = '{}' } = await secrets.send(
      new GetSecretValueCommand({ SecretId: 'autopack/dev/youtube-stand-in' }),
    );
    const { clientSecret, refreshToken, accessToken } = JSON.parse(SecretString) as Record<string, string>;
    const seen = JSON.stringify([
      await desk.show('first'),
      await desk.show('third'),
      (await desk.call('GET', '/projects/demo/actions?limit=100')).body,
      desk.mails().map(({ text, html }) => [text, html]),
      await (await fetch(`${desk.host.awsUrl}/_stand-in/oauth/_control`)).text(),
    ]);
    for (const value of [clientSecret, refreshToken, accessToken]) {
      expect(value).toEqual(expect.any(String));
      expect(seen).not.toContain(value);
    }
  });
});
