import { timestamp } from '../../actions/identity.ts';
import type { CredentialCondition, PutCondition, ReadCondition } from '../condition.ts';
import type { Credential } from '../credential.ts';
import type { Connection } from './connection.ts';
import { oauthProviderOf } from './endpoints.ts';
import { OAUTH, scopeList, scopesMissing } from './providers.ts';

/** Of a credential that nobody looked at yet. Its version is 0: nothing is stored. */
export const firstCondition = (grant: Credential, now: number): CredentialCondition => ({
  schemaVersion: 1,
  project: grant.project,
  provider: grant.provider,
  account: grant.account,
  environment: grant.environment,
  version: 0,
  status: 'UNKNOWN',
  detail: null,
  since: timestamp(now),
  checkedAt: null,
  lastValidatedAt: null,
  lastUsedAt: null,
  rotatedAt: grant.createdAt,
  rotationCount: 0,
  lastRotationVersion: null,
  providerScopes: [],
  providerAccount: null,
  accessExpiresAt: null,
  refreshExpiresAt: null,
  warnedAtDays: null,
  connectionVersion: 1,
});

const ATTEMPTS = 6;

/**
 * Reads, changes and writes a condition until nobody else did meanwhile.
 * @param change undefined where there is nothing to write; otherwise `version` is set here
 * @throws Error CONFLICT where it keeps changing
 */
export const writeCondition = async (
  grant: Credential,
  change: (from: CredentialCondition | undefined) => CredentialCondition | undefined,
  deps: { readonly readCondition: ReadCondition; readonly putCondition: PutCondition },
): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const from = await deps.readCondition(grant.project, grant);
    const to = change(from);
    if (to === undefined) return;
    if ((await deps.putCondition(from, { ...to, version: (from?.version ?? 0) + 1 })) === 'stored') return;
  }
  throw new Error('CONFLICT: the condition of this credential keeps changing');
};

/** A person is needed. Undefined where that is known already. */
export const conditionAfterFailure = (
  grant: Credential,
  from: CredentialCondition | undefined,
  now: number,
): CredentialCondition | undefined =>
  from?.status === 'NEEDS_REAUTH'
    ? undefined
    : {
        ...(from ?? firstCondition(grant, now)),
        status: 'NEEDS_REAUTH',
        detail: null,
        since: timestamp(now),
        checkedAt: timestamp(now),
      };

/** Scopes of ours that the provider's scopes do not cover; none where the provider did not say. */
export const uncovered = (grant: Credential, scope: string | undefined) => {
  const name = oauthProviderOf(grant);
  return name === undefined || scope === undefined
    ? []
    : scopesMissing(OAUTH[name], grant.scopes, scopeList(scope));
};

/** What new tokens say about the credential. The same secret version is counted once. */
export const conditionAfterTokens = (
  grant: Credential,
  from: CredentialCondition | undefined,
  facts: {
    readonly connection: Connection;
    readonly versionId: string;
    readonly connects: boolean;
    readonly connectedBy: string | null;
    readonly now: number;
  },
): CredentialCondition => {
  const base = from ?? firstCondition(grant, facts.now);
  const { connection, versionId, connects, connectedBy } = facts;
  const at = timestamp(facts.now);
  const name = oauthProviderOf(grant);
  const renews =
    connects || (grant.kind === 'oauth' && name !== undefined && OAUTH[name].rotation !== 'never');
  const counts = renews && base.lastRotationVersion !== versionId;
  const detail =
    uncovered(grant, connection.scope).length > 0
      ? 'insufficient-scope'
      : base.detail === 'wrong-environment' && !connects
        ? base.detail
        : null;
  return {
    ...base,
    status: 'PRESENT',
    detail,
    since: base.status === 'PRESENT' && from !== undefined ? base.since : at,
    checkedAt: at,
    lastValidatedAt: at,
    accessExpiresAt: connection.accessExpiresAt ?? null,
    refreshExpiresAt: connection.refreshExpiresAt ?? null,
    providerScopes: connection.scope === undefined ? base.providerScopes : scopeList(connection.scope),
    providerAccount: connection.account ?? base.providerAccount,
    ...(counts
      ? {
          rotatedAt: at,
          rotationCount: base.rotationCount + 1,
          lastRotationVersion: versionId,
          warnedAtDays: null,
        }
      : {}),
    ...(connectedBy === null ? {} : { connectedBy }),
    // The task of who was never connected has the number 1, so the first connection has 2.
    connectionVersion: base.connectionVersion + (connects && counts ? 1 : 0),
  };
};
