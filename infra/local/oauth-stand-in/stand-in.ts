import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { type DurableState, durableState } from '../durable-file.ts';
import type { AwsReply, AwsRequest } from '../service.ts';
import { consented, declined, readConsentRequest } from './authorize.ts';
import { hangingRequests, isForeignForm, underFault } from './faults.ts';
import { appsPage, consentPage, messagePage, tickName } from './pages.ts';
import type { CreateOAuthStandIn, GrantView, OAuthControl } from './ports.ts';
import { callApi } from './resources.ts';
import { RULES, STAND_IN_PROVIDERS, type StandInProvider } from './rules.ts';
import {
  clientKey,
  digestOf,
  emptyState,
  Fault,
  forgetExpired,
  type LoggedCall,
  member,
  newSecret,
  OAuthState,
} from './state.ts';
import { json, revokeEndpoint, tokenEndpoint } from './token-endpoint.ts';
import { endGrant, isAlive } from './tokens.ts';

const PREFIX = '/_stand-in/oauth';
const LOG_LENGTH = 20_000;
const COOKIE = 'autopack_oauth_stand_in';

const ControlInput = z.strictObject({
  inject: Fault.optional(),
  clearFaults: z.literal(true).optional(),
  revoke: z
    .strictObject({ provider: z.enum(STAND_IN_PROVIDERS), account: z.string().max(200).optional() })
    .optional(),
  configure: z
    .strictObject({
      provider: z.enum(STAND_IN_PROVIDERS),
      testing: z.boolean().optional(),
      strictReuse: z.boolean().optional(),
    })
    .optional(),
});

/** State that a process forgets, with the same promises otherwise. */
const inMemoryState = (): DurableState<OAuthState> => {
  let state = emptyState();
  return {
    read: () => state,
    update: async (change) => {
      const draft = structuredClone(state);
      const result = change(draft);
      state = draft;
      return result;
    },
  };
};

