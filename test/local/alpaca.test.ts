import { readFileSync, existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveAlpacaStandIn, STAND_IN_KEYS } from '#infra/local/alpaca-stand-in/serve.ts';
import type { AlpacaFault } from '#infra/local/ports.ts';
import { silenceOf, whileItHangs } from '../support/patience.ts';
import { type HostDouble, hostDouble } from './local-host-double.ts';

let host: HostDouble;
let alpaca: Awaited<ReturnType<typeof serveAlpacaStandIn>>;

const start = async (): Promise<void> => {
  alpaca = await serveAlpacaStandIn({ dataDir: host.dataDir, clock: host.clock });
};
beforeEach(async () => {
  host = hostDouble();
  await start();
});
afterEach(async () => {
  await alpaca.stop();
  host.removeData();
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly [field: string]: unknown } & readonly { readonly [field: string]: unknown }[];
}

const call = async (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Reply> => {
  const reply = await fetch(alpaca.url + path, {
    method,
    headers: { 'APCA-API-KEY-ID': STAND_IN_KEYS.keyId, 'APCA-API-SECRET-KEY': STAND_IN_KEYS.secretKey },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
};

const order = (more: object = {}) => ({
  symbol: 'AAPL',
  qty: '1',
  side: 'buy',
  type: 'market',
  time_in_force: 'day',
  client_order_id: 'order-1',
  ...more,
});
const submit = (more: object = {}, signal?: AbortSignal) => call('POST', '/v2/orders', order(more), signal);
const lookup = (id = 'order-1') => call('GET', `/v2/orders:by_client_order_id?client_order_id=${id}`);
const outcome = (promise: Promise<Reply>) =>
  promise.then(
    (reply) => reply.status,
    () => 'broken' as const,
  );
const submitAndGiveUp = (more: object = {}) => {
  const patience = new AbortController();
  return outcome(
    whileItHangs(
      silenceOf(alpaca.control),
      () => submit(more, patience.signal),
      () => patience.abort(),
    ),
  );
};

describe('the Alpaca stand-in', () => {
  test('ten submissions of one client order id at once make one order; the others are refused as duplicates', async () => {
    const replies = await Promise.all(Array.from({ length: 10 }, () => submit()));
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    for (const reply of replies.filter((each) => each.status !== 200)) {
      expect(reply.status).toBe(422);
      expect(reply.body).toEqual({ code: 40_010_001, message: 'client_order_id must be unique' });
    }
    expect(alpaca.control.orders()).toHaveLength(1);
  });

  test.each<[AlpacaFault, 'broken' | number, number, number]>([
    [{ kind: 'timeoutAfter' }, 'broken', 200, 422],
    [{ kind: 'timeoutBefore' }, 'broken', 404, 200],
    [{ kind: 'resetAfter' }, 'broken', 200, 422],
    [{ kind: 'resetBefore' }, 'broken', 404, 200],
    [{ kind: 'serverErrorAfter' }, 500, 200, 422],
    [{ kind: 'serverErrorBefore' }, 500, 404, 200],
    [{ kind: 'tooManyRequests' }, 429, 404, 200],
    [{ kind: 'lookupLag', delayMs: 5000 }, 200, 404, 422],
  ])(
    'the fault %o gives %s, a lookup %i and a repeat %i, and never two orders',
    async (fault, first, found, repeat) => {
      await alpaca.control.inject(fault);
      expect(await submitAndGiveUp()).toBe(first);
      expect((await lookup()).status).toBe(found);
      expect((await submit()).status).toBe(repeat);
      expect(alpaca.control.orders()).toHaveLength(1);
      host.clock.advance(10_000);
      expect((await lookup()).status).toBe(200);
    },
  );

  test('an order that lands late is missed, then wins against the repeat', async () => {
    await alpaca.control.inject({ kind: 'landLate', delayMs: 30_000 });
    expect(await submitAndGiveUp()).toBe('broken');
    expect((await lookup()).status).toBe(404);
    host.clock.advance(30_000);
    expect((await submit()).status).toBe(422);
    expect((await lookup()).status).toBe(200);
  });

  test('an order that lands after its repeat is dropped', async () => {
    await alpaca.control.inject({ kind: 'landLate', delayMs: 30_000 });
    expect(await submitAndGiveUp()).toBe('broken');
    expect((await submit()).status).toBe(200);
    host.clock.advance(30_000);
    await lookup();
    expect(alpaca.control.orders()).toHaveLength(1);
  });

  test('orders, pending fills, faults and landings survive a restart', async () => {
    await submit();
    await alpaca.control.inject({ kind: 'landLate', delayMs: 5000 });
    expect(await submitAndGiveUp({ client_order_id: 'late' })).toBe('broken');
    await alpaca.control.inject({ kind: 'serverErrorBefore' });
    await alpaca.stop();
    host.clock.advance(10_000);
    await start();
    expect((await lookup()).body['status']).toBe('filled');
    expect((await lookup('late')).status).toBe(200);
    expect((await submit({ client_order_id: 'third' })).status).toBe(500);
    expect(alpaca.control.requests().filter((request) => request.method === 'POST')).toHaveLength(3);
  });

  test('a market order is accepted, then filled, and moves cash and position', async () => {
    const accepted = await submit({ qty: '2' });
    expect(accepted.body).toMatchObject({
      status: 'pending_new',
      filled_qty: '0',
      client_order_id: 'order-1',
    });
    host.clock.advance(1000);
    const filled = (await call('GET', `/v2/orders/${String(accepted.body['id'])}`)).body;
    expect(filled).toMatchObject({ status: 'filled', filled_qty: '2' });
    const account = (await call('GET', '/v2/account')).body;
    expect(Number(account['cash'])).toBeCloseTo(100_000 - 2 * Number(filled['filled_avg_price']), 2);
    expect((await call('GET', '/v2/positions')).body).toMatchObject([
      { symbol: 'AAPL', qty: '2', side: 'long' },
    ]);
    expect((await submit({ side: 'sell', qty: '3', client_order_id: 'sell-1' })).body['code']).toBe(
      40_310_000,
    );
    expect((await submit({ side: 'sell', qty: '2', client_order_id: 'sell-2' })).status).toBe(200);
    host.clock.advance(1000);
    expect((await call('GET', '/v2/account')).body['cash']).toBe('100000');
  });

  test('the symbol REJECT is accepted first and rejected afterwards', async () => {
    expect((await submit({ symbol: 'REJECT' })).status).toBe(200);
    host.clock.advance(1000);
    expect((await lookup()).body).toMatchObject({ status: 'rejected', filled_at: null });
    expect((await submit({ symbol: 'REJECT' })).status).toBe(422);
  });

  test('a limit away from the price rests until it is cancelled, and a cancel is confirmed by reading', async () => {
    const { body } = await submit({ type: 'limit', limit_price: '1.00', time_in_force: 'gtc' });
    host.clock.advance(1000);
    expect((await lookup()).body['status']).toBe('new');
    const path = `/v2/orders/${String(body['id'])}`;
    const cancelled = await call('DELETE', path);
    expect([cancelled.status, cancelled.body]).toEqual([204, undefined]);
    expect((await lookup()).body['status']).toBe('pending_cancel');
    host.clock.advance(1000);
    expect((await lookup()).body['status']).toBe('canceled');
    expect((await call('DELETE', path)).status).toBe(422);
    expect((await submit()).status).toBe(422);
    expect((await call('DELETE', '/v2/orders/00000000-0000-4000-8000-000000000000')).status).toBe(404);
  });

  test.each<[string, object, number, number]>([
    ['a numeric quantity', { qty: 1 }, 422, 40_010_001],
    ['no quantity', { qty: undefined }, 422, 40_010_001],
    ['quantity and notional', { notional: '10' }, 422, 40_010_001],
    ['a zero quantity', { qty: '0' }, 422, 40_010_001],
    ['a negative quantity', { qty: '-1' }, 422, 40_010_001],
    ['ten decimal places', { qty: '0.0000000001' }, 422, 40_010_001],
    ['an unknown type', { type: 'iceberg' }, 422, 40_010_001],
    ['a wrong time in force', { time_in_force: 'gtd' }, 422, 40_010_001],
    ['a crypto order for the day', { symbol: 'BTC/USD' }, 422, 40_010_001],
    ['no side', { side: undefined }, 422, 40_010_001],
    ['a limit order without a limit', { type: 'limit' }, 422, 40_010_001],
    ['a market order with a limit', { limit_price: '1' }, 422, 40_010_001],
    ['a fractional order beyond the day', { qty: '0.5', time_in_force: 'gtc' }, 422, 40_010_001],
    ['extended hours at market', { extended_hours: true }, 422, 40_010_001],
    ['a client order id that is too long', { client_order_id: 'x'.repeat(129) }, 422, 40_010_001],
    ['an unknown field', { colour: 'red' }, 422, 40_010_001],
    ['a sub-penny price', { type: 'limit', limit_price: '1.005' }, 422, 42_210_000],
    ['a sub-penny price below a dollar', { type: 'limit', limit_price: '0.12345' }, 422, 42_210_000],
    ['more than the cash can buy', { qty: '100000' }, 403, 40_310_000],
  ])('%s is refused as documented and leaves no order', async (_, more, status, code) => {
    const reply = await submit(more);
    expect([reply.status, reply.body['code']]).toEqual([status, code]);
    expect(typeof reply.body['message']).toBe('string');
    expect(alpaca.control.orders()).toEqual([]);
  });

  test.each(['{', '[]', 'null', '"x"'])('the body %s is refused with 400', async (body) => {
    expect((await call('POST', '/v2/orders', body)).status).toBe(400);
  });

  test('cash that open orders hold cannot be spent twice', async () => {
    expect((await submit({ qty: undefined, notional: '60000' })).status).toBe(200);
    expect((await submit({ qty: undefined, notional: '60000', client_order_id: 'order-2' })).status).toBe(
      403,
    );
    expect((await call('GET', '/v2/account')).body['buying_power']).toBe('40000');
  });

  test('wrong keys get 401 and no order', async () => {
    const reply = await fetch(`${alpaca.url}/v2/orders`, {
      method: 'POST',
      headers: { 'APCA-API-KEY-ID': STAND_IN_KEYS.keyId, 'APCA-API-SECRET-KEY': 'guess' },
      body: JSON.stringify(order()),
    });
    expect(reply.status).toBe(401);
    expect(alpaca.control.orders()).toEqual([]);
  });

  test('every answer carries a request id and the rate limit, and the 201st request of a minute gets 429', async () => {
    const first = await call('GET', '/v2/clock');
    expect(first.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('199');
    expect(first.body['is_open']).toBe(true);
    for (let turn = 1; turn < 200; turn += 1) await call('GET', '/v2/clock');
    expect((await call('GET', '/v2/clock')).status).toBe(429);
    host.clock.advance(60_000);
    expect((await call('GET', '/v2/clock')).status).toBe(200);
  });

  test('orders are listed by status, time, direction and limit', async () => {
    for (const id of ['a', 'b', 'c']) {
      await submit({ client_order_id: id, ...(id === 'c' ? { type: 'limit', limit_price: '1' } : {}) });
      host.clock.advance(2000);
    }
    const ids = async (query: string) =>
      (await call('GET', `/v2/orders?${query}`)).body.map((each) => each['client_order_id']);
    expect(await ids('')).toEqual(['c']);
    expect(await ids('status=closed')).toEqual(['b', 'a']);
    expect(await ids('status=all&direction=asc&limit=2')).toEqual(['a', 'b']);
    const [second] = (await call('GET', '/v2/orders?status=all&direction=asc')).body.slice(1);
    const at = encodeURIComponent(String(second?.['submitted_at']));
    expect(await ids(`status=all&after=${at}`)).toEqual(['c']);
    expect(await ids(`status=all&until=${at}`)).toEqual(['a']);
    expect((await call('GET', '/v2/orders?limit=501')).status).toBe(422);
  });

  test('faults are injected over the control endpoint, but not by a plain form post of a web page', async () => {
    const control = (type: string) =>
      fetch(`${alpaca.url}/_control`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: JSON.stringify({ inject: { kind: 'serverErrorAfter' }, configure: { fillDelayMs: 5 } }),
      });
    expect((await control('text/plain')).status).toBe(415);
    expect((await control('application/json')).status).toBe(200);
    expect((await submit()).status).toBe(500);
    host.clock.advance(5);
    const seen = (await (await fetch(`${alpaca.url}/_control`)).json()) as {
      orders: object[];
      requests: object[];
    };
    expect(seen.orders).toMatchObject([{ status: 'filled' }]);
    expect(seen.requests).toMatchObject([{ method: 'POST', status: 500, fault: 'serverErrorAfter' }]);
    expect(JSON.stringify(seen)).not.toContain(STAND_IN_KEYS.secretKey);
  });

  test('the page shows account and orders, escaped and without scripts', async () => {
    await submit({ client_order_id: '<script>alert(1)</script>' });
    const page = await fetch(alpaca.url);
    const html = await page.text();
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script');
  });

  test('replies have the fields of the published description, where it is at hand', async () => {
    const specification = new URL('../../../shared/specs/alpaca-trading.json', import.meta.url);
    if (!existsSync(specification)) {
      console.log('The published description of the API is not at ../shared/specs: fields are not compared.');
      return;
    }
    const { components } = JSON.parse(readFileSync(specification, 'utf8')) as {
      components: { schemas: Record<string, { properties: object; required?: string[] }> };
    };
    const { body } = await submit();
    const fields = Object.keys(components.schemas['Order']!.properties);
    expect(
      Object.keys(body).filter((name) => !fields.includes(name) && !['subtag', 'source'].includes(name)),
    ).toEqual([]);
    const account = (await call('GET', '/v2/account')).body;
    const accountFields = Object.keys(components.schemas['Account']!.properties);
    expect(
      Object.keys(account).filter(
        (name) =>
          !accountFields.includes(name) &&
          name !== 'effective_buying_power' &&
          name !== 'position_market_value',
      ),
    ).toEqual([]);
  });
});
