import { finishConnection, startConnection } from '#functions/credentials/connect-account.ts';
import { showCredentials } from '#functions/credentials/show-credentials.ts';
import { listenOnLoopback } from '#infra/local/loopback.ts';
import { STAND_IN_PROVIDERS } from '#infra/local/oauth-stand-in/rules.ts';
import { type Keyring, newKeyring } from '#shared/credentials/keyring.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { httpEvent } from '../../operators/http-event.ts';
import { openRealRoom } from './real-room.ts';
import { CLIENT, consentAt } from './stand-in-client.ts';

type Person = Extract<Principal, { kind: 'person' }>;

const ring = newKeyring({ id: 'test-key', bytes: new Uint8Array(32) }, 0);

/** The two routes of connecting, and the page that they end on, over real HTTP, with people who are signed in by the cookie `who`. */
export const openConnectDesk = async () => {
  const people = new Map<string, Person>();
  const ROUTE = /^\/credentials\/connect\/([a-z-]+)(\/callback)?$/;
  const api = await listenOnLoopback(async (request) => {
    const [, provider = '', isCallback] = ROUTE.exec(request.path) ?? [];
    const deps = {
      ...place.deps,
      publicUrl: api.url,
      signedIn: async (cookies: Readonly<Record<string, string>>) => {
        const principal = people.get(cookies['who'] ?? '');
        return principal === undefined ? null : { principal, csrf: 'csrf' };
      },
    };
    const page = {
      ...deps,
      listStandings: async () => {
        const grants = await deps.listCredentials();
        const standings = grants.map(async (grant) => ({
          grant,
          condition: await deps.readCondition(grant.project, grant),
        }));
        return Promise.all(standings);
      },
      useKeyring: async <T>(run: (keys: Keyring) => T) => run(ring),
      randomBytes: (count: number) => new Uint8Array(count),
    };
    const connecting = isCallback === undefined ? startConnection : finishConnection;
    const result = await httpHandler(
      (it) => (request.path === '/credentials' ? showCredentials(it, page) : connecting(it, deps)),
      { page: true },
    )(
      httpEvent({
        method: request.method,
        path: request.path,
        query: request.query.toString(),
        headers: request.headers,
        cookies: (request.headers['cookie'] ?? '').split('; ').filter((pair) => pair !== ''),
        params: { provider },
      }),
    );
    return { ...result, status: result.statusCode };
  });
  const place = await openRealRoom(
    STAND_IN_PROVIDERS.map((provider) => `${api.url}/credentials/connect/${provider}/callback`),
  );

  const seat = (who: string, over: Partial<Person> = {}): void => {
    people.set(who, {
      kind: 'person',
      subject: `person:${who}@example.test`,
      email: `${who}@example.test`,
      name: who,
      projects: ['demo'],
      roles: ['operator', 'viewer'],
      authTimeMs: place.deps.now(),
      ...over,
    });
  };
  seat('olivia');

  /** A browser's jar: what Set-Cookie of an answer leaves behind. */
  const get = async (jar: Map<string, string>, url: string, headers: Record<string, string> = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(url.startsWith('/') ? `${api.url}${url}` : url, {
      redirect: 'manual',
      headers: { cookie, ...headers },
    });
    for (const set of reply.headers.getSetCookie()) {
      const [pair = '', ...rules] = set.split('; ');
      const [name = '', value = ''] = pair.split('=');
      if (rules.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, value);
    }
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };
  const startPath = (provider: string, query: Readonly<Record<string, string>>): string =>
    `/credentials/connect/${provider}?${new URLSearchParams({ project: 'demo', environment: 'DEVELOPMENT', ...query }).toString()}`;
  const jarOf = (who = 'olivia'): Map<string, string> => new Map([['who', who]]);

  return {
    ...place,
    apiUrl: api.url,
    seat,
    get,
    startPath,
    jarOf,
    client: CLIENT,
    /** From the start to the page that the callback answers. */
    async connect(
      provider: string,
      query: Readonly<Record<string, string>>,
      choice: Parameters<typeof consentAt>[1] = {},
      jar = jarOf(),
    ) {
      const started = await get(jar, startPath(provider, query));
      const location = started.headers.get('location');
      if (location === null) return started;
      const back = await get(jar, (await consentAt(location, choice)).href);
      return back.status === 303 ? get(jar, back.headers.get('location') ?? '') : back;
    },
    close: async () => {
      await api.stop();
      await place.close();
    },
  };
};
export type ConnectDesk = Awaited<ReturnType<typeof openConnectDesk>>;
