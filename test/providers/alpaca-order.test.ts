import Big from 'big.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProblemError } from '#shared/operators/problems.ts';
import { submitOrder } from '#shared/providers/alpaca/submit-order.ts';
import { cancelOrder } from '#shared/providers/alpaca/cancel-order.ts';
import { facts, KEY, ORDER, ORDER_ID, project } from './support.ts';

const render = (payload: unknown) => submitOrder.render(payload, facts());
const refusal = (payload: unknown): ProblemError => {
  try {
    render(payload);
  } catch (error) {
    expect(error).toBeInstanceOf(ProblemError);
    return error as ProblemError;
  }
  throw new Error(`accepted: ${JSON.stringify(payload)}`);
};
const limit = { ...ORDER, type: 'limit', limit_price: '150.25' };
const option = { ...ORDER, symbol: 'AAPL250620C00100000', type: 'limit', limit_price: '10', qty: '2' };
const crypto = { ...ORDER, symbol: 'BTC/USD', time_in_force: 'gtc', qty: '0.02' };

describe('an order that is taken', () => {
  test('is sent as exactly these bytes, with the client order id of the action', () => {
    const { request } = render({ ...limit, extended_hours: true });
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://paper-api.alpaca.markets/v2/orders',
      credential: { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' },
    });
    expect(request.body).toBe(
      `{"symbol":"AAPL","qty":"1","side":"buy","type":"limit","time_in_force":"day","limit_price":"150.25","extended_hours":true,"client_order_id":"${KEY}"}`,
    );
    expect(KEY.length).toBeLessThanOrEqual(128);
  });

  test.each([
    ['a market order', ORDER, 'Buy 1 AAPL at the market (paper account paper-demo)', 'unknown'],
    ['a limit order', limit, 'Buy 1 AAPL at 150.25 or better (paper account paper-demo)', 15025],
    [
      'an order in dollars',
      { ...ORDER, qty: undefined, notional: '500.001' },
      'Buy $500.001 of AAPL at the market (paper account paper-demo)',
      50001,
    ],
    [
      'a sale',
      { ...limit, side: 'sell', qty: '10' },
      'Sell 10 AAPL at 150.25 or better (paper account paper-demo)',
      150250,
    ],
    [
      'a stop order',
      { ...ORDER, type: 'stop', stop_price: '90' },
      'Buy 1 AAPL at the market once 90 is reached (paper account paper-demo)',
      'unknown',
    ],
    [
      'a stop limit order',
      { ...ORDER, type: 'stop_limit', stop_price: '90', limit_price: '91' },
      'Buy 1 AAPL at 91 or better once 90 is reached (paper account paper-demo)',
      9100,
    ],
    [
      'a trailing stop',
      { ...ORDER, type: 'trailing_stop', trail_percent: '2.5' },
      'Buy 1 AAPL trailing by 2.5 % (paper account paper-demo)',
      'unknown',
    ],
    [
      'a penny stock',
      { ...limit, limit_price: '0.1234', qty: '3' },
      'Buy 3 AAPL at 0.1234 or better (paper account paper-demo)',
      38,
    ],
    [
      'an option, a hundred to the contract',
      option,
      'Buy 2 AAPL250620C00100000 at 10 or better (paper account paper-demo)',
      200000,
    ],
    [
      'a coin',
      { ...crypto, type: 'limit', limit_price: '2100.123' },
      'Buy 0.02 BTC/USD at 2100.123 or better (paper account paper-demo)',
      4201,
    ],
    [
      'a coin priced in a coin',
      { ...crypto, symbol: 'ETH/BTC', type: 'limit', limit_price: '0.05' },
      'Buy 0.02 ETH/BTC at 0.05 or better (paper account paper-demo)',
      'unknown',
    ],
  ] as const)('%s says what it does and what it costs', (_name, payload, title, cents) => {
    const rendered = render(payload);
    expect(rendered.title).toBe(title);
    const [effect] = rendered.effects;
    expect(effect).toMatchObject({ type: 'trade', reversibility: 'irreversible' });
    expect(effect?.cost).toEqual(cents === 'unknown' ? 'unknown' : { minorUnits: cents, currency: 'USD' });
  });

  test('goes to the host of its account, or to the override', () => {
    const live = project({ alpaca: { account: 'main', environment: 'PRODUCTION' } });
    expect(submitOrder.render(ORDER, facts({ project: live })).request.url).toBe(
      'https://api.alpaca.markets/v2/orders',
    );
    const re = facts({ baseUrlOverride: 'http://127.0.0.1:4566/_alpaca/' });
    expect(submitOrder.render(ORDER, re).request.url).toBe('http://127.0.0.1:4566/_alpaca/v2/orders');
  });

  test('costs at least quantity times price, and less than a cent more, to the last digit', () => {
    const whole = fc.integer({ min: 1, max: 99_999 }).map(String);
    const cents = fc.integer({ min: 100, max: 9_999_999 }).map((value) => new Big(value).div(100).toFixed());
    fc.assert(
      fc.property(whole, cents, (qty, limitPrice) => {
        const [effect] = render({ ...limit, qty, limit_price: limitPrice }).effects;
        const exact = new Big(qty).times(limitPrice).times(100);
        if (effect === undefined || effect.cost === 'unknown') throw new Error('no cost');
        expect(exact.lte(effect.cost.minorUnits) && exact.plus(1).gt(effect.cost.minorUnits)).toBe(true);
      }),
    );
  });
});

