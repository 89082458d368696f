import { createHash, randomUUID } from 'node:crypto';
import Big from 'big.js';
import * as z from 'zod';

const Text = z.string().nullable();

/** An order as the API shows it. Amounts are decimal strings, moments RFC 3339. */
export const Order = z.object({
  id: z.string(),
  client_order_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  submitted_at: z.string(),
  filled_at: Text,
  expired_at: Text,
  canceled_at: Text,
  failed_at: Text,
  replaced_at: Text,
  replaced_by: Text,
  replaces: Text,
  asset_id: z.string(),
  symbol: z.string(),
  asset_class: z.string(),
  notional: Text,
  qty: Text,
  filled_qty: z.string(),
  filled_avg_price: Text,
  order_class: z.string(),
  order_type: z.string(),
  type: z.string(),
  side: z.string(),
  time_in_force: z.string(),
  limit_price: Text,
  stop_price: Text,
  status: z.string(),
  extended_hours: z.boolean(),
  legs: z.null(),
  trail_percent: Text,
  trail_price: Text,
  hwm: Text,
  subtag: Text,
  source: Text,
});
export type Order = z.infer<typeof Order>;

export const StoredOrder = z.object({
  order: Order,
  /** Lookups miss it before this moment. */
  visibleAt: z.number(),
  submittedAtMs: z.number(),
  /** When it moves on by itself: fill, rejection, end of a cancel. Absent once it rests or is over. */
  movesAt: z.number().optional(),
});
export type StoredOrder = z.infer<typeof StoredOrder>;

export const Position = z.object({ symbol: z.string(), qty: z.string(), cost: z.string() });
export type Position = z.infer<typeof Position>;

export interface Book {
  cash: string;
  orders: StoredOrder[];
  positions: Record<string, Position>;
}

/** An order request that passed validation: exactly one of quantity and notional. */
export interface OrderTicket {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly type: 'market' | 'limit' | 'stop' | 'stop_limit' | 'trailing_stop';
  readonly timeInForce: string;
  readonly qty: string | null;
  readonly notional: string | null;
  readonly limitPrice: string | null;
  readonly stopPrice: string | null;
  readonly trailPrice: string | null;
  readonly trailPercent: string | null;
  readonly extendedHours: boolean;
}

