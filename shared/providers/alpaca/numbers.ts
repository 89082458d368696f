import Big from 'big.js';
import * as z from 'zod';

/** A positive decimal as Alpaca takes it: text, no sign, no exponent, up to nine decimals. Never a JSON number. */
export const Decimal = z
  .string()
  .regex(
    /^(0|[1-9]\d{0,11})(\.\d{1,9})?$/,
    'a number is text like "10" or "0.25": no sign, no exponent, at most 9 decimals',
  )
  .refine((text) => /[1-9]/.test(text), 'it has to be more than 0');

/** Decimals that are written, trailing zeros aside. */
export const decimalsOf = (text: string): number => (text.split('.')[1] ?? '').replace(/0+$/, '').length;

/** True where a price of a share or an option has a legal tick: two decimals from $1 on, four below. */
export const priceHasLegalTick = (text: string): boolean =>
  decimalsOf(text) <= (new Big(text).gte(1) ? 2 : 4);

/** The amount in cents, rounded up: what is shown is never less than what it costs. */
export const centsRoundedUp = (dollars: Big): number | undefined => {
  const cents = Number(dollars.times(100).round(0, Big.roundUp).toFixed(0));
  return Number.isSafeInteger(cents) ? cents : undefined;
};
