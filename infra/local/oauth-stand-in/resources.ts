import * as z from 'zod';
import type { AwsRequest } from '../service.ts';
import { RULES, type StandInProvider } from './rules.ts';
import { clientKey, digestOf, member, newSecret, type OAuthState } from './state.ts';
import { type Answer, json } from './token-endpoint.ts';

const GOOGLE = 'https://www.googleapis.com/auth/';
const READS = ['youtube.readonly', 'youtube', 'youtube.force-ssl'].map((scope) => GOOGLE + scope);
const WRITES = ['youtube', 'youtube.force-ssl'].map((scope) => GOOGLE + scope);

const Playlist = z.object({ snippet: z.object({ title: z.string().min(1).max(150) }) });

/** Whose token a request carries; undefined where it is dead, unknown or of another provider. */
const bearer = (state: OAuthState, provider: StandInProvider, request: AwsRequest, now: number) => {
  const value = /^Bearer (\S+)$/.exec(request.headers['authorization'] ?? '')?.[1];
  const token = value === undefined ? undefined : member(state.accessTokens, digestOf(value));
  return token?.provider === provider && token.expiresAt > now ? token : undefined;
};

const googleError = (status: number, reason: string, message: string) =>
  json(status, { error: { code: status, message, errors: [{ domain: 'global', reason, message }] } });

const youtube = (state: OAuthState, request: AwsRequest, path: string, now: number): Answer => {
  const token = bearer(state, 'youtube', request, now);
  const about = { what: `${request.method} ${path}`, clientId: token?.clientId ?? '' };
  if (token === undefined)
    return { ...about, reply: googleError(401, 'authError', 'Invalid Credentials'), error: 'authError' };
  const covered = (accepted: readonly string[]): boolean =>
    accepted.some((scope) => token.scopes.includes(scope));
  const short = (): Answer => ({
    ...about,
    reply: googleError(403, 'insufficientPermissions', 'Request had insufficient authentication scopes.'),
    error: 'insufficientPermissions',
  });
  if (path === '/youtube/v3/channels' && request.method === 'GET') {
    if (!covered(READS)) return short();
    const item = { kind: 'youtube#channel', id: token.account };
    return { ...about, reply: json(200, { kind: 'youtube#channelListResponse', items: [item] }) };
  }
  if (path === '/youtube/v3/playlists' && request.method === 'POST') {
    if (!covered(WRITES)) return short();
    let title: string;
    try {
      title = Playlist.parse(JSON.parse(request.body.toString())).snippet.title;
    } catch {
      const reply = googleError(400, 'playlistTitleRequired', 'The playlist needs a title.');
      return { ...about, reply, error: 'playlistTitleRequired' };
    }
    const id = `PL${newSecret()}`;
    state.playlists.push({ id, account: token.account, title });
    const snippet = { title, channelId: token.account };
    return { ...about, reply: json(200, { kind: 'youtube#playlist', id, snippet }) };
  }
  return { ...about, reply: googleError(404, 'notFound', 'Not found.'), error: 'notFound' };
};

const etsy = (state: OAuthState, request: AwsRequest, path: string, now: number): Answer => {
  const token = bearer(state, 'etsy', request, now);
  const about = { what: `${request.method} ${path}`, clientId: token?.clientId ?? '' };
  const refuse = (status: number, error: string): Answer => ({
    ...about,
    reply: json(status, { error }),
    error,
  });
  const [keystring = '', secret = ''] = (request.headers['x-api-key'] ?? '').split(':');
  const client = member(state.clients, clientKey('etsy', keystring));
  if (secret === '') return refuse(403, 'Shared secret is required in x-api-key header.');
  if (client?.secretDigest !== digestOf(secret)) return refuse(403, 'API key not found or not active');
  if (token === undefined) return refuse(401, 'invalid_token');
  if (path === '/v3/application/users/me' && request.method === 'GET') {
    if (!token.scopes.includes('shops_r')) return refuse(403, 'insufficient_scope');
    return { ...about, reply: json(200, { user_id: Number(token.account), shop_id: Number(token.account) }) };
  }
  return refuse(404, 'Resource not found');
};

const shopify = (state: OAuthState, request: AwsRequest, path: string, now: number): Answer => {
  const value = request.headers['x-shopify-access-token'] ?? '';
  const token = member(state.accessTokens, digestOf(value));
  const about = { what: `${request.method} ${path}`, clientId: token?.clientId ?? '' };
  if (token?.provider !== 'shopify' || token.expiresAt <= now) {
    const errors = '[API] Invalid API key or access token (unrecognized login or wrong password)';
    return { ...about, reply: json(401, { errors }), error: 'unauthorized' };
  }
  if (/^\/admin\/api\/\d{4}-\d{2}\/graphql\.json$/.test(path) && request.method === 'POST') {
    const name = RULES.shopify.accounts[token.account] ?? '';
    const accessScopes = token.scopes.map((handle) => ({ handle }));
    const data = {
      shop: { name, myshopifyDomain: token.account },
      currentAppInstallation: { accessScopes },
    };
    return { ...about, reply: json(200, { data }) };
  }
  return { ...about, reply: json(404, { errors: 'Not Found' }), error: 'notFound' };
};

const APIS = { youtube, etsy, shopify } as const;

/** The little of each provider's API that says whose token it is, and one thing that can be made. */
export const callApi = (
  state: OAuthState,
  provider: StandInProvider,
  request: AwsRequest,
  path: string,
  now: number,
): Answer => APIS[provider](state, request, path, now);
