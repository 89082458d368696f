import * as z from 'zod';
import { timestamp } from '../../actions/identity.ts';
import { OutboundError } from '../../providers/outbound-error.ts';
import type { ProviderReply } from '../../providers/provider.ts';
import type { Connection } from './connection.ts';
import { type OAuthProvider, scopeList } from './providers.ts';

/** Tokens as a provider gave them. Ends are absolute, counted from before the request left. */
export type Tokens = Required<Pick<Connection, 'accessToken' | 'accessExpiresAt'>> &
  Pick<Connection, 'refreshToken' | 'refreshExpiresAt' | 'scope'>;

/** What a call of the token endpoint came to. Nothing but `tokens` holds a value. */
export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  /** The grant (code or refresh token) is dead, or was used before. */
  | { readonly kind: 'invalid-grant' }
  /** Proven to have changed nothing; the same again later. */
  | { readonly kind: 'retryable'; readonly code: string; readonly retryAfterMs: number | null }
  /** The client or the request is wrong; only a person can change that. */
  | { readonly kind: 'refused'; readonly code: string }
  /** It may have worked at the provider, and its answer is lost. */
  | { readonly kind: 'ambiguous'; readonly code: string; readonly retryAfterMs: number | null };

const token = z.string().regex(/^[\x21-\x7e]{1,8192}$/);
const seconds = z.coerce
  .number()
  .int()
  .positive()
  .max(10 * 365 * 86_400);
const TokenBody = z.object({
  access_token: token,
  token_type: z.string().optional(),
  expires_in: seconds.optional(),
  refresh_token: token.optional(),
  refresh_token_expires_in: seconds.optional(),
  scope: z.string().max(4000).optional(),
});
const ErrorBody = z.object({ error: z.string().max(200) });

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

const LONGEST_WAIT_MS = 24 * 3_600_000;

/** `Retry-After` in milliseconds, as seconds or as a date; null where there is none that makes sense. */
export const retryAfterMs = (headers: Readonly<Record<string, string>>, now: number): number | null => {
  const text = headers['retry-after']?.trim() ?? '';
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(wait) && wait > 0 ? Math.min(wait, LONGEST_WAIT_MS) : null;
};

const tokensOf = (
  body: z.infer<typeof TokenBody>,
  { accessSeconds, refreshSeconds }: OAuthProvider,
  sentAt: number,
): Tokens => {
  const refreshLife = body.refresh_token_expires_in ?? refreshSeconds;
  return {
    accessToken: body.access_token,
    accessExpiresAt: timestamp(sentAt + (body.expires_in ?? accessSeconds) * 1000),
    ...(body.refresh_token === undefined ? {} : { refreshToken: body.refresh_token }),
    ...(body.refresh_token === undefined || refreshLife === null
      ? {}
      : { refreshExpiresAt: timestamp(sentAt + refreshLife * 1000) }),
    ...(body.scope === undefined ? {} : { scope: scopeList(body.scope).join(' ') }),
  };
};

/** Only what RFC 6749 and the providers name gets into rows and logs. */
const safeCode = (code: string): string => (/^[a-z_]{1,60}$/.test(code) ? code : 'unknown_error');

/**
 * Reads the answer of a token endpoint.
 * @param sentAt epoch milliseconds before the request left, so that a token never seems to live longer than it does
 */
export const classifyTokenAnswer = (
  outcome: ProviderReply | Error,
  provider: OAuthProvider,
  sentAt: number,
): TokenAnswer => {
  if (outcome instanceof Error) {
    const code = outcome instanceof OutboundError ? outcome.code : 'UNKNOWN';
    const unsent = outcome instanceof OutboundError && !outcome.sent;
    return { kind: unsent ? 'retryable' : 'ambiguous', code, retryAfterMs: null };
  }
  const { status } = outcome;
  const wait = retryAfterMs(outcome.headers, sentAt);
  const body = parsed(outcome.body);
  if (status >= 200 && status < 300) {
    const found = TokenBody.safeParse(body);
    // A success that cannot be read has consumed the grant all the same.
    if (!found.success) return { kind: 'ambiguous', code: 'UNREADABLE_ANSWER', retryAfterMs: null };
    const type = found.data.token_type?.toLowerCase() ?? 'bearer';
    if (type !== 'bearer') return { kind: 'refused', code: 'unsupported_token_type' };
    return { kind: 'tokens', tokens: tokensOf(found.data, provider, sentAt) };
  }
  const error = safeCode(ErrorBody.safeParse(body).data?.error ?? '');
  if (status === 429) return { kind: 'retryable', code: 'STATUS_429', retryAfterMs: wait };
  // Providers are known to answer 500 after the token was rotated, so no 5xx proves anything.
  if (status >= 500 || status === 408)
    return { kind: 'ambiguous', code: `STATUS_${status}`, retryAfterMs: wait };
  if (error === 'invalid_grant') return { kind: 'invalid-grant' };
  if (error === 'temporarily_unavailable' || error === 'slow_down')
    return { kind: 'retryable', code: error, retryAfterMs: wait };
  return { kind: 'refused', code: error === 'unknown_error' ? `STATUS_${status}` : error };
};
