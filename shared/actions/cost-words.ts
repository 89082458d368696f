import type { Cost } from './effects.ts';

/** `12.50 USD`; currencies have the number of decimals that ISO 4217 gives them. */
export const costWords = (cost: Cost): string => {
  if (cost === 'unknown') return 'Cost unknown';
  const { minorUnits, currency } = cost;
  if (minorUnits === 0) return 'No cost';
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  // As text, since a quotient would round where the sum is large.
  const decimal = `${minorUnits}e-${digits}` as `${number}`;
  return `${new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(decimal)} ${currency}`;
};
