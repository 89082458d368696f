import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { STAND_IN_PROVIDERS } from './rules.ts';

const Provider = z.enum(STAND_IN_PROVIDERS);

/**
 * What happens to the next call that fits. `Before`: the call has no effect. `After`: it has, and its answer is lost.
 * `unreadable` answers 200 with something that is no JSON, after the effect. `notOffline` takes effect and answers
 * without a refresh token.
 */
export const Fault = z.strictObject({
  kind: z.enum([
    'timeoutBefore',
    'timeoutAfter',
    'resetBefore',
    'resetAfter',
    'serverErrorBefore',
    'serverErrorAfter',
    'tooManyRequests',
    'unreadable',
    'notOffline',
  ]),
  /** Absent: any. */
  provider: Provider.optional(),
  /** Default `token`. */
  endpoint: z.enum(['token', 'api', 'revoke']).optional(),
  times: z.number().int().min(1).max(1_000_000).optional(),
  /** Of `tooManyRequests`: becomes Retry-After. */
  delayMs: z.number().int().min(0).max(86_400_000).optional(),
});
export type Fault = z.infer<typeof Fault>;

export const LoggedCall = z.object({
  at: z.number(),
  provider: Provider,
  endpoint: z.enum(['authorize', 'consent', 'token', 'api', 'revoke']),
  /** Grant type of a token call, method and path of an API call. */
  what: z.string(),
  clientId: z.string(),
  /** 0 where nothing was answered. */
  status: z.number(),
  /** OAuth's word for what went wrong. */
  error: z.string().optional(),
  fault: Fault.shape.kind.optional(),
});
export type LoggedCall = z.infer<typeof LoggedCall>;

const Grant = z.object({
  id: z.string(),
  provider: Provider,
  clientId: z.string(),
  account: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
  refreshes: z.number(),
});
export type Grant = z.infer<typeof Grant>;

const RefreshToken = z.object({
  grant: z.string(),
  issuedAt: z.number(),
  usedAt: z.number(),
  expiresAt: z.number().nullable(),
  dead: z.boolean(),
  /** Digest of the one that this one replaces; with grace that one lives until this one is used. */
  replaces: z.string().nullable(),
});
export type RefreshToken = z.infer<typeof RefreshToken>;

/** All that the providers remember. Tokens, codes and secrets are stored as digests, as a real server would. */
export const OAuthState = z.object({
  clients: z.record(
    z.string(),
    z.object({
      provider: Provider,
      clientId: z.string(),
      secretDigest: z.string(),
      /** Shopify signs callbacks with the app's secret, so that it has to keep it. */
      signingSecret: z.string().optional(),
      redirectUris: z.array(z.string()),
    }),
  ),
  behaviour: z.partialRecord(
    Provider,
    z.object({ testing: z.boolean().optional(), strictReuse: z.boolean().optional() }),
  ),
  codes: z.record(
    z.string(),
    z.object({
      provider: Provider,
      clientId: z.string(),
      redirectUri: z.string(),
      account: z.string(),
      scopes: z.array(z.string()),
      challenge: z.string().nullable(),
      /** A lasting consent: the exchange answers a refresh token. */
      offline: z.boolean(),
      expiresAt: z.number(),
    }),
  ),
  grants: z.record(z.string(), Grant),
  refreshTokens: z.record(z.string(), RefreshToken),
  accessTokens: z.record(
    z.string(),
    z.object({
      provider: Provider,
      grant: z.string().nullable(),
      clientId: z.string(),
      account: z.string(),
      scopes: z.array(z.string()),
      expiresAt: z.number(),
    }),
  ),
  playlists: z.array(z.object({ id: z.string(), account: z.string(), title: z.string() })),
  faults: z.array(Fault),
});
export type OAuthState = z.infer<typeof OAuthState>;

export const emptyState = (): OAuthState => ({
  clients: {},
  behaviour: {},
  codes: {},
  grants: {},
  refreshTokens: {},
  accessTokens: {},
  playlists: [],
  faults: [],
});

export const clientKey = (provider: string, clientId: string): string => `${provider}/${clientId}`;

export const digestOf = (value: string): string => createHash('sha256').update(value).digest('hex');
export const newSecret = (): string => randomBytes(24).toString('base64url');

/** A member that was written here; names of `Object.prototype` are none. */
export const member = <Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** Takes one use off the first fault that fits, if one does. */
export const takeFault = (
  state: OAuthState,
  provider: string,
  endpoint: NonNullable<Fault['endpoint']>,
): Fault | undefined => {
  const index = state.faults.findIndex(
    (fault) =>
      (fault.endpoint ?? 'token') === endpoint &&
      (fault.provider === undefined || fault.provider === provider),
  );
  const fault = state.faults[index];
  if (fault === undefined) return undefined;
  const left = (fault.times ?? 1) - 1;
  if (left === 0) state.faults.splice(index, 1);
  else fault.times = left;
  return { ...fault };
};

/** Drops what nobody can use any more, so that the state stays small. */
export const forgetExpired = (state: OAuthState, now: number): void => {
  for (const [digest, { expiresAt }] of Object.entries(state.accessTokens))
    if (expiresAt <= now) delete state.accessTokens[digest];
  for (const [digest, { expiresAt }] of Object.entries(state.codes))
    if (expiresAt <= now) delete state.codes[digest];
  // Dead refresh tokens are kept for a day, so that their reuse is told from nonsense.
  for (const [digest, { dead, usedAt }] of Object.entries(state.refreshTokens))
    if (dead && usedAt + 86_400_000 <= now) delete state.refreshTokens[digest];
};
