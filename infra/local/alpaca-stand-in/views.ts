import Big from 'big.js';
import { AlpacaRefusal, buyingPower, isOver, type Order, quote, type StoredOrder } from './book.ts';
import type { AlpacaState } from './state.ts';

/** GET /v2/account. The fields that Alpaca removed in July 2026 are not there. */
export const accountView = (state: AlpacaState): object => {
  const long = Object.values(state.positions).reduce(
    (sum, position) => sum.plus(new Big(position.qty).times(quote(position.symbol))),
    new Big(0),
  );
  const power = buyingPower(state).toFixed();
  const equity = new Big(state.cash).plus(long).toFixed();
  return {
    id: '00000000-0000-4000-8000-00000000a1fa',
    account_number: 'PASTANDIN1',
    status: 'ACTIVE',
    crypto_status: 'ACTIVE',
    currency: 'USD',
    cash: state.cash,
    buying_power: power,
    effective_buying_power: power,
    regt_buying_power: power,
    non_marginable_buying_power: power,
    equity,
    last_equity: equity,
    portfolio_value: equity,
    long_market_value: long.toFixed(),
    short_market_value: '0',
    position_market_value: long.toFixed(),
    initial_margin: '0',
    maintenance_margin: '0',
    last_maintenance_margin: '0',
    accrued_fees: '0',
    multiplier: '1',
    sma: '0',
    balance_asof: '2026-01-02',
    created_at: '2026-01-02T00:00:00Z',
    intraday_adjustments: '0',
    account_blocked: false,
    trading_blocked: false,
    transfers_blocked: false,
    trade_suspended_by_user: false,
    shorting_enabled: false,
  };
};

/** GET /v2/positions. */
export const positionsView = (state: AlpacaState): object[] =>
  Object.values(state.positions).map((position) => {
    const price = quote(position.symbol);
    const value = new Big(position.qty).times(price).round(2);
    const gain = value.minus(position.cost);
    return {
      asset_id: state.orders.find(({ order }) => order.symbol === position.symbol)?.order.asset_id,
      symbol: position.symbol,
      exchange: 'NASDAQ',
      asset_class: position.symbol.includes('/') ? 'crypto' : 'us_equity',
      avg_entry_price: new Big(position.cost).div(position.qty).round(6).toFixed(),
      qty: position.qty,
      qty_available: position.qty,
      side: 'long',
      market_value: value.toFixed(),
      cost_basis: position.cost,
      unrealized_pl: gain.toFixed(),
      unrealized_plpc: new Big(position.cost).eq(0) ? '0' : gain.div(position.cost).round(6).toFixed(),
      unrealized_intraday_pl: gain.toFixed(),
      unrealized_intraday_plpc: '0',
      current_price: price.toFixed(),
      lastday_price: price.toFixed(),
      change_today: '0',
    };
  });

/** GET /v2/clock: the stand-in's market never closes. */
export const clockView = (now: number): object => ({
  timestamp: new Date(now).toISOString(),
  is_open: true,
  next_open: new Date(now + 86_400_000).toISOString(),
  next_close: new Date(now + 43_200_000).toISOString(),
});

const visible = (state: AlpacaState, now: number): StoredOrder[] =>
  state.orders.filter((stored) => stored.visibleAt <= now);

/** One order that lookups can see. @throws AlpacaRefusal 404. */
export const findOrder = (
  state: AlpacaState,
  now: number,
  by: 'id' | 'client_order_id',
  value: string,
): StoredOrder => {
  const found = visible(state, now).find(({ order }) => order[by] === value);
  if (found === undefined) throw new AlpacaRefusal(404, 40_410_000, `order not found for ${value}`);
  return found;
};

const instant = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name);
  if (text === null) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new AlpacaRefusal(422, 40_010_001, `${name} is not a timestamp`);
  return ms;
};

/** GET /v2/orders with status, limit, after, until, direction, symbols and side. */
export const listView = (state: AlpacaState, now: number, query: URLSearchParams): Order[] => {
  const status = query.get('status') ?? 'open';
  const limitText = query.get('limit') ?? '50';
  const direction = query.get('direction') ?? 'desc';
  if (!['open', 'closed', 'all'].includes(status)) throw new AlpacaRefusal(422, 40_010_001, 'invalid status');
  if (!/^\d{1,3}$/.test(limitText) || Number(limitText) < 1 || Number(limitText) > 500)
    throw new AlpacaRefusal(422, 40_010_001, 'limit must be between 1 and 500');
  if (!['asc', 'desc'].includes(direction)) throw new AlpacaRefusal(422, 40_010_001, 'invalid direction');
  const after = instant(query, 'after');
  const until = instant(query, 'until');
  const symbols = query.get('symbols')?.split(',');
  const side = query.get('side');
  const fitting = visible(state, now).filter(
    ({ order, submittedAtMs }) =>
      (status === 'all' || isOver(order) === (status === 'closed')) &&
      (after === undefined || submittedAtMs > after) &&
      (until === undefined || submittedAtMs < until) &&
      (symbols === undefined || symbols.includes(order.symbol)) &&
      (side === null || order.side === side),
  );
  const ascending = fitting.toSorted((left, right) => left.submittedAtMs - right.submittedAtMs);
  return (direction === 'asc' ? ascending : ascending.toReversed())
    .slice(0, Number(limitText))
    .map(({ order }) => order);
};
