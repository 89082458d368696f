import * as z from 'zod';
import { parsePayload } from '../parse-payload.ts';
import { PrepareRefusedError } from '../prepare-refused.ts';
import type { Finding, ProviderOperation, ProviderReply, Verdict } from '../provider.ts';
import { jsonObject } from '../reply.ts';
import { accountOf, accountWords, ask, PLAIN_HEADERS, signed, TRANSPORT_TIMEOUT_MS } from './account.ts';
import { orderBody, orderCost, OrderPayload, orderWords } from './order.ts';
import { readOrder, refusalVerdict } from './replies.ts';

const OPERATION = 'alpaca/order.submit';
const VERSION = '1';
const PATH = '/v2/orders';

const isDuplicate = (reply: ProviderReply): boolean => {
  const message = jsonObject(reply)?.['message'];
  return (
    reply.status === 422 &&
    typeof message === 'string' &&
    /client_order_id/i.test(message) &&
    /unique/i.test(message)
  );
};

const classify = (outcome: ProviderReply | Error): Verdict => {
  if (outcome instanceof Error) return refusalVerdict(outcome);
  if (isDuplicate(outcome)) {
    // An earlier attempt of ours landed after all: the lookup finds and adopts it.
    const summary = 'Alpaca has an order under this client order id already.';
    return { kind: 'ambiguous', code: 'DUPLICATE_CLIENT_ORDER_ID', summary };
  }
  if (outcome.status !== 200 && outcome.status !== 201) return refusalVerdict(outcome);
  const order = readOrder(outcome);
  if (order.kind === 'unreadable') {
    return {
      kind: 'ambiguous',
      code: order.code,
      summary: 'Alpaca answered, but not with an order that can be read.',
    };
  }
  if (order.status === 'rejected') {
    const summary = `Alpaca rejected order ${order.id}.`;
    return { kind: 'notApplied', retryable: false, code: 'ORDER_REJECTED', summary };
  }
  return {
    kind: 'applied',
    code: 'ORDER_ACCEPTED',
    summary: `Alpaca has order ${order.id}, status ${order.status}.`,
    resourceId: order.id,
    resourceStatus: order.status,
  };
};

const findingOf = (reply: ProviderReply, clientOrderId: string): Finding => {
  // A bare 404 can come from a proxy; Alpaca's own carries a JSON document.
  if (reply.status === 404 && jsonObject(reply) !== undefined) return { kind: 'absent' };
  if (reply.status !== 200)
    return { kind: 'unreadable', code: reply.status === 429 ? 'RATE_LIMITED' : 'LOOKUP_FAILED' };
  const order = readOrder(reply);
  if (order.kind === 'unreadable') return order;
  if (order.clientOrderId !== clientOrderId) return { kind: 'unreadable', code: 'WRONG_ORDER' };
  if (order.status === 'rejected') {
    return {
      kind: 'failed',
      code: 'ORDER_REJECTED',
      summary: `Alpaca rejected order ${order.id}.`,
      resourceId: order.id,
    };
  }
  return {
    kind: 'applied',
    code: 'ORDER_FOUND',
    summary: `Alpaca has order ${order.id}, status ${order.status}.`,
    resourceId: order.id,
    resourceStatus: order.status,
  };
};

const StoredBody = z.object({ client_order_id: z.string() });

/** POST /v2/orders. Keyed: Alpaca takes one order per client order id, for good, and can be asked by it. */
export const submitOrder: ProviderOperation = {
  describe: () => ({
    operation: OPERATION,
    adapterVersion: VERSION,
    title: 'Place an order',
    payload: OrderPayload,
    effects: ['trade'],
    recoveryClass: 'keyed',
    transportTimeoutMs: TRANSPORT_TIMEOUT_MS,
    lagMs: 10_000,
  }),

  render: (payload, facts) => {
    const account = accountOf(facts);
    const order = parsePayload(OrderPayload, payload);
    const cost = orderCost(order);
    return {
      request: {
        method: 'POST',
        url: new URL(`${account.baseUrl}${PATH}`).href,
        headers: { ...PLAIN_HEADERS, 'content-type': 'application/json' },
        body: orderBody(order, facts.providerKey),
        credential: account.credential,
        operation: OPERATION,
        adapterVersion: VERSION,
        media: [],
      },
      effects: [
        {
          type: 'trade',
          target: `${accountWords(account)}: ${order.symbol}`,
          reversibility: 'irreversible',
          cost,
        },
      ],
      recoveryClass: 'keyed',
      title: `${orderWords(order)} (${accountWords(account)})`,
      summary: [
        { label: 'Account', value: `Alpaca ${accountWords(account)}` },
        { label: 'Order', value: orderWords(order) },
        { label: 'Valid', value: order.time_in_force },
        ...(order.extended_hours === true ? [{ label: 'Extended hours', value: 'yes' }] : []),
        { label: 'Order id', value: facts.providerKey },
      ],
      files: [],
      facts: { baseUrl: account.baseUrl, account: account.account, environment: account.environment },
    };
  },

  prepare: (input) => {
    const body: unknown = JSON.parse(input.request.body ?? 'null');
    if (StoredBody.safeParse(body).data?.client_order_id !== input.providerKey) {
      throw new PrepareRefusedError('HASH_MISMATCH', 'The stored order carries another client order id.');
    }
    return signed(input);
  },

  classify,

  reconcile: (input, send) => {
    const base = input.request.url.replace(/\/v2\/orders$/, '');
    const query = `client_order_id=${encodeURIComponent(input.providerKey)}`;
    return ask(input, `${base}${PATH}:by_client_order_id?${query}`, send, (reply) =>
      findingOf(reply, input.providerKey),
    );
  },
};
