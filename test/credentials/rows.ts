import type { CredentialCondition } from '#shared/credentials/condition.ts';
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

/** The condition of that grant, in good health since the first of January. */
export const aCondition = (over: Partial<CredentialCondition> = {}): CredentialCondition => ({
  schemaVersion: 1,
  project: 'demo',
  provider: 'alpaca',
  account: 'paper-demo',
  environment: 'PAPER',
  version: 1,
  status: 'PRESENT',
  detail: null,
  since: '2026-01-01T00:00:00.000Z',
  checkedAt: '2026-01-01T00:00:00.000Z',
  lastValidatedAt: '2026-01-01T00:00:00.000Z',
  lastUsedAt: null,
  rotatedAt: '2026-01-01T00:00:00.000Z',
  rotationCount: 0,
  lastRotationVersion: null,
  providerScopes: [],
  providerAccount: null,
  accessExpiresAt: null,
  refreshExpiresAt: null,
  warnedAtDays: null,
  connectionVersion: 1,
  ...over,
});
