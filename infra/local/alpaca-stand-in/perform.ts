import type { AlpacaFaultKind } from '../ports.ts';
import type { AwsReply, AwsRequest } from '../service.ts';
import { AlpacaRefusal, requestCancel, submit } from './book.ts';
import { type AlpacaState, type Fault, takeFault } from './state.ts';
import { readTicket } from './ticket.ts';
import { accountView, clockView, findOrder, listView, positionsView } from './views.ts';

/** What became of a request inside the book, and how it is answered. */
export interface Outcome {
  readonly reply: AwsReply | 'never' | 'hangUp';
  readonly fault?: AlpacaFaultKind;
}

export const json = (status: number, value: unknown): AwsReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

/** The API's error document. */
export const refusal = (error: AlpacaRefusal): AwsReply =>
  json(error.status, { code: error.code, message: error.message });

/**
 * Does what the API call says, on a draft that the caller keeps or throws away.
 * @throws AlpacaRefusal
 */
export const perform = (
  draft: AlpacaState,
  request: AwsRequest,
  path: string,
  now: number,
  fault?: Fault,
): AwsReply => {
  const { query, method } = request;
  const at = { now, movesAt: now + draft.fillDelayMs };
  if (method === 'POST' && path === '/v2/orders') {
    const visibleAt = fault?.kind === 'lookupLag' ? { visibleAt: now + (fault.delayMs ?? 5000) } : {};
    return json(200, submit(draft, readTicket(request.body.toString()), { ...at, ...visibleAt }));
  }
  const id = /^\/v2\/orders\/([^/]+)$/.exec(path)?.[1];
  if (method === 'DELETE' && id !== undefined) {
    requestCancel(findOrder(draft, now, 'id', id), now, at.movesAt);
    return { status: 204, headers: {}, body: '' };
  }
  if (method === 'GET') {
    if (path === '/v2/account') return json(200, accountView(draft));
    if (path === '/v2/clock') return json(200, clockView(now));
    if (path === '/v2/positions') return json(200, positionsView(draft));
    if (path === '/v2/orders') return json(200, listView(draft, now, query));
    if (id !== undefined) return json(200, findOrder(draft, now, 'id', id).order);
    if (path === '/v2/orders:by_client_order_id')
      return json(200, findOrder(draft, now, 'client_order_id', query.get('client_order_id') ?? '').order);
  }
  throw new AlpacaRefusal(501, 50_110_000, `the stand-in does not implement ${method} ${path}`);
};

/** The same under the fault that waits for this request, if one does. Never throws a refusal. */
export const performUnderFault = (
  draft: AlpacaState,
  request: AwsRequest,
  path: string,
  now: number,
): Outcome => {
  const fault = takeFault(draft, request.method, path);
  const take = (): AwsReply => {
    try {
      return perform(draft, request, path, now, fault);
    } catch (error) {
      if (error instanceof AlpacaRefusal) return refusal(error);
      throw error;
    }
  };
  if (fault === undefined) return { reply: take() };
  const { kind } = fault;
  const delay = fault.delayMs ?? 1000;
  if (kind === 'landLate') draft.landings.push({ at: now + delay, body: request.body.toString() });
  const answer = kind.endsWith('After') || kind === 'lookupLag' ? take() : undefined;
  if (answer !== undefined && kind === 'lookupLag') return { reply: answer, fault: kind };
  if (kind.startsWith('timeout') || kind === 'landLate') return { reply: 'never', fault: kind };
  if (kind.startsWith('reset')) return { reply: 'hangUp', fault: kind };
  if (kind.startsWith('serverError'))
    return { reply: json(500, { code: 50_010_000, message: 'internal server error' }), fault: kind };
  const limited = json(429, { code: 42_910_000, message: 'rate limit exceeded' });
  return {
    reply: { ...limited, headers: { ...limited.headers, 'retry-after': String(Math.ceil(delay / 1000)) } },
    fault: kind,
  };
};
