import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface IssuedTokens {
  readonly id_token: string;
  readonly refresh_token?: string;
}

export interface TestIssuer {
  readonly url: string;
  /** Signs claims with the current key; defaults make a valid person's ID token. */
  sign(
    claims: JWTPayload,
    options?: { readonly alg?: 'RS256' | 'ES256'; readonly kid?: string },
  ): Promise<string>;
  /** Replaces the key under a new id, as a rotation does. */
  rotate(): Promise<void>;
  /** What the token endpoint answers. Receives the posted form and the Authorization header. */
  onToken: (
    form: URLSearchParams,
    authorization: string | undefined,
  ) => Promise<{ status: number; body: unknown }>;
  /** Makes an endpoint fail until it is set back. */
  down: Set<'discovery' | 'keys' | 'token'>;
  readonly requests: Record<'discovery' | 'keys' | 'token', number>;
  close(): Promise<void>;
}

/** A small OIDC issuer over real HTTP. */
export const startIssuer = async (): Promise<TestIssuer> => {
  let pair = await generateKeyPair('RS256', { extractable: true });
  let kid = 'key-1';
  const down: TestIssuer['down'] = new Set();
  const requests = { discovery: 0, keys: 0, token: 0 };
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify(body));
    };
    const serve = async (): Promise<void> => {
      const what = request.url?.includes('well-known')
        ? 'discovery'
        : request.url === '/keys'
          ? 'keys'
          : 'token';
      requests[what] += 1;
      if (down.has(what)) return answer(503, {});
      if (what === 'discovery')
        return answer(200, {
          issuer: issuer.url,
          authorization_endpoint: `${issuer.url}/authorize`,
          token_endpoint: `${issuer.url}/token`,
          jwks_uri: `${issuer.url}/keys`,
        });
      if (what === 'keys')
        return answer(200, {
          keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'RS256', use: 'sig' }],
        });
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const reply = await issuer.onToken(new URLSearchParams(body), request.headers.authorization);
      return answer(reply.status, reply.body);
    };
    void serve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sign: (claims, options = {}) => {
      const seconds = Math.floor(Date.now() / 1000);
      return new SignJWT({ iat: seconds, exp: seconds + 3600, iss: issuer.url, ...claims })
        .setProtectedHeader({ alg: options.alg ?? 'RS256', kid: options.kid ?? kid })
        .sign(pair.privateKey);
    },
    rotate: async () => {
      pair = await generateKeyPair('RS256', { extractable: true });
      kid = `${kid}x`;
    },
    onToken: async () => ({ status: 400, body: { error: 'invalid_grant' } }),
    down,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
};

/** Claims of a valid ID token of a person. */
export const personClaims = (email: string, more: JWTPayload = {}): JWTPayload => ({
  token_use: 'id',
  sub: `sub-${email}`,
  aud: 'console',
  email,
  email_verified: true,
  auth_time: Math.floor(Date.now() / 1000),
  'cognito:groups': ['operators'],
  ...more,
});
