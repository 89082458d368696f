import * as z from 'zod';

/** How far the clocks of the issuer and of this machine may be apart. */
export const CLOCK_SKEW_SECONDS = 30;
/** Signatures that are accepted; `none` and shared-secret ones are not. */
export const TOKEN_ALGORITHMS = ['RS256', 'ES256'];
/** Nothing that an issuer of ours signs is longer. */
export const MAX_TOKEN_LENGTH = 8192;

/** Claims of a person's ID token. `auth_time` is in seconds. */
export const IdTokenClaims = z.object({
  token_use: z.literal('id'),
  sub: z.string().min(1).max(200),
  aud: z.string(),
  email: z.email(),
  email_verified: z.union([z.literal(true), z.literal('true')]),
  auth_time: z.int().nonnegative().default(0),
  nonce: z.string().optional(),
  'cognito:groups': z.array(z.string()).default([]),
});
export type IdTokenClaims = z.infer<typeof IdTokenClaims>;

/** Claims of a machine's client-credentials token: no user behind it. */
const ClientTokenClaims = z.object({
  token_use: z.literal('access'),
  client_id: z.string().min(1).max(128),
  sub: z.string().optional(),
  username: z.undefined().optional(),
  'cognito:username': z.undefined().optional(),
});

/** Whom verified claims speak for, before the registry is asked. */
export type Caller =
  | {
      readonly kind: 'person';
      readonly email: string;
      readonly issuerSubject: string;
      readonly authTimeMs: number;
      /** Member of the issuer's operator group. The registry's role counts only together with it. */
      readonly inOperatorGroup: boolean;
    }
  | { readonly kind: 'client'; readonly clientId: string };

export interface CallerRules {
  /** OAuth clients whose ID tokens are accepted. */
  readonly audiences: readonly string[];
  readonly operatorGroup: string;
}

/** Reads claims whose signature, issuer and times were verified; undefined for a token of any other kind. */
export const callerOf = (claims: unknown, rules: CallerRules): Caller | undefined => {
  const id = IdTokenClaims.safeParse(claims);
  if (id.success) {
    if (!rules.audiences.includes(id.data.aud)) return undefined;
    return {
      kind: 'person',
      email: id.data.email.toLowerCase(),
      issuerSubject: id.data.sub,
      authTimeMs: id.data.auth_time * 1000,
      inOperatorGroup: id.data['cognito:groups'].includes(rules.operatorGroup),
    };
  }
  const client = ClientTokenClaims.safeParse(claims);
  if (!client.success) return undefined;
  const { client_id: clientId, sub } = client.data;
  return sub === undefined || sub === clientId ? { kind: 'client', clientId } : undefined;
};

/** The token of an Authorization header; undefined where it is not a JWT of bearable length. */
export const bearerToken = (header: string | undefined): string | undefined => {
  if (header === undefined || header.length > MAX_TOKEN_LENGTH) return undefined;
  return /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i.exec(header)?.[1];
};

/** The claims of a valid token; undefined for one that is forged, foreign, expired or not yet valid. */
export type VerifyToken = (token: string) => Promise<unknown>;
