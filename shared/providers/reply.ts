import type { OutboundError } from './outbound-error.ts';
import type { ProviderReply, Verdict } from './provider.ts';
import { redact } from './redact.ts';

/** A JSON object body, or undefined. */
export const jsonObject = (reply: ProviderReply): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(reply.body);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
};

/** The words of a JSON error body, redacted; empty where it has none. */
export const errorText = (reply: ProviderReply): string => {
  const body = jsonObject(reply);
  if (body === undefined) return '';
  const inner = typeof body['error'] === 'object' && body['error'] !== null ? body['error'] : {};
  const parts = [body, inner as Readonly<Record<string, unknown>>].flatMap((part) =>
    ['code', 'title', 'message', 'detail', 'error', 'error_description']
      .map((name) => part[name])
      .filter((value) => typeof value === 'string' || typeof value === 'number'),
  );
  return redact(parts.join(': '), 140);
};

/** Longest back-off that a provider may ask for. */
const MAX_RETRY_AFTER_SECONDS = 3600;

/** Seconds to wait by Retry-After (seconds or date) or X-RateLimit-Reset, measured by the reply's own Date. */
export const retryAfterSeconds = (headers: Readonly<Record<string, string>>): number | undefined => {
  const after = headers['retry-after']?.trim();
  const sentAt = Date.parse(headers['date'] ?? '');
  const until = (atMs: number): number => Math.ceil((atMs - sentAt) / 1000);
  const reset = headers['x-ratelimit-reset'];
  const seconds =
    after !== undefined && /^\d{1,9}$/.test(after)
      ? Number(after)
      : after !== undefined
        ? until(Date.parse(after))
        : reset !== undefined && /^\d{1,12}$/.test(reset)
          ? until(Number(reset) * 1000)
          : Number.NaN;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS) : undefined;
};

/** What a broken transport proves: nothing, unless no byte had left. */
export const transportVerdict = (error: Error): Verdict => {
  const outbound = error.name === 'OutboundError' ? (error as OutboundError) : undefined;
  if (outbound === undefined) {
    return {
      kind: 'ambiguous',
      code: 'TRANSPORT_FAILED',
      summary: 'The request broke off; it may have arrived.',
    };
  }
  if (outbound.sent) {
    return {
      kind: 'ambiguous',
      code: outbound.code,
      summary: redact(`No usable reply: ${outbound.message}. The request may have arrived.`),
    };
  }
  return {
    kind: 'notApplied',
    retryable: !outbound.code.startsWith('GUARD_'),
    code: outbound.code,
    summary: redact(`Nothing was sent: ${outbound.message}.`),
  };
};
