/** Written here by hand: where an action is at its end. */
export const TERMINAL: ReadonlySet<string> = new Set([
  'SUCCEEDED',
  'FAILED',
  'REJECTED',
  'EXPIRED',
  'CANCELLED',
  'DENIED',
  'INVALID',
]);
