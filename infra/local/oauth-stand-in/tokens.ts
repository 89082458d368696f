import { createHash, timingSafeEqual } from 'node:crypto';
import { RULES, type StandInProvider, TESTING_SECONDS } from './rules.ts';
import { digestOf, type Grant, member, newSecret, type OAuthState, type RefreshToken } from './state.ts';

/** An error document of RFC 6749, 5.2. */
export class OAuthRefusal extends Error {
  override readonly name = 'OAuthRefusal';
  readonly code: string;
  readonly status: number;
  constructor(code: string, description: string, status = 400) {
    super(description);
    this.code = code;
    this.status = status;
  }
}

const sameText = (left: string, right: string): boolean => {
  const [one, other] = [Buffer.from(digestOf(left)), Buffer.from(digestOf(right))];
  return timingSafeEqual(one, other);
};

/** Whether a refresh token works at this moment. */
export const isAlive = (state: OAuthState, token: RefreshToken, now: number): boolean => {
  const grant = member(state.grants, token.grant);
  if (grant === undefined || grant.endedAt !== null || token.dead) return false;
  const { idleSeconds } = RULES[grant.provider];
  if (token.expiresAt !== null && token.expiresAt <= now) return false;
  return idleSeconds === null || now < token.usedAt + idleSeconds * 1000;
};

/** Tokens carry the number of the user at Etsy, and nothing at all anywhere else. */
const newToken = (provider: StandInProvider, account: string, kind: string): string =>
  provider === 'etsy' ? `${account}.${kind}-${newSecret()}` : `${provider}-${kind}-${newSecret()}`;

const issueAccess = (
  state: OAuthState,
  of: { provider: StandInProvider; clientId: string; account: string; scopes: readonly string[] },
  grant: string | null,
  seconds: number,
  now: number,
): Record<string, unknown> => {
  const value = newToken(of.provider, of.account, 'access');
  state.accessTokens[digestOf(value)] = {
    provider: of.provider,
    clientId: of.clientId,
    account: of.account,
    scopes: [...of.scopes],
    grant,
    expiresAt: now + seconds * 1000,
  };
  return {
    access_token: value,
    expires_in: seconds,
    // Shopify's answer has no token type.
    ...(of.provider === 'shopify' ? {} : { token_type: 'Bearer' }),
    // Etsy does not repeat the scopes.
    ...(of.provider === 'etsy' ? {} : { scope: of.scopes.join(RULES[of.provider].separator) }),
  };
};

const issueRefresh = (
  state: OAuthState,
  grant: Grant,
  replaces: string | null,
  now: number,
): Record<string, unknown> => {
  const { refreshSeconds, mostRefreshTokens } = RULES[grant.provider];
  const seconds = state.behaviour[grant.provider]?.testing === true ? TESTING_SECONDS : refreshSeconds;
  const value = newToken(grant.provider, grant.account, 'refresh');
  const living = Object.values(state.refreshTokens)
    .filter((token) => {
      const other = member(state.grants, token.grant);
      return (
        other?.clientId === grant.clientId && other.account === grant.account && isAlive(state, token, now)
      );
    })
    .toSorted((left, right) => left.issuedAt - right.issuedAt);
  for (const oldest of living.slice(0, Math.max(0, living.length - mostRefreshTokens + 1)))
    oldest.dead = true;
  state.refreshTokens[digestOf(value)] = {
    grant: grant.id,
    issuedAt: now,
    usedAt: now,
    expiresAt: seconds === null ? null : now + seconds * 1000,
    dead: false,
    replaces,
  };
  return {
    refresh_token: value,
    // Only Shopify says how long it lives.
    ...(grant.provider === 'shopify' && seconds !== null ? { refresh_token_expires_in: seconds } : {}),
  };
};

