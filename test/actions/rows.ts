import { payloadHash, providerKey, requestHash } from '#shared/actions/hashes.ts';
import type { Action } from '#shared/actions/action.ts';
import type { DryRun, RenderedRequest } from '#shared/actions/dry-run.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { proposed } from '#shared/actions/transition.ts';

/** A fixed moment for tests: the clock is an argument everywhere. */
export const T0 = Date.UTC(2026, 10, 21, 12, 0, 0);
export const at = (ms: number): string => timestamp(T0 + ms);

export const order = { symbol: 'AAPL', side: 'buy', type: 'market', time_in_force: 'day', qty: '1' };

export const newAction = (over: Partial<Action> = {}): Action => ({
  ...proposed(
    {
      project: over.project ?? 'demo',
      key: over.key ?? 'order-1',
      operation: over.operation ?? 'alpaca/order.submit',
      effects: ['trade'],
      recoveryClass: over.recoveryClass ?? 'keyed',
      payloadHash: payloadHash('alpaca/order.submit', order),
      providerKey: providerKey({ project: over.project ?? 'demo', key: over.key ?? 'order-1' }),
      proposer: 'client:agent',
      originators: ['client:agent', 'person:ada@example.test'],
      dryRun: over.dryRun ?? false,
      approvalTtlSeconds: over.approvalTtlSeconds ?? 86_400,
      ...(over.runId === undefined ? {} : { runId: over.runId }),
    },
    { at: over.createdAt ?? at(0), writeToken: over.writeToken ?? 'w0' },
  ),
  ...over,
});

export const renderedRequest = (over: Partial<RenderedRequest> = {}): RenderedRequest => ({
  method: 'POST',
  url: 'https://paper-api.alpaca.markets/v2/orders',
  headers: { 'content-type': 'application/json', accept: 'application/json' },
  body: JSON.stringify({ ...order, client_order_id: 'ap-test' }),
  credential: { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' },
  operation: 'alpaca/order.submit',
  adapterVersion: '1',
  media: [],
  ...over,
});

export const newDryRun = (row: Action, over: Partial<DryRun> = {}): DryRun => {
  const request = over.request ?? renderedRequest();
  return {
    schemaVersion: 1,
    project: row.project,
    key: row.key,
    operation: row.operation,
    adapterVersion: request.adapterVersion,
    payloadHash: row.payloadHash,
    facts: {},
    request,
    requestHash: requestHash(request),
    effects: [
      {
        type: 'trade',
        target: 'Alpaca paper account paper-demo',
        reversibility: 'irreversible',
        cost: 'unknown',
      },
    ],
    recoveryClass: row.recoveryClass,
    title: 'Buy 1 AAPL at the market',
    summary: [],
    files: [],
    rationale: null,
    projectVersion: 1,
    renderedAt: at(1000),
    ...over,
  };
};
