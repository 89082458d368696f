import * as z from 'zod';
import type { ProviderReply, Verdict } from '../provider.ts';
import { errorText, jsonObject, retryAfterSeconds, transportVerdict } from '../reply.ts';

/** Every status of the specification. One that is not here is a fault, never a guess. */
export const ORDER_STATUSES = [
  'new',
  'partially_filled',
  'filled',
  'done_for_day',
  'canceled',
  'expired',
  'replaced',
  'pending_cancel',
  'pending_replace',
  'accepted',
  'pending_new',
  'accepted_for_bidding',
  'stopped',
  'rejected',
  'suspended',
  'calculated',
  'held',
] as const;

const OrderReply = z.object({
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  client_order_id: z.string().max(128),
  status: z.string().max(60),
});

export type OrderRead =
  | {
      readonly kind: 'order';
      readonly id: string;
      readonly clientOrderId: string;
      readonly status: (typeof ORDER_STATUSES)[number];
    }
  | { readonly kind: 'unreadable'; readonly code: 'REPLY_UNREADABLE' | 'UNKNOWN_ORDER_STATUS' };

/** The order in a reply's body. */
export const readOrder = (reply: ProviderReply): OrderRead => {
  const parsed = OrderReply.safeParse(jsonObject(reply));
  if (!parsed.success) return { kind: 'unreadable', code: 'REPLY_UNREADABLE' };
  const status = ORDER_STATUSES.find((known) => known === parsed.data.status);
  return status === undefined
    ? { kind: 'unreadable', code: 'UNKNOWN_ORDER_STATUS' }
    : { kind: 'order', id: parsed.data.id, clientOrderId: parsed.data.client_order_id, status };
};

const withText = (words: string, reply: ProviderReply): string => {
  const text = errorText(reply);
  return text === '' ? `${words} (${reply.status}).` : `${words} (${reply.status}): ${text}`;
};

/**
 * What a reply other than success proves, the same for every operation. A 4xx is Alpaca's own refusal: nothing
 * happened. 408, 409, 425, a redirect, a 5xx or anything unexpected proves nothing.
 */
export const refusalVerdict = (outcome: ProviderReply | Error): Verdict => {
  if (outcome instanceof Error) return transportVerdict(outcome);
  const { status } = outcome;
  if (status === 429) {
    const wait = retryAfterSeconds(outcome.headers);
    return {
      kind: 'notApplied',
      retryable: true,
      code: 'RATE_LIMITED',
      summary: withText('Alpaca asks to slow down', outcome),
      ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
    };
  }
  // Alpaca says 401, or 403 without a code of its own, where it does not know the key.
  if (status === 401 || (status === 403 && jsonObject(outcome)?.['code'] === undefined)) {
    return {
      kind: 'notApplied',
      retryable: true,
      code: 'CREDENTIAL_REFUSED',
      summary: withText('Alpaca does not accept the key', outcome),
      retryAfterSeconds: 300,
    };
  }
  if (status >= 400 && status < 500 && ![408, 409, 425].includes(status)) {
    const code = status === 403 ? 'ORDER_FORBIDDEN' : status === 404 ? 'NOT_FOUND_THERE' : 'ORDER_REFUSED';
    return { kind: 'notApplied', retryable: false, code, summary: withText('Alpaca refused', outcome) };
  }
  return {
    kind: 'ambiguous',
    code: status >= 500 && status <= 599 ? 'PROVIDER_FAILED' : 'UNEXPECTED_STATUS',
    summary: withText('Alpaca gave no clear answer', outcome),
  };
};