/** Turns a code into tokens: once, for the client, redirect URI and verifier that it was made for. */
export const exchangeCode = (
  state: OAuthState,
  provider: StandInProvider,
  clientId: string,
  params: Readonly<Record<string, string>>,
  now: number,
): Record<string, unknown> => {
  const digest = digestOf(params['code'] ?? '');
  const code = member(state.codes, digest);
  if (code === undefined || code.provider !== provider || code.clientId !== clientId || code.expiresAt <= now)
    throw new OAuthRefusal('invalid_grant', 'The code is unknown, used or too old.');
  // Whatever is wrong with the rest, it was shown and is worth nothing any more.
  delete state.codes[digest];
  // Shopify's token request names no redirect URI.
  if (provider !== 'shopify' && params['redirect_uri'] !== code.redirectUri)
    throw new OAuthRefusal('redirect_uri_mismatch', 'Not the redirect URI of the authorization request.');
  if (code.challenge !== null) {
    const challenge = createHash('sha256')
      .update(params['code_verifier'] ?? '')
      .digest('base64url');
    if (!sameText(challenge, code.challenge))
      throw new OAuthRefusal('invalid_grant', 'The code verifier does not fit.');
  }
  const grant: Grant = {
    id: newSecret(),
    provider,
    clientId,
    account: code.account,
    scopes: code.scopes,
    createdAt: now,
    endedAt: null,
    refreshes: 0,
  };
  state.grants[grant.id] = grant;
  const lasting = code.offline && (provider !== 'shopify' || params['expiring'] === '1');
  return {
    ...issueAccess(state, grant, grant.id, RULES[provider].accessSeconds, now),
    ...(lasting ? issueRefresh(state, grant, null, now) : {}),
  };
};

/** Turns a refresh token into tokens by the rules of its provider. */
export const exchangeRefresh = (
  state: OAuthState,
  provider: StandInProvider,
  clientId: string,
  value: string,
  now: number,
): Record<string, unknown> => {
  const digest = digestOf(value);
  const token = member(state.refreshTokens, digest);
  const grant = token === undefined ? undefined : member(state.grants, token.grant);
  if (token === undefined || grant?.provider !== provider || grant.clientId !== clientId)
    throw new OAuthRefusal('invalid_grant', 'refresh_token is revoked');
  if (!isAlive(state, token, now)) {
    // Somebody has it who should not: nobody can say which of the two, so both lose.
    if (token.dead && state.behaviour[provider]?.strictReuse === true) grant.endedAt ??= now;
    throw new OAuthRefusal('invalid_grant', 'refresh_token is revoked');
  }
  const { rotation, accessSeconds } = RULES[provider];
  token.usedAt = now;
  grant.refreshes += 1;
  const access = issueAccess(state, grant, grant.id, accessSeconds, now);
  if (rotation === 'never') return access;
  if (rotation === 'single-use') token.dead = true;
  else {
    const before = token.replaces === null ? undefined : member(state.refreshTokens, token.replaces);
    if (before !== undefined) before.dead = true;
    // What it was replaced by before got lost on the way, or this would not be used again.
    for (const other of Object.values(state.refreshTokens)) if (other.replaces === digest) other.dead = true;
  }
  return { ...access, ...issueRefresh(state, grant, digest, now) };
};

/** A token for the app itself, without a refresh token. */
export const clientCredentials = (
  state: OAuthState,
  provider: StandInProvider,
  clientId: string,
  now: number,
): Record<string, unknown> => {
  const { clientCredentialsSeconds, scopes, accounts } = RULES[provider];
  if (clientCredentialsSeconds === null)
    throw new OAuthRefusal('unsupported_grant_type', 'No token by client credentials here.');
  const account = Object.keys(accounts)[0] ?? '';
  const of = { provider, clientId, account, scopes: Object.keys(scopes) };
  return issueAccess(state, of, null, clientCredentialsSeconds, now);
};

/** Ends a consent with all its tokens. */
export const endGrant = (state: OAuthState, grant: Grant, now: number): void => {
  grant.endedAt ??= now;
  for (const [digest, token] of Object.entries(state.accessTokens))
    if (token.grant === grant.id) delete state.accessTokens[digest];
};
