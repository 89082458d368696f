import { randomUUID } from 'node:crypto';
import Big from 'big.js';
import { AlpacaRefusal, type OrderTicket } from './book.ts';

const invalid = (message: string): AlpacaRefusal => new AlpacaRefusal(422, 40_010_001, message);

const TYPES = ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop'] as const;
const EQUITY_TIMES = ['day', 'gtc', 'opg', 'cls', 'ioc', 'fok'];
const CRYPTO_TIMES = ['gtc', 'ioc'];
const KNOWN = new Set([
  'symbol',
  'qty',
  'notional',
  'side',
  'type',
  'time_in_force',
  'limit_price',
  'stop_price',
  'trail_price',
  'trail_percent',
  'extended_hours',
  'client_order_id',
  'order_class',
  'position_intent',
]);

const oneOf = <const Value extends string>(name: string, value: unknown, values: readonly Value[]): Value => {
  const found = values.find((each) => each === value);
  if (found === undefined) throw invalid(value === undefined ? `${name} is required` : `invalid ${name}`);
  return found;
};

/** A positive decimal with at most `places` places; null where the field is absent. */
const amount = (fields: ReadonlyMap<string, unknown>, name: string, places: number): string | null => {
  const value = fields.get(name);
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw invalid(`${name} must be a string`);
  if (!/^\d{1,15}(\.\d{1,18})?$/.test(value) || new Big(value).lte(0))
    throw invalid(`${name} must be a positive number`);
  if ((new Big(value).toFixed().split('.')[1] ?? '').length > places)
    throw invalid(`${name} must be limited to ${places} decimal places`);
  return value;
};

const price = (fields: ReadonlyMap<string, unknown>, name: string): string | null => {
  const value = amount(fields, name, 18);
  if (value === null) return null;
  const places = new Big(value).gte(1) ? 2 : 4;
  if ((new Big(value).toFixed().split('.')[1] ?? '').length > places)
    throw new AlpacaRefusal(
      422,
      42_210_000,
      `invalid ${name} ${value}. sub-penny increment does not fulfill minimum pricing criteria`,
    );
  return value;
};

/**
 * Reads the body of POST /v2/orders as the API documents it.
 * @throws AlpacaRefusal 400 for what is not a JSON object, 422 for fields that do not fit.
 */
export const readTicket = (body: string): OrderTicket => {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    throw new AlpacaRefusal(400, 40_010_000, 'request body format is invalid');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new AlpacaRefusal(400, 40_010_000, 'request body format is invalid');
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(document));
  const unknown = [...fields.keys()].find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw invalid(`${unknown} is not known to the stand-in`);

  const symbol = fields.get('symbol');
  if (typeof symbol !== 'string' || symbol === '') throw invalid('symbol is required');
  if (!/^[A-Z0-9./]{1,20}$/.test(symbol)) throw invalid(`asset "${symbol}" not found`);
  const type = oneOf('type', fields.get('type'), TYPES);
  const side = oneOf('side', fields.get('side'), ['buy', 'sell']);
  const timeInForce = oneOf(
    'time_in_force',
    fields.get('time_in_force'),
    symbol.includes('/') ? CRYPTO_TIMES : EQUITY_TIMES,
  );
  if (!['', 'simple', undefined].includes(fields.get('order_class') as string | undefined))
    throw invalid('order_class: the stand-in takes simple orders only');

  const qty = amount(fields, 'qty', 9);
  const notional = amount(fields, 'notional', 9);
  if ((qty === null) === (notional === null))
    throw invalid(qty === null ? 'qty or notional is required' : 'only one of qty or notional is accepted');
  const limitPrice = price(fields, 'limit_price');
  const stopPrice = price(fields, 'stop_price');
  const trailPrice = price(fields, 'trail_price');
  const trailPercent = amount(fields, 'trail_percent', 9);
  const wantsLimit = type === 'limit' || type === 'stop_limit';
  const wantsStop = type === 'stop' || type === 'stop_limit';
  if (wantsLimit !== (limitPrice !== null))
    throw invalid(`${type} orders ${wantsLimit ? 'require a' : 'must not have a'} limit price`);
  if (wantsStop !== (stopPrice !== null))
    throw invalid(`${type} orders ${wantsStop ? 'require a' : 'must not have a'} stop price`);
  if ((type === 'trailing_stop') !== ((trailPrice === null) !== (trailPercent === null)))
    throw invalid('trailing_stop orders require exactly one of trail_price and trail_percent');
  const fractional =
    notional !== null || (qty !== null && !new Big(qty).eq(new Big(qty).round(0, Big.roundDown)));
  if (fractional && !symbol.includes('/') && timeInForce !== 'day')
    throw invalid('fractional orders must be DAY orders');
  const extendedHours = fields.get('extended_hours') ?? false;
  if (typeof extendedHours !== 'boolean') throw invalid('extended_hours must be a boolean');
  if (extendedHours && (type !== 'limit' || !['day', 'gtc'].includes(timeInForce)))
    throw invalid('extended hours order must be DAY or GTC limit orders');

  const clientOrderId = fields.get('client_order_id') ?? randomUUID();
  if (typeof clientOrderId !== 'string' || clientOrderId === '')
    throw invalid('client_order_id must be a string');
  if (clientOrderId.length > 128) throw invalid('client_order_id must be no more than 128 characters');
  return {
    clientOrderId,
    symbol,
    side,
    type,
    timeInForce,
    qty,
    notional,
    limitPrice,
    stopPrice,
    trailPrice,
    trailPercent,
    extendedHours,
  };
};
