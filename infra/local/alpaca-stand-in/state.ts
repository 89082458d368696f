import * as z from 'zod';
import { Position, StoredOrder } from './book.ts';

export const Fault = z.strictObject({
  kind: z.enum([
    'timeoutAfter',
    'timeoutBefore',
    'landLate',
    'resetAfter',
    'resetBefore',
    'tooManyRequests',
    'serverErrorAfter',
    'serverErrorBefore',
    'lookupLag',
  ]),
  method: z.string().optional(),
  path: z.string().optional(),
  times: z.number().int().min(1).max(1000).optional(),
  delayMs: z.number().int().min(0).max(86_400_000).optional(),
});
export type Fault = z.infer<typeof Fault>;

export const LoggedRequest = z.object({
  at: z.number(),
  method: z.string(),
  path: z.string(),
  query: z.string(),
  body: z.string(),
  status: z.number(),
  fault: Fault.shape.kind.optional(),
});

export const AlpacaState = z.object({
  cash: z.string(),
  fillDelayMs: z.number(),
  orders: z.array(StoredOrder),
  positions: z.record(z.string(), Position),
  faults: z.array(Fault),
  /** Orders whose connection broke before they land. */
  landings: z.array(z.object({ at: z.number(), body: z.string() })),
  requests: z.array(LoggedRequest),
});
export type AlpacaState = z.infer<typeof AlpacaState>;

/** Takes one use off the first fault that fits the request, if one does. */
export const takeFault = (state: AlpacaState, method: string, path: string): Fault | undefined => {
  const index = state.faults.findIndex((fault) => {
    const wanted = fault.path ?? '/v2/orders';
    const fits = wanted.endsWith('*') ? path.startsWith(wanted.slice(0, -1)) : path === wanted;
    return fits && (fault.method ?? 'POST') === method;
  });
  const fault = state.faults[index];
  if (fault === undefined) return undefined;
  const left = (fault.times ?? 1) - 1;
  if (left === 0) state.faults.splice(index, 1);
  else fault.times = left;
  return { ...fault };
};
