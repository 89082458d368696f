import Big from 'big.js';
import * as z from 'zod';
import type { Cost } from '../../actions/effects.ts';
import { centsRoundedUp, Decimal, decimalsOf, priceHasLegalTick } from './numbers.ts';

export const ORDER_TYPES = ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop'] as const;
export const TIMES_IN_FORCE = ['day', 'gtc', 'opg', 'cls', 'ioc', 'fok'] as const;

type Kind = 'equity' | 'option' | 'crypto';

/** What a symbol names, by its form: `AAPL`, `BRK.B`; `AAPL250620C00100000`; `BTC/USD`. */
export const kindOf = (symbol: string): Kind => {
  if (symbol.includes('/')) return 'crypto';
  return /^[A-Z]{1,6}\d{6}[CP]\d{8}$/.test(symbol) ? 'option' : 'equity';
};

const fields = {
  symbol: z
    .string()
    .regex(
      /^(?:[A-Z0-9]{1,21}(?:[.-][A-Z0-9]{1,5})?|[A-Z0-9]{2,10}\/[A-Z]{3,5})$/,
      'a symbol is like "AAPL", "BRK.B" or "BTC/USD"',
    ),
  side: z.enum(['buy', 'sell']),
  type: z.enum(ORDER_TYPES),
  time_in_force: z.enum(TIMES_IN_FORCE),
  qty: Decimal.optional().describe('Number of shares, contracts or coins, as text. Either this or notional'),
  notional: Decimal.optional().describe('Dollars to trade, as text. Either this or qty'),
  limit_price: Decimal.optional().describe('For limit and stop_limit'),
  stop_price: Decimal.optional().describe('For stop and stop_limit'),
  trail_price: Decimal.optional().describe('For trailing_stop: this or trail_percent'),
  trail_percent: Decimal.optional().describe('For trailing_stop: this or trail_price'),
  extended_hours: z.boolean().optional().describe('Only for limit orders of the day'),
  order_class: z.literal('simple').optional(),
};
type Order = z.output<z.ZodObject<typeof fields>>;
type Fault = readonly [field: keyof typeof fields, message: string];

/** Which prices each type takes; every other one is refused, so that nothing in an order is without meaning. */
const PRICES: Readonly<Record<Order['type'], readonly (keyof Order)[]>> = {
  market: [],
  limit: ['limit_price'],
  stop: ['stop_price'],
  stop_limit: ['stop_price', 'limit_price'],
  trailing_stop: [],
};

const priceFaults = (order: Order, kind: Kind): Fault[] => {
  const faults: Fault[] = [];
  for (const name of ['limit_price', 'stop_price'] as const) {
    const needed = PRICES[order.type].includes(name);
    if (needed && order[name] === undefined) faults.push([name, `a ${order.type} order needs it`]);
    if (!needed && order[name] !== undefined) faults.push([name, `a ${order.type} order has none`]);
  }
  const trails = [order.trail_price, order.trail_percent].filter((value) => value !== undefined).length;
  if (order.type === 'trailing_stop' && trails !== 1) {
    faults.push(['trail_price', 'a trailing_stop order has exactly one of trail_price and trail_percent']);
  }
  if (order.type !== 'trailing_stop' && trails > 0)
    faults.push(['trail_price', `a ${order.type} order has none`]);
  for (const name of ['limit_price', 'stop_price', 'trail_price'] as const) {
    const price = order[name];
    if (kind !== 'crypto' && price !== undefined && !priceHasLegalTick(price)) {
      faults.push([name, 'a price has at most 2 decimals from $1 on and 4 below']);
    }
  }
  return faults;
};

const kindFaults = (order: Order, kind: Kind): Fault[] => {
  const faults: Fault[] = [];
  if (kind === 'crypto') {
    if (!['gtc', 'ioc'].includes(order.time_in_force))
      faults.push(['time_in_force', 'crypto trades gtc or ioc']);
    if (!['market', 'limit', 'stop_limit'].includes(order.type)) {
      faults.push(['type', 'crypto trades market, limit or stop_limit']);
    }
  }
  if (kind === 'option') {
    if (order.time_in_force !== 'day') faults.push(['time_in_force', 'options trade for the day']);
    if (!['market', 'limit'].includes(order.type)) faults.push(['type', 'options trade market or limit']);
    if (order.notional !== undefined) faults.push(['notional', 'options are counted in contracts: use qty']);
    if (order.qty !== undefined && decimalsOf(order.qty) > 0)
      faults.push(['qty', 'contracts come in whole numbers']);
  }
  if (kind === 'equity') {
    if (['opg', 'cls'].includes(order.time_in_force) && !['market', 'limit'].includes(order.type)) {
      faults.push(['type', 'the auctions take market and limit orders']);
    }
    if (order.qty !== undefined && decimalsOf(order.qty) > 0 && order.time_in_force !== 'day') {
      faults.push(['qty', 'fractions of a share trade for the day only']);
    }
    if (order.notional !== undefined && order.time_in_force !== 'day') {
      faults.push(['time_in_force', 'an order in dollars trades for the day only']);
    }
  }
  return faults;
};

