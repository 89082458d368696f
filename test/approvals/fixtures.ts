import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { approvalId, requestHash } from '#shared/actions/hashes.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { proposed } from '#shared/actions/transition.ts';
import type { Approval } from '#shared/approvals/approval.ts';
import type { Ballot, Person } from '#shared/approvals/moves.ts';
import { type ProjectConfig, strictProjectConfig } from '#shared/governance/project-config.ts';
import type { PersonRow } from '#shared/operators/principal.ts';

/** 2026-11-21T10:00:00.000Z */
export const NOW = Date.parse('2026-11-21T10:00:00.000Z');
export const DAY = 86_400_000;

export const personRow = (email: string, name: string, over: Partial<PersonRow> = {}): PersonRow => ({
  schemaVersion: 1,
  email,
  name,
  issuerSubject: `sub-${email}`,
  projects: ['demo'],
  roles: ['operator'],
  active: true,
  createdAt: timestamp(NOW - DAY),
  ...over,
});

export const OLIVIA = personRow('olivia@example.test', 'Olivia Operator');
export const SAM = personRow('sam@example.test', 'Sam Second');
export const ADA = personRow('ada@example.test', 'Ada Owner', { roles: ['viewer'] });
export const ELSE = personRow('eve@example.test', 'Eve Elsewhere', { projects: ['other'] });

export const personOf = (row: PersonRow, authTimeMs = NOW): Person => ({
  kind: 'person',
  subject: `person:${row.email}`,
  email: row.email,
  name: row.name,
  projects: row.projects,
  roles: row.roles,
  authTimeMs,
});

export const olivia = personOf(OLIVIA);
export const sam = personOf(SAM);

export const PROJECT: ProjectConfig = {
  ...strictProjectConfig('demo'),
  version: 3,
  settings: {
    allowedHosts: [],
    approvalTtlSeconds: 86_400,
    providers: ['alpaca'],
    alpaca: { account: 'paper-demo', environment: 'PAPER' },
  },
};

const body =
  '{"symbol":"AAPL","qty":"1","side":"buy","type":"market","time_in_force":"day","client_order_id":"ap-0f3c"}';

export const dryRun = (over: Partial<DryRun> = {}): DryRun => {
  const request: DryRun['request'] = {
    method: 'POST',
    url: 'https://paper-api.alpaca.markets/v2/orders',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body,
    credential: { provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' },
    operation: 'alpaca/order.submit',
    adapterVersion: '1',
    media: [],
  };
  const whole = {
    schemaVersion: 1 as const,
    project: 'demo',
    key: 'order-1',
    operation: 'alpaca/order.submit',
    adapterVersion: '1',
    payloadHash: 'a'.repeat(64),
    facts: {},
    request,
    effects: [
      {
        type: 'trade' as const,
        target: 'AAPL, account paper-demo (paper)',
        reversibility: 'irreversible' as const,
        cost: 'unknown' as const,
      },
    ],
    recoveryClass: 'keyed' as const,
    title: 'Buy 1 AAPL at the market (paper account)',
    summary: [
      { label: 'Symbol', value: 'AAPL' },
      { label: 'Quantity', value: '1' },
      { label: 'Side', value: 'buy' },
    ],
    files: [],
    rationale: 'The morning rebalance needs one more share.',
    projectVersion: 3,
    renderedAt: timestamp(NOW),
    ...over,
  };
  return { ...whole, requestHash: over.requestHash ?? requestHash(whole.request) };
};

export const actionRow = (over: Partial<Action> = {}): Action => ({
  ...proposed(
    {
      project: 'demo',
      key: 'order-1',
      operation: 'alpaca/order.submit',
      effects: ['trade'],
      recoveryClass: 'keyed',
      payloadHash: 'a'.repeat(64),
      providerKey: 'ap-0f3c',
      proposer: 'client:demo-agent',
      originators: ['client:demo-agent', 'person:ada@example.test'],
      dryRun: false,
      approvalTtlSeconds: 86_400,
    },
    { at: timestamp(NOW), writeToken: 'w-first' },
  ),
  ...over,
});

export const approval = (over: Partial<Approval> = {}): Approval => ({
  schemaVersion: 1,
  approvalId: approvalId({ project: 'demo', key: 'order-1' }, 1),
  project: 'demo',
  key: 'order-1',
  round: 1,
  status: 'WAITING',
  version: 1,
  operation: 'alpaca/order.submit',
  title: 'Buy 1 AAPL at the market (paper account)',
  tier: 'low',
  riskScore: 40,
  reasons: [
    { gate: 'governance', code: 'EFFECT_TRADE', detail: 'Trades never run without a person.' },
    { gate: 'governance', code: 'IRREVERSIBLE', detail: 'The effect cannot be undone.' },
  ],
  requestHash: dryRun().requestHash,
  projectVersion: 3,
  files: [],
  proposer: 'client:demo-agent',
  originators: ['client:demo-agent', 'person:ada@example.test'],
  createdAt: timestamp(NOW),
  expiresAt: timestamp(NOW + DAY),
  taskToken: 'Y2lwaGVy',
  mailed: [],
  writeToken: 'w0',
  ...over,
});

export const ballot = (over: Partial<Ballot> = {}): Ballot => ({
  decision: 'approve',
  requestHash: dryRun().requestHash,
  version: 1,
  reason: '',
  ...over,
});
