import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import {
  type Discover,
  Discovery,
  discoveryUrl,
  type ExchangeCode,
  IssuerRefusedError,
  IssuerUnreachableError,
} from './oidc.ts';
import { CLOCK_SKEW_SECONDS, MAX_TOKEN_LENGTH, TOKEN_ALGORITHMS, type VerifyToken } from './tokens.ts';

const TIMEOUT_MS = 4000;
const DISCOVERY_MAX_AGE_MS = 3_600_000;
/** A token with an unknown key id makes us fetch the keys again, but not more often than this. */
const KEYS_COOLDOWN_MS = 10_000;

const unreachable = (what: string, cause: unknown): IssuerUnreachableError =>
  new IssuerUnreachableError(`the identity provider's ${what} cannot be read`, { cause });

/** Reads the discovery document, and keeps it for an hour. A failure is not kept. */
export const discover = (issuer: string, now: () => number): Discover => {
  let kept: { readonly until: number; readonly document: Promise<Discovery> } | undefined;
  const read = async (): Promise<Discovery> => {
    try {
      const reply = await fetch(discoveryUrl(issuer), {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
      });
      if (!reply.ok) throw new Error(`status ${reply.status}`);
      const document = Discovery.parse(await reply.json());
      if (document.issuer !== issuer) throw new Error('it names another issuer');
      return document;
    } catch (error) {
      kept = undefined;
      throw unreachable('discovery document', error);
    }
  };
  return () => {
    if (kept === undefined || now() >= kept.until)
      kept = { until: now() + DISCOVERY_MAX_AGE_MS, document: read() };
    return kept.document;
  };
};

/** What is wrong with a token, as opposed to with the way to the issuer's keys. */
const TOKEN_FAULTS: ReadonlySet<string> = new Set([
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWTExpired.code,
  errors.JWTInvalid.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
]);

/**
 * Verifies signature, issuer, expiry and not-before with the issuer's published keys, which are kept between
 * invocations and fetched once more for a key id that is not among them.
 * @throws IssuerUnreachableError where the keys cannot be read: nobody can say whether the token is good.
 */
export const verifyToken = (issuer: string, find: Discover, now: () => number): VerifyToken => {
  let keys: { readonly uri: string; readonly get: JWTVerifyGetKey } | undefined;
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) return undefined;
    const { jwks_uri: uri } = await find();
    if (keys?.uri !== uri) {
      const get = createRemoteJWKSet(new URL(uri), {
        timeoutDuration: TIMEOUT_MS,
        cooldownDuration: KEYS_COOLDOWN_MS,
      });
      keys = { uri, get };
    }
    try {
      const verified = await jwtVerify(token, keys.get, {
        issuer,
        algorithms: TOKEN_ALGORITHMS,
        requiredClaims: ['exp', 'iat'],
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: new Date(now()),
      });
      return verified.payload;
    } catch (error) {
      if (error instanceof errors.JOSEError && TOKEN_FAULTS.has(error.code)) return undefined;
      throw unreachable('keys', error);
    }
  };
};

const TokenReply = z.object({
  id_token: z.string().min(1).max(MAX_TOKEN_LENGTH),
  refresh_token: z.string().min(1).max(MAX_TOKEN_LENGTH).optional(),
});
export type TokenReply = z.infer<typeof TokenReply>;
const TokenRefusal = z.object({ error: z.string() });

/** One POST to the token endpoint of a public client. */
export const requestTokens = async (
  find: Discover,
  form: Readonly<Record<string, string>>,
): Promise<TokenReply> => {
  const { token_endpoint: endpoint } = await find();
  let status: number;
  let body: unknown;
  try {
    const reply = await fetch(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(form),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = reply.status;
    body = await reply.json();
  } catch (error) {
    throw unreachable('token endpoint', error);
  }
  const refusal = TokenRefusal.safeParse(body);
  if (status >= 400 && status < 500 && refusal.success) throw new IssuerRefusedError(refusal.data.error);
  const tokens = TokenReply.safeParse(body);
  if (status !== 200 || !tokens.success) throw unreachable('token endpoint', `status ${status}`);
  return tokens.data;
};

/** Turns the code of a sign-in into the ID token, with PKCE and without a secret. */
export const exchangeCode =
  (find: Discover, clientId: string): ExchangeCode =>
  async ({ code, redirectUri, verifier }) => {
    const tokens = await requestTokens(find, {
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    return { idToken: tokens.id_token };
  };