const faultsOf = (order: Order): Fault[] => {
  const kind = kindOf(order.symbol);
  const faults: Fault[] = [];
  if ((order.qty === undefined) === (order.notional === undefined)) {
    faults.push([order.qty === undefined ? 'qty' : 'notional', 'give exactly one of qty and notional']);
  }
  if (order.notional !== undefined && order.type !== 'market') {
    faults.push(['notional', 'only a market order can be counted in dollars']);
  }
  if (
    order.extended_hours === true &&
    (kind !== 'equity' || order.type !== 'limit' || order.time_in_force !== 'day')
  ) {
    faults.push(['extended_hours', 'only a limit order of the day on shares trades in extended hours']);
  }
  return [...faults, ...priceFaults(order, kind), ...kindFaults(order, kind)];
};

/** What a proposer says about an order. Numbers are text; the client order id is ours and cannot be chosen. */
export const OrderPayload = z
  .strictObject({
    ...fields,
    client_order_id: z
      .never({ error: 'client_order_id is derived from the action; leave it out' })
      .optional(),
  })
  .superRefine((order, context) => {
    for (const [field, message] of faultsOf(order))
      context.addIssue({ code: 'custom', path: [field], message });
  });
export type OrderPayload = z.output<typeof OrderPayload>;

/** The exact body of the request: fields in one fixed order, the proposer's digits untouched. */
export const orderBody = (order: OrderPayload, clientOrderId: string): string =>
  JSON.stringify({
    symbol: order.symbol,
    ...(order.qty === undefined ? { notional: order.notional } : { qty: order.qty }),
    side: order.side,
    type: order.type,
    time_in_force: order.time_in_force,
    limit_price: order.limit_price,
    stop_price: order.stop_price,
    trail_price: order.trail_price,
    trail_percent: order.trail_percent,
    extended_hours: order.extended_hours,
    order_class: order.order_class,
    client_order_id: clientOrderId,
  });

/** Shares and coins count one by one, an option contract is for a hundred. Anything else is not known exactly. */
const multiplierOf = (symbol: string): number | undefined => {
  const kind = kindOf(symbol);
  if (kind === 'option') return 100;
  if (kind === 'crypto') return symbol.endsWith('/USD') ? 1 : undefined;
  return /^[A-Z]{1,5}([.-][A-Z]{1,2})?$/.test(symbol) ? 1 : undefined;
};

/** Value of the order in cents, rounded up, where dollars or a limit price pin it; else `unknown`. */
export const orderCost = (order: OrderPayload): Cost => {
  const multiplier = multiplierOf(order.symbol);
  if (multiplier === undefined) return 'unknown';
  const dollars =
    order.notional !== undefined
      ? new Big(order.notional)
      : order.qty !== undefined && order.limit_price !== undefined
        ? new Big(order.qty).times(order.limit_price).times(multiplier)
        : undefined;
  const minorUnits = dollars === undefined ? undefined : centsRoundedUp(dollars);
  return minorUnits === undefined ? 'unknown' : { minorUnits, currency: 'USD' };
};

/** "Buy 1 AAPL at the market", "Sell $500 of SPY at the market", "Buy 10 MSFT at 400.50 or better". */
export const orderWords = (order: OrderPayload): string => {
  const amount = order.qty === undefined ? `$${order.notional ?? ''} of` : order.qty;
  const how = {
    market: 'at the market',
    limit: `at ${order.limit_price} or better`,
    stop: `at the market once ${order.stop_price} is reached`,
    stop_limit: `at ${order.limit_price} or better once ${order.stop_price} is reached`,
    trailing_stop: `trailing by ${order.trail_percent === undefined ? `$${order.trail_price}` : `${order.trail_percent} %`}`,
  }[order.type];
  return `${order.side === 'buy' ? 'Buy' : 'Sell'} ${amount} ${order.symbol} ${how}`;
};
