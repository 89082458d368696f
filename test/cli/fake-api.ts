import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ActionView } from '#shared/actions/action-view.ts';
import type { ApprovalView } from '#shared/approvals/approval-view.ts';

export interface FakeReply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}
export interface FakeApi {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** By "METHOD /path"; the last of a list answers for good. */
  readonly replies: Map<string, FakeReply[]>;
  close(): Promise<void>;
}

/** A server that answers what a test put down for a method and path, and 404 for the rest. */
export const startFakeApi = async (): Promise<FakeApi> => {
  const seen: SeenRequest[] = [];
  const replies = new Map<string, FakeReply[]>();
  const server = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const method = request.method ?? 'GET';
      const body: unknown = request.headers['content-type'] === 'application/json' ? JSON.parse(text) : text;
      seen.push({ method, path: url.pathname, query: url.searchParams, headers: request.headers, body });
      const list = replies.get(`${method} ${url.pathname}`) ?? [
        { status: 404, body: problem('NOT_FOUND', 404) },
      ];
      const reply = (list.length > 1 ? list.shift() : list[0]) as FakeReply;
      response.writeHead(reply.status, {
        'content-type': 'application/json',
        connection: 'close',
        ...reply.headers,
      });
      response.end(JSON.stringify(reply.body));
    };
    void serve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    replies,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export const problem = (code: string, status: number): Record<string, unknown> => ({
  type: `urn:autopack:problem:${code.toLowerCase()}`,
  title: 'A title',
  status,
  detail: 'A detail.',
  code,
  requestId: 'req-1',
});

export const actionView = (more: Partial<ActionView> = {}): ActionView => ({
  project: 'demo',
  key: 'order-1',
  status: 'SUCCEEDED',
  terminal: true,
  keepKey: true,
  operation: 'alpaca/order.submit',
  effects: ['trade'],
  recoveryClass: 'keyed',
  payloadHash: 'a'.repeat(64),
  requestHash: 'b'.repeat(64),
  providerKey: 'ap-1',
  proposer: 'client:agent-1',
  originators: ['client:agent-1'],
  runId: null,
  dryRun: false,
  tier: 'standard',
  approval: null,
  permit: null,
  attempts: 1,
  retries: 0,
  needsPerson: false,
  outcome: null,
  resolution: null,
  settleUntil: null,
  createdAt: '2026-11-20T08:00:00.000Z',
  updatedAt: '2026-11-20T08:00:01.000Z',
  startedAt: null,
  completedAt: null,
  history: [],
  historyIntact: true,
  ...more,
});

export const approvalView = (more: Partial<ApprovalView> = {}): ApprovalView => ({
  id: '0'.repeat(32),
  project: 'demo',
  key: 'order-1',
  round: 1,
  status: 'WAITING',
  version: 3,
  operation: 'alpaca/order.submit',
  title: 'Buy 1 AAPL',
  tier: 'standard',
  riskScore: 40,
  reasons: [],
  requestHash: 'b'.repeat(64),
  projectVersion: 1,
  files: [],
  proposer: 'client:agent-1',
  originators: ['client:agent-1'],
  createdAt: '2026-11-20T08:00:00.000Z',
  expiresAt: '2026-11-21T08:00:00.000Z',
  decision: null,
  ...more,
});
