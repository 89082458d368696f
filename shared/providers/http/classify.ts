import { OutboundError } from '../outbound-error.ts';
import type { ProviderReply, Verdict } from '../provider.ts';
import { errorText, jsonObject, retryAfterSeconds, transportVerdict } from '../reply.ts';
import { redact } from '../redact.ts';

/** The id that a JSON reply gives the thing, if it reads like one and not like a secret. */
const resourceIdOf = (reply: ProviderReply): string | undefined => {
  const id = jsonObject(reply)?.['id'];
  const text = typeof id === 'number' ? String(id) : id;
  return typeof text === 'string' && /^[\w.:-]{1,120}$/.test(text) && redact(text) === text
    ? text
    : undefined;
};

const words = (reply: ProviderReply): string => {
  const text = errorText(reply);
  return text === '' ? `The API answered ${reply.status}.` : `The API answered ${reply.status}: ${text}`;
};

/**
 * What a reply of an unknown API proves. 2xx: it happened. 4xx is the API's refusal, except for 408, 409 and 425,
 * which say nothing about an earlier or half-read request. 429 may be sent again. Redirects (a 303 often follows a
 * success), 5xx and anything else prove nothing. A status line counts even where the body broke off.
 */
export const classifyReply = (outcome: ProviderReply | Error): Verdict => {
  if (outcome instanceof OutboundError && outcome.status !== undefined) {
    return classifyReply({ status: outcome.status, headers: {}, body: '' });
  }
  if (outcome instanceof Error) return transportVerdict(outcome);
  const { status } = outcome;
  if (status >= 200 && status < 300) {
    const resourceId = resourceIdOf(outcome);
    return {
      kind: 'applied',
      code: 'HTTP_OK',
      summary: `The API answered ${status}.`,
      ...(resourceId === undefined ? {} : { resourceId }),
    };
  }
  if (status === 429) {
    const wait = retryAfterSeconds(outcome.headers);
    return {
      kind: 'notApplied',
      retryable: true,
      code: 'RATE_LIMITED',
      summary: words(outcome),
      ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
    };
  }
  if (status >= 400 && status < 500 && ![408, 409, 425].includes(status)) {
    const code = status === 401 ? 'CREDENTIAL_REFUSED' : 'HTTP_REFUSED';
    return { kind: 'notApplied', retryable: false, code, summary: words(outcome) };
  }
  const code = status >= 500 && status <= 599 ? 'PROVIDER_FAILED' : 'UNEXPECTED_STATUS';
  return { kind: 'ambiguous', code, summary: words(outcome) };
};
