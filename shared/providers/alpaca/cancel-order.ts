import * as z from 'zod';
import { parsePayload } from '../parse-payload.ts';
import type { Finding, ProviderOperation, ProviderReply } from '../provider.ts';
import { jsonObject } from '../reply.ts';
import { accountOf, accountWords, ask, PLAIN_HEADERS, signed, TRANSPORT_TIMEOUT_MS } from './account.ts';
import { readOrder, refusalVerdict } from './replies.ts';

const OPERATION = 'alpaca/order.cancel';
const VERSION = '1';

const CancelPayload = z.strictObject({
  order_id: z
    .string()
    .regex(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      "an order id is Alpaca's own, a UUID in lower case",
    ),
});

const findingOf = (reply: ProviderReply, orderId: string): Finding => {
  // A bare 404 can come from a proxy; Alpaca's own carries a JSON document.
  if (reply.status === 404 && jsonObject(reply) !== undefined) {
    return {
      kind: 'failed',
      code: 'NOT_FOUND_THERE',
      summary: 'Alpaca knows no such order.',
      resourceId: orderId,
    };
  }
  if (reply.status !== 200)
    return { kind: 'unreadable', code: reply.status === 429 ? 'RATE_LIMITED' : 'LOOKUP_FAILED' };
  const order = readOrder(reply);
  if (order.kind === 'unreadable') return order;
  if (order.id !== orderId) return { kind: 'unreadable', code: 'WRONG_ORDER' };
  switch (order.status) {
    case 'canceled':
    case 'pending_cancel':
      return {
        kind: 'applied',
        code: 'ORDER_CANCELED',
        summary: `Order ${orderId} is ${order.status}.`,
        resourceId: orderId,
        resourceStatus: order.status,
      };
    case 'filled':
    case 'expired':
    case 'rejected':
    case 'replaced':
      return {
        kind: 'failed',
        code: 'NOT_CANCELABLE',
        summary: `Order ${orderId} ended as ${order.status}.`,
        resourceId: orderId,
      };
    default:
      // Still open: the request to cancel has not arrived, or not yet.
      return { kind: 'absent' };
  }
};

/** DELETE /v2/orders/{id}. Upsert: cancelling twice lands on the same order in the same state. */
export const cancelOrder: ProviderOperation = {
  describe: () => ({
    operation: OPERATION,
    adapterVersion: VERSION,
    title: 'Cancel an order',
    payload: CancelPayload,
    effects: ['trade'],
    recoveryClass: 'upsert',
    transportTimeoutMs: TRANSPORT_TIMEOUT_MS,
    lagMs: 10_000,
  }),

  render: (payload, facts) => {
    const account = accountOf(facts);
    const { order_id: orderId } = parsePayload(CancelPayload, payload);
    return {
      request: {
        method: 'DELETE',
        url: new URL(`${account.baseUrl}/v2/orders/${orderId}`).href,
        headers: { ...PLAIN_HEADERS },
        body: null,
        credential: account.credential,
        operation: OPERATION,
        adapterVersion: VERSION,
        media: [],
      },
      effects: [
        {
          type: 'trade',
          target: `${accountWords(account)}: order ${orderId}`,
          reversibility: 'irreversible',
          cost: { minorUnits: 0, currency: 'USD' },
        },
      ],
      recoveryClass: 'upsert',
      title: `Cancel order ${orderId} (${accountWords(account)})`,
      summary: [
        { label: 'Account', value: `Alpaca ${accountWords(account)}` },
        { label: 'Order to cancel', value: orderId },
      ],
      files: [],
      facts: {
        baseUrl: account.baseUrl,
        account: account.account,
        environment: account.environment,
        orderId,
      },
    };
  },

  prepare: (input) => signed(input),

  classify: (outcome) => {
    if (outcome instanceof Error || (outcome.status !== 204 && outcome.status !== 200)) {
      const verdict = refusalVerdict(outcome);
      const refused = verdict.kind === 'notApplied' && !(outcome instanceof Error) && outcome.status === 422;
      return refused ? { ...verdict, code: 'NOT_CANCELABLE' } : verdict;
    }
    return { kind: 'applied', code: 'CANCEL_REQUESTED', summary: 'Alpaca took the request to cancel.' };
  },

  reconcile: (input, send) => {
    const orderId = new URL(input.request.url).pathname.split('/').at(-1) ?? '';
    return ask(input, input.request.url, send, (reply) => findingOf(reply, orderId));
  },
};
