import { providerKey, requestHash } from '#shared/actions/hashes.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { Secret } from '#shared/credentials/secret.ts';
import {
  type EndpointDefinition,
  type ProjectConfig,
  type ProjectSettings,
  strictProjectConfig,
} from '#shared/governance/project-config.ts';
import type { DispatchInput, Rendered, RenderFacts } from '#shared/providers/provider.ts';

export const KEY = providerKey({ project: 'demo', key: 'order-1' });
export const NOW = timestamp(Date.UTC(2026, 10, 21, 9, 0, 0));
export const SECRET = new Secret({
  keyId: 'PLANTEDKEYID',
  secretKey: 'planted-secret-key',
  token: 'planted-token',
  hmacKey: 'planted-hmac-key',
});

export const project = (
  settings: Partial<ProjectSettings> = {},
  endpoints: readonly EndpointDefinition[] = [],
): ProjectConfig => ({
  ...strictProjectConfig('demo'),
  version: 3,
  settings: {
    allowedHosts: ['api.example.test'],
    approvalTtlSeconds: 86_400,
    providers: ['alpaca', 'http'],
    alpaca: { account: 'paper-demo', environment: 'PAPER' },
    ...settings,
  },
  endpoints: [...endpoints],
});

export const facts = (more: Partial<RenderFacts> = {}): RenderFacts => ({
  project: project(),
  providerKey: KEY,
  ...more,
});

export const endpoint = (more: Partial<EndpointDefinition> = {}): EndpointDefinition => ({
  name: 'tickets',
  host: 'api.example.test',
  methods: ['GET', 'POST'],
  pathPrefix: '/v1/tickets',
  effects: ['write'],
  reversibility: 'reversible',
  recoveryClass: 'keyed',
  idempotencyHeader: 'idempotency-key',
  lookupPath: '/v1/tickets/by-key/{key}',
  auth: { kind: 'bearer', account: 'main', environment: 'PRODUCTION' },
  ...more,
});

export const dispatchOf = (rendered: Rendered, secret: Secret | null = SECRET): DispatchInput => ({
  request: rendered.request,
  secret,
  providerKey: KEY,
  facts: rendered.facts,
});

export const hashOf = (rendered: Rendered): string => requestHash(rendered.request);

export const ORDER = { symbol: 'AAPL', side: 'buy', type: 'market', time_in_force: 'day', qty: '1' } as const;
export const ORDER_ID = '61e69015-8549-4bfd-b9c3-01e75843f47d';