const redirect = (to: string): AwsReply => ({
  status: 303,
  headers: { location: to, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  body: '',
});

/**
 * The OAuth servers of YouTube, Etsy and Shopify as they document themselves, on this machine: consent pages that a
 * person clicks, codes that work once, refresh tokens that rotate or do not, and on demand the faults of a network.
 */
export const createOAuthStandIn: CreateOAuthStandIn = ({ dataDir, clock }, options = {}) => {
  const store =
    options.inMemory === true
      ? inMemoryState()
      : durableState<OAuthState>(join(dataDir, 'oauth-stand-in', 'providers.json'), OAuthState, emptyState);
  const log: LoggedCall[] = [];
  const waiting = hangingRequests();
  // Pages that are open over a restart have to be shown again; that is all that is lost with the key.
  const formKey = randomBytes(32);

  const noteCall = (call: Omit<LoggedCall, 'at'>): void => {
    log.push({ at: clock.now(), ...call });
    if (log.length > LOG_LENGTH) log.splice(0, log.length - LOG_LENGTH);
  };
  const nonceOf = (cookie: string, about: string): string =>
    createHmac('sha256', formKey).update(`${cookie}\n${about}`).digest('base64url');
  const cookieOf = (request: AwsRequest): string | undefined =>
    new RegExp(`(?:^|;\\s*)${COOKIE}=([A-Za-z0-9_-]{32})(?:;|$)`).exec(request.headers['cookie'] ?? '')?.[1];
  /** What a form of ours carries, and the cookie that it is bound to. */
  const formParts = (request: AwsRequest, about: string) => {
    const cookie = cookieOf(request) ?? newSecret();
    return {
      nonce: nonceOf(cookie, about),
      cookies: [`${COOKIE}=${cookie}; Path=${PREFIX}; HttpOnly; SameSite=Lax; Max-Age=3600`],
    };
  };
  /** The fields of one of our own forms; undefined where it is not ours, or out of date. */
  const formOf = (request: AwsRequest, aboutOf: (form: URLSearchParams) => string) => {
    const form = new URLSearchParams(request.body.toString());
    const cookie = cookieOf(request);
    const isOurs = cookie !== undefined && form.get('nonce') === nonceOf(cookie, aboutOf(form));
    return isOurs && !isForeignForm(request) ? form : undefined;
  };

  const views = (): GrantView[] => {
    const state = store.read();
    return Object.values(state.grants).map(({ endedAt: _endedAt, ...grant }) => {
      const tokens = Object.values(state.refreshTokens).filter((token) => token.grant === grant.id);
      const newest = tokens.toSorted((left, right) => right.issuedAt - left.issuedAt)[0];
      return {
        ...grant,
        alive: tokens.some((token) => isAlive(state, token, clock.now())),
        refreshExpiresAt: newest?.expiresAt ?? null,
      };
    });
  };

  const control: OAuthControl = {
    inject: (fault) => store.update((draft) => void draft.faults.push(Fault.parse(fault))),
    clearFaults: () => store.update((draft) => void (draft.faults = [])),
    configure: (provider, behaviour) =>
      store.update((draft) => {
        draft.behaviour[provider] = { ...draft.behaviour[provider], ...behaviour };
      }),
    revoke: (provider, account) =>
      store.update((draft) => {
        const ended = Object.values(draft.grants).filter(
          (grant) =>
            grant.provider === provider &&
            grant.endedAt === null &&
            (account === undefined || grant.account === account),
        );
        for (const grant of ended) endGrant(draft, grant, clock.now());
        return ended.length;
      }),
    grants: views,
    calls: () => [...log],
    whoIs(accessToken) {
      const token = member(store.read().accessTokens, digestOf(accessToken));
      return token === undefined || token.expiresAt <= clock.now()
        ? undefined
        : { provider: token.provider, account: token.account };
    },
    refreshWorks(refreshToken) {
      const state = store.read();
      const token = member(state.refreshTokens, digestOf(refreshToken));
      return token !== undefined && isAlive(state, token, clock.now());
    },
    playlists: () => store.read().playlists,
  };

  const showConsent = (provider: StandInProvider, request: AwsRequest): AwsReply => {
    const read = readConsentRequest(store.read(), provider, request.query);
    const clientId = request.query.get('client_id') ?? '';
    const about = { provider, endpoint: 'authorize' as const, what: read.kind, clientId };
    noteCall({ ...about, status: read.kind === 'page' ? 400 : 200 });
    if (read.kind === 'page') return messagePage(400, 'This app cannot be connected', read.reason);
    if (read.kind === 'redirect') return redirect(read.to);
    const action = `${PREFIX}/${provider}/consent`;
    return consentPage(read.request, { action, ...formParts(request, read.request.query) });
  };

  const takeConsent = async (provider: StandInProvider, request: AwsRequest): Promise<AwsReply> => {
    const form = formOf(request, (fields) => fields.get('request') ?? '');
    const read = readConsentRequest(store.read(), provider, new URLSearchParams(form?.get('request') ?? ''));
    if (form === undefined || read.kind !== 'valid')
      return messagePage(400, 'This page was out of date', 'Go back to the app and connect once more.');
    const { request: asked } = read;
    const { canUntick, accounts } = RULES[provider];
    const scopes = asked.scopes.filter((scope) => !canUntick || form.has(tickName(scope)));
    const account = form.get('account') ?? '';
    const allowed = form.get('answer') === 'allow' && scopes.length > 0 && Object.hasOwn(accounts, account);
    noteCall({
      provider,
      endpoint: 'consent',
      what: allowed ? 'allow' : 'decline',
      clientId: asked.clientId,
      status: 303,
    });
    if (!allowed) return redirect(declined(asked));
    return redirect(await store.update((draft) => consented(draft, asked, { account, scopes }, clock.now())));
  };

  const call = async (
    provider: StandInProvider,
    endpoint: 'token' | 'revoke' | 'api',
    request: AwsRequest,
    path: string,
  ): Promise<AwsReply> => {
    const { reply, answer, fault } = await store.update((draft) => {
      const now = clock.now();
      if (endpoint === 'token') forgetExpired(draft, now);
      return underFault(draft, provider, endpoint, () =>
        endpoint === 'token'
          ? tokenEndpoint(draft, provider, request, now)
          : endpoint === 'revoke'
            ? revokeEndpoint(draft, provider, request, now)
            : callApi(draft, provider, request, path, now),
      );
    });
    noteCall({
      provider,
      endpoint,
      what: answer?.what ?? `${request.method} ${path}`,
      clientId: answer?.clientId ?? '',
      status: reply === 'never' ? 0 : reply.status,
      ...(answer?.error === undefined ? {} : { error: answer.error }),
      ...(fault === undefined ? {} : { fault }),
    });
    return reply === 'never' ? waiting.hang() : reply;
  };

  const onControl = async (request: AwsRequest): Promise<AwsReply> => {
    if (request.method === 'POST') {
      // A page in a browser cannot send JSON here without a preflight, which nothing answers.
      if (request.headers['content-type']?.split(';')[0] !== 'application/json')
        return json(415, { message: 'send application/json' });
      let input: z.infer<typeof ControlInput>;
      try {
        input = ControlInput.parse(JSON.parse(request.body.toString()));
      } catch {
        return json(400, { message: 'the control document does not fit' });
      }
      if (input.clearFaults === true) await control.clearFaults();
      if (input.inject !== undefined)
        await store.update((draft) => void draft.faults.push(input.inject as Fault));
      if (input.revoke !== undefined) await control.revoke(input.revoke.provider, input.revoke.account);
      if (input.configure !== undefined) {
        const { provider, testing, strictReuse } = input.configure;
        await control.configure(provider, {
          ...(testing === undefined ? {} : { testing }),
          ...(strictReuse === undefined ? {} : { strictReuse }),
        });
      }
    } else if (request.method !== 'GET') return json(405, { message: 'GET or POST' });
    return json(200, {
      faults: store.read().faults,
      grants: views(),
      calls: control.calls().slice(-1000),
      playlists: control.playlists(),
    });
  };

  const onApps = async (request: AwsRequest): Promise<AwsReply> => {
    if (request.method === 'POST') {
      const form = formOf(request, () => 'apps');
      if (form === undefined) return messagePage(400, 'This page was out of date', 'Open it again.');
      const id = form.get('grant') ?? '';
      await store.update((draft) => {
        const grant = member(draft.grants, id);
        if (grant !== undefined) endGrant(draft, grant, clock.now());
      });
      return redirect(PREFIX);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { message: 'GET or POST' });
    return appsPage(views(), { action: PREFIX, ...formParts(request, 'apps') });
  };

  const ofProvider = async (
    provider: StandInProvider,
    request: AwsRequest,
    path: string,
  ): Promise<AwsReply> => {
    const { authorizePath, tokenPath, revokePath } = RULES[provider];
    if (path === tokenPath) return call(provider, 'token', request, path);
    if (path === revokePath) return call(provider, 'revoke', request, path);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (path === authorizePath && reads) return showConsent(provider, request);
    if (path === '/consent' && request.method === 'POST') return takeConsent(provider, request);
    return call(provider, 'api', request, path);
  };

  return {
    prefix: PREFIX,
    control,
    pathOf: (provider) => `${PREFIX}/${provider}`,
    ensureClient: ({ provider, clientId, clientSecret, redirectUris }) =>
      store.update((draft) => {
        draft.clients[clientKey(provider, clientId)] = {
          provider,
          clientId,
          secretDigest: digestOf(clientSecret),
          ...(provider === 'shopify' ? { signingSecret: clientSecret } : {}),
          redirectUris: [...redirectUris],
        };
      }),
    async handle(request) {
      const path = request.path.slice(PREFIX.length);
      if (path === '' || path === '/') return onApps(request);
      if (path === '/_control') return onControl(request);
      const [, name = '', rest = ''] = /^\/([a-z]+)(\/.*)$/.exec(path) ?? [];
      const provider = STAND_IN_PROVIDERS.find((each) => each === name);
      return provider === undefined
        ? json(404, { message: 'not found' })
        : ofProvider(provider, request, rest);
    },
    async close() {
      waiting.end();
    },
  };
};
