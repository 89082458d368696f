import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';

const Client = z.object({
  clientId: z.string(),
  name: z.string(),
  grant: z.enum(['code', 'client_credentials']),
  clientSecret: z.string().optional(),
  callbackUrls: z.array(z.string()),
  logoutUrls: z.array(z.string()),
  scopes: z.array(z.string()),
});
export type Client = z.infer<typeof Client>;

const User = z.object({ sub: z.string(), email: z.string(), name: z.string(), groups: z.array(z.string()) });
export type User = z.infer<typeof User>;

const Pool = z.object({
  poolId: z.string(),
  name: z.string(),
  /** Private JWK of the one RS256 key, kept so that tokens outlive a restart. */
  key: z.record(z.string(), z.string()),
  clients: z.record(z.string(), Client),
  users: z.record(z.string(), User),
  /** Resource servers and their scopes; clients name them as `<identifier>/<scope>`. */
  resourceServers: z.record(z.string(), z.array(z.string())),
});
export type Pool = z.infer<typeof Pool>;

/** What a person's sign-in grants to a client. Times are epoch milliseconds. */
const Grant = z.object({
  poolId: z.string(),
  clientId: z.string(),
  email: z.string(),
  scopes: z.array(z.string()),
  authTimeMs: z.number(),
});
export type Grant = z.infer<typeof Grant>;

const Session = z.object({
  poolId: z.string(),
  email: z.string(),
  authTimeMs: z.number(),
  expiresAt: z.number(),
});
export type Session = z.infer<typeof Session>;

const Code = Grant.extend({
  redirectUri: z.string(),
  challenge: z.string(),
  nonce: z.string().optional(),
  expiresAt: z.number(),
  /** Digest of the refresh token that it was turned into; a second use takes that back. */
  usedFor: z.string().optional(),
});
export type Code = z.infer<typeof Code>;

/** Sessions, codes and refresh tokens are found by digest: the file alone signs nobody in. */
export const IdentityState = z.object({
  pools: z.record(z.string(), Pool),
  sessions: z.record(z.string(), Session),
  codes: z.record(z.string(), Code),
  refreshTokens: z.record(z.string(), Grant.extend({ expiresAt: z.number() })),
});
export type IdentityState = z.infer<typeof IdentityState>;

/** 256 bits of randomness that fit a URL and a cookie. */
export const newSecret = (): string => randomBytes(32).toString('base64url');
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares without telling by time where the difference is. */
export const sameText = (left: string, right: string): boolean =>
  timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());

/** An own member of a record; never one that it inherits. */
export const member = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** Takes out what has expired, so that the file does not grow for ever. */
export const forgetExpired = (state: IdentityState, now: number): void => {
  for (const records of [state.sessions, state.codes, state.refreshTokens])
    for (const [digest, { expiresAt }] of Object.entries(records))
      if (expiresAt <= now) delete records[digest];
};
