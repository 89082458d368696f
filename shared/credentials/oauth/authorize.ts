import { createHash, createHmac } from 'node:crypto';
import { sha256 } from '../../actions/canonical-json.ts';
import { CredentialRef } from '../../actions/dry-run.ts';
import { ProjectId } from '../../actions/identity.ts';
import { pkceChallenge } from '../../operators/oidc.ts';
import { sameText } from '../../operators/sign-in-transaction.ts';
import type { CredentialScope } from '../credential.ts';
import type { OAuthEndpoints } from './endpoints.ts';
import { scopesToAsk } from './providers.ts';

/** Lives in the browser between the start of a connection and its callback. */
export const CONNECT_COOKIE = '__Host-autopack-connect';
/** How long a person may take at the provider. */
export const CONNECT_MAX_MS = 10 * 60_000;

/**
 * One attempt to connect. All of it is in the cookie, so that starting one writes nothing; `state` and the PKCE
 * verifier are derived from it. The cookie needs no signature: changing it changes `state`, which comes back from the
 * provider, and `state` is bound to who started.
 */
export interface ConnectTransaction {
  /** 256 bits of randomness, base64url. */
  readonly token: string;
  readonly startedAtMs: number;
  readonly project: string;
  readonly credential: CredentialRef;
  /** Another account than the connected one is meant. */
  readonly replace: boolean;
}

const FORM = /^([A-Za-z0-9_-]{43})\.(\d{13})\.([01])\.([A-Za-z0-9_-]{1,1000})$/;

const encode = ({ token, startedAtMs, replace, project, credential }: ConnectTransaction): string => {
  const { provider, account, environment } = credential;
  const place = JSON.stringify([project, provider, account, environment]);
  return [token, startedAtMs, replace ? 1 : 0, Buffer.from(place).toString('base64url')].join('.');
};

/** The transaction of a cookie; undefined where it is none of ours. */
export const readConnectTransaction = (cookie: string | undefined): ConnectTransaction | undefined => {
  const [, token, startedAt, replace, place] = FORM.exec(cookie ?? '') ?? [];
  if (token === undefined || place === undefined) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(place, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [project, provider, account, environment] = parts as unknown[];
  const id = ProjectId.safeParse(project);
  const credential = CredentialRef.safeParse({ provider, account, environment });
  if (!id.success || !credential.success) return undefined;
  return {
    token,
    startedAtMs: Number(startedAt),
    replace: replace === '1',
    project: id.data,
    credential: credential.data,
  };
};

const derived = (what: string, transaction: ConnectTransaction, subject: string): string =>
  createHash('sha256')
    .update(`autopack.connect.${what}.v1\n${subject}\n${encode(transaction)}`)
    .digest('base64url');

/** Comes back from the provider, and fits only who started. */
export const connectState = (transaction: ConnectTransaction, subject: string): string =>
  derived('state', transaction, subject);
/** PKCE verifier: 43 characters. */
export const connectVerifier = (transaction: ConnectTransaction, subject: string): string =>
  derived('verifier', transaction, subject);
/** Under which its use is recorded. */
export const connectDigest = (transaction: ConnectTransaction, subject: string): string =>
  sha256(derived('digest', transaction, subject));

/** Complete Set-Cookie value; without a transaction it deletes the cookie. */
export const connectCookie = (transaction: ConnectTransaction | null): string =>
  transaction === null
    ? `${CONNECT_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`
    : `${CONNECT_COOKIE}=${encode(transaction)}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${CONNECT_MAX_MS / 1000}`;

/** The one redirect URI of a provider, exactly as it is registered there. */
export const redirectUri = (publicUrl: string, provider: string): string =>
  `${publicUrl}/credentials/connect/${provider}/callback`;

/** Where the browser is sent for consent. Holds the client's id, never its secret. */
export const connectUrl = (
  { provider, authorizeUrl }: OAuthEndpoints,
  request: {
    readonly clientId: string;
    readonly scopes: readonly CredentialScope[];
    readonly redirectUri: string;
    readonly state: string;
    readonly verifier: string;
  },
): string => {
  const url = new URL(authorizeUrl);
  const query: Record<string, string> = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: scopesToAsk(provider, request.scopes).join(provider.scopeSeparator),
    state: request.state,
    ...(provider.pkce
      ? { code_challenge: pkceChallenge(request.verifier), code_challenge_method: 'S256' }
      : {}),
    ...provider.authorizeParams,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
};

/**
 * Whether the callback is from the provider, where it signs: HMAC-SHA256 in hex, by the client's secret, over the
 * query without `hmac`, sorted by name; and whether it is about the shop that was asked for.
 */
export const callbackIsGenuine = (
  { provider, shop }: OAuthEndpoints,
  query: Readonly<Record<string, string>>,
  clientSecret: string | undefined,
): boolean => {
  if (!provider.signsCallback) return true;
  const { hmac = '', ...signed } = query;
  const text = new URLSearchParams(
    Object.entries(signed).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  ).toString();
  const expected = createHmac('sha256', clientSecret ?? '')
    .update(text)
    .digest('hex');
  return clientSecret !== undefined && sameText(expected, hmac) && query['shop'] === `${shop}.myshopify.com`;
};