/** A refusal as the API words it: status, code, message. */
export class AlpacaRefusal extends Error {
  override readonly name = 'AlpacaRefusal';
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const OVER = new Set(['filled', 'canceled', 'expired', 'rejected', 'replaced']);
/** Whether nothing can happen to it any more. */
export const isOver = (order: Order): boolean => OVER.has(order.status);

const moment = (ms: number): string => new Date(ms).toISOString();

const digestOf = (symbol: string): Buffer => createHash('sha256').update(symbol).digest();

/** The price of a symbol: always the same, between 10.00 and 509.99. The stand-in has no market data. */
export const quote = (symbol: string): Big =>
  new Big((digestOf(symbol).readUInt32BE(0) % 50_000) + 1000).div(100);

const assetId = (symbol: string): string => {
  const hex = digestOf(symbol).toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const priceOf = (order: Order): Big =>
  order.limit_price !== null
    ? new Big(order.limit_price)
    : order.stop_price !== null
      ? new Big(order.stop_price)
      : quote(order.symbol);

const quantityOf = (order: Order): Big =>
  order.qty !== null
    ? new Big(order.qty)
    : new Big(order.notional ?? '0').div(quote(order.symbol)).round(9, Big.roundDown);

const costOf = (order: Order): Big =>
  order.notional !== null ? new Big(order.notional) : quantityOf(order).times(priceOf(order));

const openOrders = (book: Book, side: string): Order[] =>
  book.orders.map(({ order }) => order).filter((order) => order.side === side && !isOver(order));

/** Cash that open buy orders have not taken yet. */
export const buyingPower = (book: Book): Big =>
  openOrders(book, 'buy').reduce((left, order) => left.minus(costOf(order)), new Big(book.cash));

const sellable = (book: Book, symbol: string): Big =>
  openOrders(book, 'sell')
    .filter((order) => order.symbol === symbol)
    .reduce((left, order) => left.minus(quantityOf(order)), new Big(book.positions[symbol]?.qty ?? '0'));

const newOrder = (ticket: OrderTicket, now: number): Order => ({
  id: randomUUID(),
  client_order_id: ticket.clientOrderId,
  created_at: moment(now),
  updated_at: moment(now),
  submitted_at: moment(now),
  filled_at: null,
  expired_at: null,
  canceled_at: null,
  failed_at: null,
  replaced_at: null,
  replaced_by: null,
  replaces: null,
  asset_id: assetId(ticket.symbol),
  symbol: ticket.symbol,
  asset_class: ticket.symbol.includes('/') ? 'crypto' : 'us_equity',
  notional: ticket.notional,
  qty: ticket.qty,
  filled_qty: '0',
  filled_avg_price: null,
  order_class: '',
  order_type: ticket.type,
  type: ticket.type,
  side: ticket.side,
  time_in_force: ticket.timeInForce,
  limit_price: ticket.limitPrice,
  stop_price: ticket.stopPrice,
  status: 'pending_new',
  extended_hours: ticket.extendedHours,
  legs: null,
  trail_percent: ticket.trailPercent,
  trail_price: ticket.trailPrice,
  hwm: null,
  subtag: null,
  source: null,
});

/**
 * Accepts an order; what becomes of it follows later.
 * @throws AlpacaRefusal for a client order id that was ever used, too little cash, too few shares.
 */
export const submit = (
  book: Book,
  ticket: OrderTicket,
  at: { readonly now: number; readonly movesAt: number; readonly visibleAt?: number },
): Order => {
  if (book.orders.some(({ order }) => order.client_order_id === ticket.clientOrderId))
    throw new AlpacaRefusal(422, 40_010_001, 'client_order_id must be unique');
  const order = newOrder(ticket, at.now);
  if (order.side === 'buy' && costOf(order).gt(buyingPower(book)))
    throw new AlpacaRefusal(403, 40_310_000, 'insufficient buying power');
  const available = sellable(book, order.symbol);
  if (order.side === 'sell' && quantityOf(order).gt(available))
    throw new AlpacaRefusal(
      403,
      40_310_000,
      `insufficient qty available for order (requested: ${quantityOf(order).toFixed()}, available: ${available.toFixed()})`,
    );
  book.orders.push({ order, visibleAt: at.visibleAt ?? at.now, submittedAtMs: at.now, movesAt: at.movesAt });
  return order;
};

const fill = (book: Book, order: Order, now: number): void => {
  const price = quote(order.symbol);
  const quantity = quantityOf(order);
  const amount = quantity.times(price).round(2);
  const position = book.positions[order.symbol] ?? { symbol: order.symbol, qty: '0', cost: '0' };
  const sign = order.side === 'buy' ? 1 : -1;
  const held = new Big(position.qty).plus(quantity.times(sign));
  const cost =
    order.side === 'buy'
      ? new Big(position.cost).plus(amount)
      : held.eq(0)
        ? new Big(0)
        : new Big(position.cost).times(held).div(position.qty);
  book.cash = new Big(book.cash).minus(amount.times(sign)).toFixed();
  if (held.eq(0)) delete book.positions[order.symbol];
  else
    book.positions[order.symbol] = {
      symbol: order.symbol,
      qty: held.toFixed(),
      cost: cost.round(2).toFixed(),
    };
  order.status = 'filled';
  order.filled_qty = quantity.toFixed();
  order.filled_avg_price = price.toFixed();
  order.filled_at = moment(now);
};

const isMarketable = (order: Order): boolean => {
  if (order.type === 'market') return true;
  if (order.type !== 'limit') return false;
  const price = quote(order.symbol);
  return order.side === 'buy' ? price.lte(order.limit_price ?? '0') : price.gte(order.limit_price ?? '0');
};

/** Moves on every order that is due: rejects, fills, rests at its price, or ends a cancel. */
export const moveOn = (book: Book, now: number): void => {
  for (const stored of book.orders) {
    const { order } = stored;
    if (stored.movesAt === undefined || stored.movesAt > now) continue;
    delete stored.movesAt;
    order.updated_at = moment(now);
    if (order.status === 'pending_cancel') {
      order.status = 'canceled';
      order.canceled_at = moment(now);
    } else if (order.symbol === 'REJECT') {
      order.status = 'rejected';
      order.failed_at = moment(now);
    } else if (isMarketable(order)) fill(book, order, now);
    else if (order.time_in_force === 'ioc' || order.time_in_force === 'fok') {
      order.status = 'canceled';
      order.canceled_at = moment(now);
    } else order.status = 'new';
  }
};

/**
 * Asks for a cancel; the order is cancelled when it moves on.
 * @throws AlpacaRefusal where it is over or being cancelled.
 */
export const requestCancel = (stored: StoredOrder, now: number, movesAt: number): void => {
  const { order } = stored;
  if (isOver(order) || order.status === 'pending_cancel')
    throw new AlpacaRefusal(422, 42_210_000, `order is already in "${order.status}" state`);
  order.status = 'pending_cancel';
  order.updated_at = moment(now);
  stored.movesAt = movesAt;
};
