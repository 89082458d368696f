import { openBrowser, type Page, textOf } from '#infra/local/demo-browser.ts';
import { type Answer, type Desk, openAs } from './desk.ts';
import { personToken } from './person-token.ts';

export const OLIVIA = 'olivia@example.test';
export const SAM = 'sam@example.test';
/** An account at the stand-in of YouTube, used through the generic HTTP provider. */
export const ACCOUNT = { provider: 'http', account: 'channel-one', environment: 'DEVELOPMENT' } as const;
export const ACCOUNT_SECRET = 'autopack/dev/youtube-stand-in';

/** What people do about a connected account, on a desk of the whole stack. */
export const accountDesk = (desk: Desk) => {
  const as = async (email: string) => ({ authorization: `Bearer ${await personToken(desk, email)}` });
  /** A call of the API by a person. */
  const person = async (email: string, method: string, path: string, body?: unknown): Promise<Answer> =>
    desk.call(method, path, { headers: await as(email), ...(body === undefined ? {} : { body }) });

  /** Two operators agree on a change. */
  const agree = async (change: object): Promise<void> => {
    const proposed = await person(OLIVIA, 'POST', '/projects/demo/changes', change);
    const path = `/projects/demo/changes/${String(proposed.body['id'])}/confirm`;
    const confirmed = await person(SAM, 'POST', path, {});
    if (confirmed.body['status'] !== 'CONFIRMED')
      throw new Error(`not agreed: ${JSON.stringify([proposed.body, confirmed.body])}`);
  };

  const playlistsUrl = (): string => `${desk.host.awsUrl}/_stand-in/oauth/youtube/youtube/v3/playlists`;

  /** The credential, and the endpoint that names it. */
  const register = async (): Promise<void> => {
    const { host } = new URL(desk.host.awsUrl);
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
        ...ACCOUNT,
        secretId: ACCOUNT_SECRET,
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
        auth: { kind: 'bearer', account: ACCOUNT.account, environment: ACCOUNT.environment },
      },
    });
  };

  const proposePlaylist = (key: string): Promise<Answer> =>
    desk.propose(key, {
      operation: 'http/request',
      payload: {
        method: 'POST',
        url: playlistsUrl(),
        query: { part: 'snippet' },
        json: { snippet: { title: key } },
      },
    });

  const connectPath = (): string => {
    const { provider, account, environment } = ACCOUNT;
    const query = new URLSearchParams({ project: 'demo', credential: provider, account, environment });
    return `/credentials/connect/youtube?${query.toString()}`;
  };
  /** Signs in, goes to the consent page and answers it: the page that Autopack shows then. */
  const connect = async (answer: 'allow' | 'decline' = 'allow'): Promise<Page> => {
    const browser = openBrowser();
    const page = await openAs(browser, `${desk.host.apiUrl}${connectPath()}`, OLIVIA);
    const form = page.forms.find(({ fields }) => 'request' in fields && 'nonce' in fields);
    if (form === undefined) throw new Error(`no consent page: ${textOf(page.html).slice(0, 400)}`);
    const scopes = [...page.html.matchAll(/name="(scope:[^"]+)"/g)].map(([, name = '']) => [name, '1']);
    return browser.submit(page, form, {
      ...(Object.fromEntries(scopes) as Record<string, string>),
      account: 'UCstandInOne',
      answer,
    });
  };

  /** The owner presses "Remove access" on the provider's page of connected apps. */
  const revoke = async (): Promise<void> => {
    const owner = openBrowser();
    const apps = await owner.open(`${desk.host.awsUrl}/_stand-in/oauth`);
    const remove = apps.forms.find(({ fields }) => 'grant' in fields);
    if (remove === undefined) throw new Error('nothing to remove');
    await owner.submit(apps, remove, {});
  };

  /** Runs a scheduled function now, by the last part of its logical name. */
  const runNow = async (name: string): Promise<unknown> => {
    const [, ref] =
      [...desk.host.deployed.resources].find(
        ([id]) => new RegExp(`/\\w*${name}\\w*$`, 'i').test(id) && !/Log|Role|Schedule/.test(id),
      ) ?? [];
    if (ref === undefined) throw new Error(`there is no ${name} in the template`);
    return desk.host.invoke(String(ref.ref), { scheduledTime: new Date().toISOString() });
  };

  return {
    person,
    agree,
    register,
    proposePlaylist,
    connectPath,
    connect,
    revoke,
    refreshNow: () => runNow('RefreshCredentials'),
    tendNow: () => runNow('TendReauthTasks'),
    checkNow: () => runNow('CheckCredentials'),
    made: (title: string) => desk.host.oauth.playlists().filter((one) => one.title === title),
  };
};

export type AccountDesk = ReturnType<typeof accountDesk>;
