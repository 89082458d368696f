import type { Credential } from '#shared/credentials/credential.ts';

/** A grant of the demo project that may do everything its provider offers, unless said otherwise. */
export const aCredential = (over: Partial<Credential> = {}): Credential => ({
  schemaVersion: 1,
  project: 'demo',
  provider: 'alpaca',
  account: 'paper-demo',
  environment: 'PAPER',
  secretId: 'autopack/demo/alpaca',
  standIn: false,
  kind: 'operator-staged',
  scopes: ['READ', 'WRITE', 'DELETE', 'PUBLISH', 'TRADE'],
  operations: [`${over.provider ?? 'alpaca'}/*`],
  retired: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  ...over,
});
