import { describe, expect, test } from 'vitest';
import { cancelOrder } from '#shared/providers/alpaca/cancel-order.ts';
import { ORDER_STATUSES } from '#shared/providers/alpaca/replies.ts';
import { submitOrder } from '#shared/providers/alpaca/submit-order.ts';
import { OutboundError } from '#shared/providers/outbound-error.ts';
import type {
  Finding,
  OutgoingRequest,
  ProviderOperation,
  ProviderReply,
} from '#shared/providers/provider.ts';
import { dispatchOf, facts, KEY, NOW, ORDER, ORDER_ID, project } from './support.ts';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): ProviderReply => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const order = (status: string, more: Record<string, unknown> = {}) => ({
  id: ORDER_ID,
  client_order_id: KEY,
  status,
  ...more,
});

describe('what a reply to a new order proves', () => {
  test.each(ORDER_STATUSES.filter((status) => status !== 'rejected'))(
    '200 with status %s: applied',
    (status) => {
      expect(submitOrder.classify(answer(200, order(status)))).toMatchObject({
        kind: 'applied',
        resourceId: ORDER_ID,
        resourceStatus: status,
      });
    },
  );

  test.each([
    [
      '200 rejected at once',
      answer(200, order('rejected')),
      { kind: 'notApplied', retryable: false, code: 'ORDER_REJECTED' },
    ],
    [
      'a status that nobody knows',
      answer(200, order('teleported')),
      { kind: 'ambiguous', code: 'UNKNOWN_ORDER_STATUS' },
    ],
    ['200 without an order', answer(200, '<html>'), { kind: 'ambiguous', code: 'REPLY_UNREADABLE' }],
    ['202', answer(202, order('new')), { kind: 'ambiguous', code: 'UNEXPECTED_STATUS' }],
    [
      'too little money',
      answer(403, { code: 40310000, message: 'insufficient buying power' }),
      { kind: 'notApplied', retryable: false, code: 'ORDER_FORBIDDEN' },
    ],
    [
      'an unknown key',
      answer(403, { message: 'forbidden.' }),
      { kind: 'notApplied', code: 'CREDENTIAL_REFUSED' },
    ],
    [
      'no key',
      answer(401, { message: 'request is not authorized' }),
      { kind: 'notApplied', code: 'CREDENTIAL_REFUSED' },
    ],
    [
      'a taken client order id',
      answer(422, { code: 40010001, message: 'client_order_id must be unique' }),
      { kind: 'ambiguous', code: 'DUPLICATE_CLIENT_ORDER_ID' },
    ],
    [
      'another fault under the same code',
      answer(422, { code: 40010001, message: 'invalid qty' }),
      { kind: 'notApplied', retryable: false, code: 'ORDER_REFUSED' },
    ],
    [
      'a sub-penny price',
      answer(422, { code: 42210000, message: 'sub-penny increment' }),
      { kind: 'notApplied', retryable: false, code: 'ORDER_REFUSED' },
    ],
    ['no such path', answer(404, {}), { kind: 'notApplied', retryable: false, code: 'NOT_FOUND_THERE' }],
    ['a timeout of theirs', answer(504, ''), { kind: 'ambiguous', code: 'PROVIDER_FAILED' }],
    [
      'a timeout of ours',
      new OutboundError('SEND_TIMEOUT', 'late', { sent: true }),
      { kind: 'ambiguous', code: 'SEND_TIMEOUT' },
    ],
    [
      'a cut-off 200',
      new OutboundError('RESPONSE_TRUNCATED', 'cut', { sent: true, status: 200 }),
      { kind: 'ambiguous' },
    ],
    [
      'a refused connection',
      new OutboundError('CONNECT_FAILED', 'no', { sent: false }),
      { kind: 'notApplied', retryable: true },
    ],
    [
      'a refusal of our own',
      new OutboundError('GUARD_ADDRESS', 'no', { sent: false }),
      { kind: 'notApplied', retryable: false },
    ],
  ] as const)('%s', (_name, outcome, verdict) => {
    expect(submitOrder.classify(outcome)).toMatchObject(verdict);
  });

  test.each([
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': 'Sat, 21 Nov 2026 09:00:30 GMT', date: 'Sat, 21 Nov 2026 09:00:00 GMT' }, 30],
    [{ 'x-ratelimit-reset': '1795251612', date: 'Sat, 21 Nov 2026 09:00:00 GMT' }, 12],
    [{ 'retry-after': '999999' }, 3600],
    [{ 'retry-after': '0' }, 1],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('429 with %o: wait %s seconds', (headers, seconds) => {
    const verdict = submitOrder.classify(answer(429, { message: 'too many requests.' }, headers));
    expect(verdict).toMatchObject({ kind: 'notApplied', retryable: true, code: 'RATE_LIMITED' });
    expect('retryAfterSeconds' in verdict ? verdict.retryAfterSeconds : undefined).toBe(seconds);
  });
});

const ask = async (
  operation: ProviderOperation,
  payload: unknown,
  reply: ProviderReply | Error,
  base?: string,
): Promise<{ finding: Finding; sent: OutgoingRequest[] }> => {
  const sent: OutgoingRequest[] = [];
  const rendered = operation.render(payload, facts(base === undefined ? {} : { baseUrlOverride: base }));
  const finding = await operation.reconcile(
    dispatchOf(rendered),
    async (request) => {
      sent.push(request);
      if (reply instanceof Error) throw reply;
      return reply;
    },
    NOW,
  );
  return { finding, sent };
};

describe('asking for an order by our client order id', () => {
  test('reads at the base of the approved request, with the key headers', async () => {
    const { sent } = await ask(
      submitOrder,
      ORDER,
      answer(404, { code: 40410000, message: 'order not found' }),
      'http://127.0.0.1:9/_alpaca',
    );
    expect(sent).toEqual([
      {
        method: 'GET',
        url: `http://127.0.0.1:9/_alpaca/v2/orders:by_client_order_id?client_order_id=${KEY}`,
        headers: expect.objectContaining({
          'apca-api-key-id': 'PLANTEDKEYID',
          'apca-api-secret-key': 'planted-secret-key',
        }),
        body: null,
        timeoutMs: 15_000,
      },
    ]);
  });

  test.each([
    ['its own 404', answer(404, { code: 40410000, message: 'order not found' }), { kind: 'absent' }],
    ['a bare 404, which a proxy may have said', answer(404, 'not found'), { kind: 'unreadable' }],
    [
      'an order that was rejected',
      answer(200, order('rejected')),
      { kind: 'failed', code: 'ORDER_REJECTED', resourceId: ORDER_ID },
    ],
    [
      'an order under another id',
      answer(200, order('new', { client_order_id: 'other' })),
      { kind: 'unreadable', code: 'WRONG_ORDER' },
    ],
    [
      'an unknown status',
      answer(200, order('teleported')),
      { kind: 'unreadable', code: 'UNKNOWN_ORDER_STATUS' },
    ],
    ['an empty 200', answer(200, ''), { kind: 'unreadable' }],
    ['no key any more', answer(401, {}), { kind: 'unreadable' }],
    ['a 500', answer(500, {}), { kind: 'unreadable' }],
    ['too many requests', answer(429, {}), { kind: 'unreadable', code: 'RATE_LIMITED' }],
    [
      'a broken line',
      new OutboundError('SEND_TIMEOUT', 'late', { sent: true }),
      { kind: 'unreadable', code: 'SEND_TIMEOUT' },
    ],
  ] as const)('%s', async (_name, reply, finding) => {
    expect((await ask(submitOrder, ORDER, reply)).finding).toMatchObject(finding);
  });

  test.each(ORDER_STATUSES.filter((status) => status !== 'rejected'))(
    'status %s: it exists, applied',
    async (status) => {
      expect((await ask(submitOrder, ORDER, answer(200, order(status)))).finding).toMatchObject({
        kind: 'applied',
        resourceId: ORDER_ID,
        resourceStatus: status,
      });
    },
  );

  test('without a usable secret it asks nobody and claims nothing', async () => {
    const rendered = submitOrder.render(ORDER, facts());
    const never = () => Promise.reject(new Error('it was asked'));
    expect(await submitOrder.reconcile(dispatchOf(rendered, null), never, NOW)).toEqual({
      kind: 'unreadable',
      code: 'CREDENTIAL_INCOMPLETE',
    });
  });
});

describe('cancelling', () => {
  test.each([
    [answer(204, ''), { kind: 'applied', code: 'CANCEL_REQUESTED' }],
    [
      answer(422, { code: 42210000, message: 'order is already filled' }),
      { kind: 'notApplied', retryable: false, code: 'NOT_CANCELABLE' },
    ],
    [answer(404, { message: 'order not found' }), { kind: 'notApplied', retryable: false }],
    [answer(207, []), { kind: 'ambiguous' }],
    [answer(500, {}), { kind: 'ambiguous' }],
  ] as const)('reply %o', (reply, verdict) => {
    expect(cancelOrder.classify(reply)).toMatchObject(verdict);
  });

  const expected = (status: string): Finding['kind'] =>
    ['canceled', 'pending_cancel'].includes(status)
      ? 'applied'
      : ['filled', 'expired', 'rejected', 'replaced'].includes(status)
        ? 'failed'
        : 'absent';

  test.each(ORDER_STATUSES)('an order that is %s', async (status) => {
    const { finding, sent } = await ask(cancelOrder, { order_id: ORDER_ID }, answer(200, order(status)));
    expect(finding.kind).toBe(expected(status));
    expect(sent[0]).toMatchObject({
      method: 'GET',
      url: `https://paper-api.alpaca.markets/v2/orders/${ORDER_ID}`,
    });
  });

  test('another order in the reply proves nothing', async () => {
    const other = answer(200, { ...order('canceled'), id: '00000000-0000-4000-8000-000000000000' });
    expect((await ask(cancelOrder, { order_id: ORDER_ID }, other)).finding).toMatchObject({
      kind: 'unreadable',
    });
  });
});

test('a paper key never meets the live host, not even by a changed dry run', () => {
  const live = submitOrder.render(
    ORDER,
    facts({ project: project({ alpaca: { account: 'main', environment: 'PRODUCTION' } }) }),
  );
  const paper = submitOrder.render(ORDER, facts());
  const mixed = { ...live, request: { ...live.request, credential: paper.request.credential } };
  expect(() => submitOrder.prepare(dispatchOf(mixed), NOW)).toThrow(
    expect.objectContaining({ code: 'HASH_MISMATCH' }),
  );
});
