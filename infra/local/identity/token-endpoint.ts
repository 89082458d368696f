import { createHash } from 'node:crypto';
import type { DurableState } from '../durable-file.ts';
import type { AwsReply, AwsRequest } from '../service.ts';
import {
  type Client,
  type Code,
  digestOf,
  forgetExpired,
  type IdentityState,
  member,
  newSecret,
  type Pool,
  sameText,
} from './state.ts';
import { clientToken, personTokens, TOKEN_SECONDS } from './tokens.ts';

const REFRESH_MS = 8 * 3_600_000;
const NO_STORE = { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' };

class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
const invalidGrant = (message: string): OAuthError => new OAuthError('invalid_grant', message);

const json = (value: object): AwsReply => ({ status: 200, headers: NO_STORE, body: JSON.stringify(value) });

const basicCredentials = (header: string | undefined): { id: string; secret: string } | undefined => {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  try {
    return {
      id: decodeURIComponent(text.slice(0, colon)),
      secret: decodeURIComponent(text.slice(colon + 1)),
    };
  } catch {
    return undefined;
  }
};

/** The client that asks: by its secret if it has one, by its id alone if it is public. */
const authenticate = (pool: Pool, request: AwsRequest, form: URLSearchParams): Client => {
  const header = request.headers['authorization'];
  const basic = basicCredentials(header);
  const failed = new OAuthError(
    'invalid_client',
    'The client is not known, or its secret is wrong.',
    header === undefined ? 400 : 401,
  );
  if (header !== undefined && basic === undefined) throw failed;
  if (basic !== undefined && form.has('client_id') && form.get('client_id') !== basic.id) throw failed;
  const client = member(pool.clients, basic?.id ?? form.get('client_id') ?? '');
  const secret = basic?.secret ?? form.get('client_secret');
  if (client === undefined) throw failed;
  if (
    client.clientSecret === undefined
      ? secret !== null && secret !== undefined
      : !sameText(secret ?? '', client.clientSecret)
  )
    throw failed;
  return client;
};

/** POST /oauth2/token and /oauth2/revoke. */
export const tokenEndpoint = (store: DurableState<IdentityState>, now: () => number) => {
  const redeem = async (
    pool: Pool,
    issuer: string,
    client: Client,
    form: URLSearchParams,
  ): Promise<AwsReply> => {
    const codeDigest = digestOf(form.get('code') ?? '');
    const refreshToken = newSecret();
    // Checking and using up are one step, so that of two requests with one code only the first gets tokens.
    const outcome = await store.update((state): Code | string => {
      forgetExpired(state, now());
      const code = member(state.codes, codeDigest);
      if (code === undefined || code.poolId !== pool.poolId || code.clientId !== client.clientId)
        return 'The code is not known, has expired, or belongs to another client.';
      if (code.usedFor !== undefined) {
        delete state.refreshTokens[code.usedFor];
        return 'The code was used already.';
      }
      if (form.get('redirect_uri') !== code.redirectUri)
        return 'redirect_uri is not the one of the authorization request.';
      const verifier = form.get('code_verifier') ?? '';
      if (
        !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier) ||
        !sameText(createHash('sha256').update(verifier).digest('base64url'), code.challenge)
      )
        return 'code_verifier does not fit the code_challenge.';
      code.usedFor = digestOf(refreshToken);
      const { poolId, clientId, email, scopes, authTimeMs } = code;
      state.refreshTokens[code.usedFor] = {
        poolId,
        clientId,
        email,
        scopes,
        authTimeMs,
        expiresAt: now() + REFRESH_MS,
      };
      return { ...code };
    });
    if (typeof outcome === 'string') throw invalidGrant(outcome);
    const user = member(pool.users, outcome.email);
    if (user === undefined) throw invalidGrant('The person is gone.');
    const { idToken, accessToken } = await personTokens(pool, issuer, user, outcome, now());
    return json({
      id_token: idToken,
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_in: TOKEN_SECONDS,
      token_type: 'Bearer',
    });
  };

  const refresh = async (
    pool: Pool,
    issuer: string,
    client: Client,
    form: URLSearchParams,
  ): Promise<AwsReply> => {
    const grant = member(store.read().refreshTokens, digestOf(form.get('refresh_token') ?? ''));
    const user = member(pool.users, grant?.email ?? '');
    if (
      grant === undefined ||
      grant.poolId !== pool.poolId ||
      grant.clientId !== client.clientId ||
      grant.expiresAt <= now() ||
      user === undefined
    )
      throw invalidGrant('The refresh token is not known, has expired, or was taken back.');
    const { idToken, accessToken } = await personTokens(pool, issuer, user, grant, now());
    return json({
      id_token: idToken,
      access_token: accessToken,
      expires_in: TOKEN_SECONDS,
      token_type: 'Bearer',
    });
  };

  const machine = async (
    pool: Pool,
    issuer: string,
    client: Client,
    form: URLSearchParams,
  ): Promise<AwsReply> => {
    const scopes =
      form
        .get('scope')
        ?.split(' ')
        .filter((scope) => scope !== '') ?? client.scopes;
    if (scopes.some((scope) => !client.scopes.includes(scope)))
      throw new OAuthError('invalid_scope', 'The client may not ask for this scope.');
    const accessToken = await clientToken(pool, issuer, client, scopes, now());
    return json({ access_token: accessToken, expires_in: TOKEN_SECONDS, token_type: 'Bearer' });
  };

  const answer = async (
    pool: Pool,
    issuer: string,
    request: AwsRequest,
    what: 'token' | 'revoke',
  ): Promise<AwsReply> => {
    if (request.method !== 'POST') throw new OAuthError('invalid_request', 'Send a POST.', 405);
    if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/x-www-form-urlencoded')
      throw new OAuthError('invalid_request', 'Send a form.');
    const form = new URLSearchParams(request.body.toString());
    const repeated = [...form.keys()].find((name) => form.getAll(name).length > 1);
    if (repeated !== undefined) throw new OAuthError('invalid_request', 'A parameter is there twice.');
    const client = authenticate(pool, request, form);
    if (what === 'revoke') {
      await store.update((state) => {
        const digest = digestOf(form.get('token') ?? '');
        if (state.refreshTokens[digest]?.clientId === client.clientId) delete state.refreshTokens[digest];
      });
      return { status: 200, headers: { 'cache-control': 'no-store' }, body: '' };
    }
    const grantType = form.get('grant_type');
    if (
      grantType !== 'authorization_code' &&
      grantType !== 'refresh_token' &&
      grantType !== 'client_credentials'
    )
      throw new OAuthError('unsupported_grant_type', 'The grant type is not offered.');
    if ((grantType === 'client_credentials') !== (client.grant === 'client_credentials'))
      throw new OAuthError('unauthorized_client', 'The client may not use this grant.');
    if (grantType === 'authorization_code') return redeem(pool, issuer, client, form);
    return grantType === 'refresh_token'
      ? refresh(pool, issuer, client, form)
      : machine(pool, issuer, client, form);
  };

  return async (
    pool: Pool,
    issuer: string,
    request: AwsRequest,
    what: 'token' | 'revoke',
  ): Promise<AwsReply> => {
    try {
      return await answer(pool, issuer, request, what);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return {
        status: error.status,
        headers: {
          ...NO_STORE,
          ...(error.status === 401 ? { 'www-authenticate': 'Basic realm="autopack-local"' } : {}),
        },
        body: JSON.stringify({ error: error.code, error_description: error.message }),
      };
    }
  };
};
