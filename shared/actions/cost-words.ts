import type { Cost } from './effects.ts';

/** `12.50 USD`; currencies have the number of decimals that ISO 4217 gives them. */
export const costWords = (cost: Cost): string => {
  if (cost === 'unknown') return 'Cost unknown';
  if (cost.minorUnits === 0) return 'No cost';
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency: cost.currency }).resolvedOptions()
      .maximumFractionDigits ?? 2;
  const units = String(cost.minorUnits).padStart(digits + 1, '0');
  const whole = units.slice(0, units.length - digits).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${whole}${digits === 0 ? '' : `.${units.slice(units.length - digits)}`} ${cost.currency}`;
};
