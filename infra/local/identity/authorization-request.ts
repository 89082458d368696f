import type { Client, Pool } from './state.ts';
import { member } from './state.ts';

/** An authorization request that may be shown a sign-in page. */
export interface AuthorizationRequest {
  readonly client: Client;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly challenge: string;
  readonly scopes: readonly string[];
  /** The person must sign in again even with a session. */
  readonly prompt: 'login' | 'none' | undefined;
  readonly maxAgeSeconds: number | undefined;
  /** The query as it came, to be sent along with the form. */
  readonly query: string;
}

export type ReadRequest =
  | { readonly kind: 'valid'; readonly request: AuthorizationRequest }
  /** Where the client or its address is not known nothing may be sent there. */
  | { readonly kind: 'page'; readonly reason: string }
  | { readonly kind: 'redirect'; readonly to: string };

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Exact match; a registered loopback address without a port stands for every port (RFC 8252, section 7.3). */
export const redirectFits = (registered: readonly string[], redirectUri: string): boolean => {
  if (registered.includes(redirectUri)) return true;
  if (!URL.canParse(redirectUri)) return false;
  const url = new URL(redirectUri);
  if (url.protocol !== 'http:' || !LOOPBACK.has(url.hostname) || url.username !== '' || url.hash !== '')
    return false;
  // `/a/../callback` and the like parse to another text than they are.
  if (url.href !== redirectUri) return false;
  url.port = '';
  return registered.includes(url.href);
};

/** The redirect address with answer parameters added to its query. */
export const answerAddress = (
  redirectUri: string,
  answer: Readonly<Record<string, string | undefined>>,
): string => {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
};

const ONCE = [
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
];

/** Checks GET /oauth2/authorize. PKCE with S256 is required of every client. */
export const readAuthorizationRequest = (pool: Pool, query: URLSearchParams): ReadRequest => {
  const client = member(pool.clients, query.get('client_id') ?? '');
  const redirectUri = query.get('redirect_uri') ?? '';
  const repeated = ONCE.find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) return { kind: 'page', reason: `The request names ${repeated} twice.` };
  if (client === undefined || client.grant !== 'code')
    return { kind: 'page', reason: 'The request comes from an application that is not registered here.' };
  if (!redirectFits(client.callbackUrls, redirectUri))
    return {
      kind: 'page',
      reason: 'The request wants to return to an address that is not registered for this application.',
    };

  const state = query.get('state') ?? undefined;
  const refuse = (error: string, description: string): ReadRequest => ({
    kind: 'redirect',
    to: answerAddress(redirectUri, { error, error_description: description, state }),
  });
  if (query.get('response_type') !== 'code')
    return refuse('unsupported_response_type', 'Only the code flow is offered.');
  const challenge = query.get('code_challenge') ?? '';
  if (query.get('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(challenge))
    return refuse('invalid_request', 'A code_challenge with the method S256 is required.');
  const wanted = query.get('scope');
  const scopes = wanted === null ? client.scopes : wanted.split(' ').filter((scope) => scope !== '');
  if (scopes.length === 0 || scopes.some((scope) => !client.scopes.includes(scope)))
    return refuse('invalid_scope', 'The application may not ask for this scope.');
  const prompt = query.get('prompt') ?? undefined;
  if (prompt !== undefined && prompt !== 'login' && prompt !== 'none')
    return refuse('invalid_request', 'prompt is login or none.');
  const maxAge = query.get('max_age') ?? undefined;
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge))
    return refuse('invalid_request', 'max_age is a number of seconds.');
  return {
    kind: 'valid',
    request: {
      client,
      redirectUri,
      state,
      nonce: query.get('nonce') ?? undefined,
      challenge,
      scopes,
      prompt,
      maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
      query: query.toString(),
    },
  };
};