describe('an order that does not fit', () => {
  test.each([
    ['payload.qty', 'a JSON number', { ...ORDER, qty: 1 }],
    ['payload.qty', 'zero', { ...ORDER, qty: '0.000' }],
    ['payload.qty', 'a negative number', { ...ORDER, qty: '-1' }],
    ['payload.qty', 'an exponent', { ...ORDER, qty: '1e3' }],
    ['payload.qty', 'ten decimals', { ...ORDER, qty: '0.1234567891' }],
    ['payload.qty', 'a leading zero', { ...ORDER, qty: '01' }],
    ['payload.qty', 'a comma', { ...ORDER, qty: '1,000' }],
    ['payload.qty', 'white space', { ...ORDER, qty: ' 1' }],
    ['payload.qty', 'a word', { ...ORDER, qty: 'NaN' }],
    ['payload.qty', 'neither qty nor notional', { ...ORDER, qty: undefined }],
    ['payload.notional', 'both qty and notional', { ...ORDER, notional: '5' }],
    ['payload.notional', 'dollars with a limit', { ...limit, qty: undefined, notional: '5' }],
    [
      'payload.time_in_force',
      'dollars until cancelled',
      { ...ORDER, qty: undefined, notional: '5', time_in_force: 'gtc' },
    ],
    ['payload.qty', 'a fraction until cancelled', { ...ORDER, qty: '0.5', time_in_force: 'gtc' }],
    ['payload.side', 'another side', { ...ORDER, side: 'BUY' }],
    ['payload.type', 'no type', { ...ORDER, type: undefined }],
    ['payload.time_in_force', 'another time in force', { ...ORDER, time_in_force: 'gtd' }],
    ['payload.symbol', 'a symbol in lower case', { ...ORDER, symbol: 'aapl' }],
    ['payload.symbol', 'a path instead of a symbol', { ...ORDER, symbol: 'A/../B' }],
    ['payload.limit_price', 'a limit without a price', { ...ORDER, type: 'limit' }],
    ['payload.limit_price', 'a market order with a price', { ...ORDER, limit_price: '1' }],
    ['payload.stop_price', 'a stop without a price', { ...ORDER, type: 'stop' }],
    [
      'payload.trail_price',
      'a trailing stop with both',
      { ...ORDER, type: 'trailing_stop', trail_price: '1', trail_percent: '1' },
    ],
    ['payload.trail_price', 'a trailing stop with neither', { ...ORDER, type: 'trailing_stop' }],
    ['payload.trail_price', 'a trail on a market order', { ...ORDER, trail_price: '1' }],
    ['payload.limit_price', 'three decimals from $1 on', { ...limit, limit_price: '1.005' }],
    ['payload.limit_price', 'five decimals below $1', { ...limit, limit_price: '0.12345' }],
    ['payload.extended_hours', 'extended hours at the market', { ...ORDER, extended_hours: true }],
    [
      'payload.extended_hours',
      'extended hours until cancelled',
      { ...limit, time_in_force: 'gtc', extended_hours: true },
    ],
    [
      'payload.type',
      'a stop in the auction',
      { ...ORDER, type: 'stop', stop_price: '1', time_in_force: 'opg' },
    ],
    ['payload.time_in_force', 'an option until cancelled', { ...option, time_in_force: 'gtc' }],
    ['payload.qty', 'half an option', { ...option, qty: '0.5' }],
    [
      'payload.type',
      'a stop on an option',
      { ...option, type: 'stop', limit_price: undefined, stop_price: '1' },
    ],
    ['payload.time_in_force', 'a coin for the day', { ...crypto, time_in_force: 'day' }],
    ['payload.type', 'a trailing stop on a coin', { ...crypto, type: 'trailing_stop', trail_percent: '1' }],
    ['payload.order_class', 'a bracket', { ...ORDER, order_class: 'bracket' }],
    ['payload.client_order_id', 'an id of its own', { ...ORDER, client_order_id: 'mine' }],
    ['payload.legs', 'an unknown field', { ...ORDER, legs: [] }],
    ['payload', 'no object', 'buy'],
    ['payload', 'nothing', null],
  ])('%s: %s', (field, _what, payload) => {
    expect(refusal(payload)).toMatchObject({ code: 'PAYLOAD_DOES_NOT_FIT', field });
  });

  test('the refusal of a client order id says where it comes from', () => {
    expect(refusal({ ...ORDER, client_order_id: 'mine' }).message).toContain('derived from the action');
  });

  test.each([
    '',
    '../accounts',
    '61e69015-8549-4bfd-b9c3-01e75843f47d/..',
    '61E69015-8549-4BFD-B9C3-01E75843F47D',
    7,
  ])('an order id like "%s" cannot be cancelled', (orderId) => {
    expect(() => cancelOrder.render({ order_id: orderId }, facts())).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_DOES_NOT_FIT', field: 'payload.order_id' }),
    );
  });

  test('a project without an account cannot trade', () => {
    const none = facts({ project: project({ alpaca: null }) });
    expect(() => submitOrder.render(ORDER, none)).toThrow(expect.objectContaining({ code: 'PROVIDER_OFF' }));
    expect(() => cancelOrder.render({ order_id: ORDER_ID }, none)).toThrow(
      expect.objectContaining({ code: 'PROVIDER_OFF' }),
    );
  });
});
