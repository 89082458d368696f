import { createHash } from 'node:crypto';
import * as z from 'zod';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** An address of the issuer: HTTPS, or plain HTTP on this machine. */
export const IssuerUrl = z.url({ protocol: /^https?$/ }).refine(
  (text) => {
    const url = new URL(text);
    return url.protocol === 'https:' || LOOPBACK.has(url.hostname);
  },
  { message: 'is neither HTTPS nor on this machine' },
);

/** The members of the discovery document that Autopack uses. */
export const Discovery = z.object({
  issuer: z.string(),
  authorization_endpoint: IssuerUrl,
  token_endpoint: IssuerUrl,
  jwks_uri: IssuerUrl,
});
export type Discovery = z.infer<typeof Discovery>;

export const discoveryUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

/** The issuer does not answer, or not as one. Nothing can be said about the token or the person. */
export class IssuerUnreachableError extends Error {
  override readonly name = 'IssuerUnreachableError';
}

/** The issuer refused to turn a code or a refresh token into tokens. `code` is its own OAuth error code. */
export class IssuerRefusedError extends Error {
  override readonly name = 'IssuerRefusedError';
  readonly code: string;
  constructor(code: string) {
    const safe = /^[a-z_]{1,60}$/.test(code) ? code : 'unknown_error';
    super(`the identity provider answered ${safe}`);
    this.code = safe;
  }
}

export type Discover = () => Promise<Discovery>;

export interface CodeExchange {
  readonly code: string;
  readonly redirectUri: string;
  readonly verifier: string;
}
/** Answers the ID token. Throws IssuerRefusedError or IssuerUnreachableError. */
export type ExchangeCode = (exchange: CodeExchange) => Promise<{ readonly idToken: string }>;

/** PKCE with SHA-256 (RFC 7636). */
export const pkceChallenge = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');

export interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The person must prove who they are again, even if the issuer remembers them. */
  readonly fresh: boolean;
}

/** Where the browser is sent to sign in. */
export const authorizationUrl = (discovery: Discovery, request: AuthorizationRequest): string => {
  const url = new URL(discovery.authorization_endpoint);
  const query: Record<string, string> = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: 'openid email profile',
    state: request.state,
    nonce: request.nonce,
    code_challenge: pkceChallenge(request.verifier),
    code_challenge_method: 'S256',
    ...(request.fresh ? { prompt: 'login', max_age: '0' } : {}),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
};
