import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type { Client, Grant, Pool, User } from './state.ts';

/** Life of ID and access tokens, as the stack sets it for Cognito. */
export const TOKEN_SECONDS = 3600;

/** A fresh RS256 key as a private JWK of strings. */
export const newSigningKey = async (): Promise<Record<string, string>> => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const members = Object.entries({ ...jwk, kid: randomUUID(), alg: 'RS256', use: 'sig' });
  return Object.fromEntries(
    members.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
};

/** The public half, as the JWKS document shows it. */
export const publicKey = ({ key }: Pool): JWK => ({
  kty: key['kty'] ?? '',
  n: key['n'] ?? '',
  e: key['e'] ?? '',
  kid: key['kid'] ?? '',
  alg: 'RS256',
  use: 'sig',
});

const sign = async (pool: Pool, issuer: string, claims: object, now: number): Promise<string> => {
  const issuedAt = Math.floor(now / 1000);
  const key = await importJWK({ ...pool.key } as JWK, 'RS256');
  return new SignJWT({ ...claims, iss: issuer, jti: randomUUID() })
    .setProtectedHeader({ alg: 'RS256', kid: pool.key['kid'] ?? '', typ: 'JWT' })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + TOKEN_SECONDS)
    .sign(key);
};

/** ID and access token of a person, with the claims that Cognito puts in. */
export const personTokens = async (
  pool: Pool,
  issuer: string,
  user: User,
  grant: Pick<Grant, 'clientId' | 'scopes' | 'authTimeMs'> & { readonly nonce?: string | undefined },
  now: number,
): Promise<{ readonly accessToken: string; readonly idToken: string | undefined }> => {
  const shared = {
    sub: user.sub,
    auth_time: Math.floor(grant.authTimeMs / 1000),
    origin_jti: randomUUID(),
    event_id: randomUUID(),
    ...(user.groups.length === 0 ? {} : { 'cognito:groups': user.groups }),
  };
  const accessToken = await sign(
    pool,
    issuer,
    {
      ...shared,
      token_use: 'access',
      version: 2,
      client_id: grant.clientId,
      scope: grant.scopes.join(' '),
      username: user.sub,
    },
    now,
  );
  if (!grant.scopes.includes('openid')) return { accessToken, idToken: undefined };
  const idToken = await sign(
    pool,
    issuer,
    {
      ...shared,
      token_use: 'id',
      aud: grant.clientId,
      at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
      email: user.email,
      email_verified: true,
      name: user.name,
      'cognito:username': user.sub,
      ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
    },
    now,
  );
  return { accessToken, idToken };
};

/** Access token of a machine: no user behind it. */
export const clientToken = (
  pool: Pool,
  issuer: string,
  client: Client,
  scopes: readonly string[],
  now: number,
): Promise<string> =>
  sign(
    pool,
    issuer,
    {
      sub: client.clientId,
      token_use: 'access',
      version: 2,
      client_id: client.clientId,
      scope: scopes.join(' '),
      auth_time: Math.floor(now / 1000),
    },
    now,
  );
