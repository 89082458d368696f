import { requestHash } from '#shared/actions/hashes.ts';
import type { DryRun, RenderedRequest } from '#shared/actions/dry-run.ts';
import type { EffectType } from '#shared/actions/effects.ts';
import type { GovernanceFacts } from '#shared/governance/gate.ts';
import {
  type EndpointDefinition,
  type ProjectConfig,
  strictProjectConfig,
} from '#shared/governance/project-config.ts';
import { versionWith } from '#shared/providers/http/definition.ts';
import { matchEndpoint } from '#shared/governance/endpoint-match.ts';

/** Synthetic facts of the governance tests. */
export const definition = (over: Partial<EndpointDefinition> = {}): EndpointDefinition => ({
  name: 'reports',
  host: 'api.example.test',
  methods: ['GET', 'HEAD'],
  pathPrefix: '/reports',
  effects: ['read'],
  reversibility: 'none',
  recoveryClass: 'none',
  auth: null,
  ...over,
});

export const projectConfig = (over: Partial<ProjectConfig> = {}): ProjectConfig => ({
  ...strictProjectConfig('demo'),
  version: 3,
  settings: {
    allowedHosts: ['api.example.test'],
    approvalTtlSeconds: 86_400,
    providers: ['alpaca', 'http'],
    alpaca: { account: 'paper-demo', environment: 'PAPER' },
  },
  endpoints: [definition()],
  ...over,
});

export const effect = (
  type: EffectType,
  over: Partial<DryRun['effects'][number]> = {},
): DryRun['effects'][number] => ({
  type,
  target: 'somewhere',
  reversibility: type === 'read' ? 'none' : 'reversible',
  cost: { minorUnits: 0, currency: 'USD' },
  ...over,
});

export const dryRun = (
  over: Partial<Omit<DryRun, 'request'>> = {},
  request: Partial<RenderedRequest> = {},
  config: ProjectConfig = projectConfig(),
): DryRun => {
  const base = {
    method: 'GET' as const,
    url: 'https://api.example.test/reports/7',
    headers: { accept: 'application/json' },
    body: null,
    credential: null,
    operation: over.operation ?? 'http/request',
    media: [],
    ...request,
  };
  const rendered: RenderedRequest = {
    adapterVersion: versionWith(matchEndpoint(config.endpoints, base) ?? null),
    ...base,
  };
  return {
    schemaVersion: 1,
    project: 'demo',
    key: 'k-1',
    operation: 'http/request',
    adapterVersion: rendered.adapterVersion,
    payloadHash: 'a'.repeat(64),
    facts: {},
    request: rendered,
    requestHash: requestHash(rendered),
    effects: [effect('read')],
    recoveryClass: 'none',
    title: 'Read report 7',
    summary: [],
    files: [],
    rationale: null,
    projectVersion: config.version,
    renderedAt: '2026-01-02T03:04:05.000Z',
    ...over,
  };
};

/** An order of the paper account: trade, keyed. */
export const order = (
  over: Partial<Omit<DryRun, 'request'>> = {},
  request: Partial<RenderedRequest> = {},
): DryRun =>
  dryRun(
    {
      operation: 'alpaca/order.submit',
      effects: [effect('trade', { reversibility: 'irreversible', cost: 'unknown' })],
      recoveryClass: 'keyed',
      title: 'Buy 1 share',
      ...over,
    },
    {
      method: 'POST',
      url: 'https://paper-api.alpaca.markets/v2/orders',
      body: '{}',
      adapterVersion: '1',
      credential: { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' },
      ...request,
    },
  );

export const facts = (over: Partial<GovernanceFacts> = {}): GovernanceFacts => ({
  dryRun: dryRun(),
  project: projectConfig(),
  proposer: 'client:demo-agent',
  originators: ['client:demo-agent', 'person:ada@example.test'],
  stageIsProduction: false,
  ...over,
});

export const RUN = 'action == Autopack::Action::"runUnattended"';
/** As narrow as a rule has to be. */
export const READ_RULE = `@id("reports") permit(principal, ${RUN}, resource)
when { resource.effects == ["read"] && resource.defined && ["GET", "HEAD"].contains(resource.method) };`;
/** As wide as one could wish; never gets past the write. */
export const BLANKET = `permit(principal, ${RUN}, resource);`;
