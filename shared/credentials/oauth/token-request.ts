import type { OutgoingRequest } from '../../providers/provider.ts';
import type { Connection } from './connection.ts';
import type { OAuthEndpoints } from './endpoints.ts';

/** How long one call of a token endpoint may take. */
export const TOKEN_TIMEOUT_MS = 10_000;

/** What is turned into tokens. */
export type TokenGrant =
  | {
      readonly kind: 'code';
      readonly code: string;
      readonly redirectUri: string;
      readonly verifier: string;
    }
  | { readonly kind: 'refresh'; readonly refreshToken: string }
  | { readonly kind: 'client-credentials' };

const paramsOf = (grant: TokenGrant, { provider }: OAuthEndpoints): Record<string, string> => {
  switch (grant.kind) {
    case 'code':
      return {
        grant_type: 'authorization_code',
        code: grant.code,
        redirect_uri: grant.redirectUri,
        ...(provider.pkce ? { code_verifier: grant.verifier } : {}),
        ...provider.codeParams,
      };
    case 'refresh':
      return { grant_type: 'refresh_token', refresh_token: grant.refreshToken };
    case 'client-credentials':
      return { grant_type: 'client_credentials' };
  }
};

/** The one request that a grant is exchanged with. It holds values: it is sent, never logged. */
export const tokenRequest = (
  endpoints: OAuthEndpoints,
  { clientId, clientSecret }: Pick<Connection, 'clientId' | 'clientSecret'>,
  grant: TokenGrant,
): OutgoingRequest => {
  const params: Record<string, string> = {
    client_id: clientId,
    ...(endpoints.provider.sendsClientSecret && clientSecret !== undefined
      ? { client_secret: clientSecret }
      : {}),
    ...paramsOf(grant, endpoints),
  };
  const json = endpoints.provider.tokenBody === 'json';
  return {
    method: 'POST',
    url: endpoints.tokenUrl,
    headers: {
      accept: 'application/json',
      'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded',
    },
    body: json ? JSON.stringify(params) : new URLSearchParams(params).toString(),
    timeoutMs: TOKEN_TIMEOUT_MS,
  };
};
