import * as z from 'zod';
import type { AwsReply, AwsRequest } from '../service.ts';
import { RULES, type StandInProvider } from './rules.ts';
import { clientKey, digestOf, member, type OAuthState } from './state.ts';
import { clientCredentials, endGrant, exchangeCode, exchangeRefresh, OAuthRefusal } from './tokens.ts';

/** What an endpoint answers, and what the log says of it. */
export interface Answer {
  readonly reply: AwsReply;
  readonly what: string;
  readonly clientId: string;
  readonly error?: string;
}

export const json = (status: number, value: unknown): AwsReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});

const JsonParams = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const mediaType = (request: AwsRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** @throws OAuthRefusal where the body is not in the form that the provider documents. */
const paramsOf = (request: AwsRequest, body: 'form' | 'json'): Record<string, string> => {
  const text = request.body.toString();
  if (body === 'json') {
    if (mediaType(request) !== 'application/json')
      throw new OAuthRefusal('invalid_request', 'Send a JSON body.');
    try {
      const params = JsonParams.parse(JSON.parse(text));
      return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
    } catch {
      throw new OAuthRefusal('invalid_request', 'The body is not a JSON object of parameters.');
    }
  }
  if (mediaType(request) !== 'application/x-www-form-urlencoded')
    throw new OAuthRefusal('invalid_request', 'Send a form.');
  const params = new URLSearchParams(text);
  if (new Set(params.keys()).size !== params.size)
    throw new OAuthRefusal('invalid_request', 'A parameter is there twice.');
  return Object.fromEntries(params);
};

const grantTokens = (
  state: OAuthState,
  provider: StandInProvider,
  params: Readonly<Record<string, string>>,
  now: number,
): Record<string, unknown> => {
  const clientId = params['client_id'] ?? '';
  const client = member(state.clients, clientKey(provider, clientId));
  const proven =
    !RULES[provider].secretRequired || digestOf(params['client_secret'] ?? '') === client?.secretDigest;
  if (client === undefined || !proven)
    throw new OAuthRefusal('invalid_client', 'The client is unknown or its secret is wrong.', 401);
  switch (params['grant_type']) {
    case 'authorization_code':
      return exchangeCode(state, provider, clientId, params, now);
    case 'refresh_token':
      return exchangeRefresh(state, provider, clientId, params['refresh_token'] ?? '', now);
    case 'client_credentials':
      return clientCredentials(state, provider, clientId, now);
    default:
      // Shopify's documented exchange of a code names no grant type.
      if (provider === 'shopify' && params['code'] !== undefined)
        return exchangeCode(state, provider, clientId, params, now);
      throw new OAuthRefusal('unsupported_grant_type', 'No such grant here.');
  }
};

/** POST of a provider's token endpoint, on a draft that the caller keeps or throws away. Never throws a refusal. */
export const tokenEndpoint = (
  state: OAuthState,
  provider: StandInProvider,
  request: AwsRequest,
  now: number,
): Answer => {
  let params: Record<string, string> = {};
  const about = () => ({ what: params['grant_type'] ?? 'unknown', clientId: params['client_id'] ?? '' });
  try {
    if (request.method !== 'POST') throw new OAuthRefusal('invalid_request', 'Send a POST.', 405);
    params = paramsOf(request, RULES[provider].body);
    return { reply: json(200, grantTokens(state, provider, params, now)), ...about() };
  } catch (error) {
    if (!(error instanceof OAuthRefusal)) throw error;
    const document = { error: error.code, error_description: error.message };
    return { reply: json(error.status, document), ...about(), error: error.code };
  }
};

/** POST of Google's revocation endpoint: an access or a refresh token ends the whole consent. */
export const revokeEndpoint = (
  state: OAuthState,
  provider: StandInProvider,
  request: AwsRequest,
  now: number,
): Answer => {
  const token = new URLSearchParams(request.body.toString()).get('token') ?? request.query.get('token') ?? '';
  const digest = digestOf(token);
  const id = member(state.refreshTokens, digest)?.grant ?? member(state.accessTokens, digest)?.grant ?? '';
  const grant = member(state.grants, id);
  const fits = request.method === 'POST' && grant?.provider === provider && grant.endedAt === null;
  if (fits) endGrant(state, grant, now);
  const about = { what: 'revoke', clientId: grant?.clientId ?? '' };
  return fits
    ? { reply: json(200, {}), ...about }
    : { reply: json(400, { error: 'invalid_token' }), ...about, error: 'invalid_token' };
};
