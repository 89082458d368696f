import { epochMs, timestamp } from '../../actions/identity.ts';
import type { CredentialCondition, PutCondition, ReadCondition } from '../condition.ts';
import type { Credential } from '../credential.ts';
import { firstCondition, uncovered, writeCondition } from './connection-condition.ts';
import { oauthProviderOf } from './endpoints.ts';

interface SharedConnectionDeps {
  readonly now: () => number;
  readonly readCondition: ReadCondition;
  readonly putCondition: PutCondition;
}

/** Grants that read the connection of `owner` and never renew it: an `http` endpoint, for instance. */
export const readersOf = (grants: readonly Credential[], owner: Credential): Credential[] =>
  grants.filter(
    (grant) =>
      grant !== owner &&
      !grant.retired &&
      grant.secretId === owner.secretId &&
      oauthProviderOf(grant) !== undefined,
  );

const isRefused = (condition: CredentialCondition | undefined): boolean =>
  condition?.status === 'EXPIRED' && condition.detail === 'expired-refreshable';

/** Access that was refused to a reader was refused to its owner too, unless it was renewed since. */
export const tellOwner = async (
  owner: Credential,
  readers: readonly Credential[],
  deps: SharedConnectionDeps,
): Promise<void> => {
  for (const reader of readers) {
    const seen = await deps.readCondition(reader.project, reader);
    if (seen === undefined || !isRefused(seen)) continue;
    await writeCondition(
      owner,
      (from) => {
        if (from?.status !== 'PRESENT' && from?.status !== 'UNKNOWN') return undefined;
        const { accessExpiresAt } = from;
        // The reader speaks of an access that has been replaced meanwhile.
        if (seen.accessExpiresAt !== null && seen.accessExpiresAt !== accessExpiresAt) return undefined;
        return { ...from, status: 'EXPIRED', detail: 'expired-refreshable', since: seen.since };
      },
      deps,
    );
  }
};

const asOwner = (
  owner: CredentialCondition,
  reader: Credential,
  from: CredentialCondition | undefined,
  now: number,
): CredentialCondition | undefined => {
  const isLive = owner.accessExpiresAt !== null && now < epochMs(owner.accessExpiresAt);
  if (owner.status !== 'PRESENT' || !isLive) return undefined;
  const base = from ?? firstCondition(reader, now);
  const isCurrent = base.accessExpiresAt === owner.accessExpiresAt && base.rotatedAt === owner.rotatedAt;
  // What was found out about this very access is newer than its renewal.
  if (isCurrent && base.status !== 'UNKNOWN') return undefined;
  const missing = uncovered(
    reader,
    owner.providerScopes.length === 0 ? undefined : owner.providerScopes.join(' '),
  );
  return {
    ...base,
    status: 'PRESENT',
    detail: missing.length > 0 ? 'insufficient-scope' : null,
    since: base.status === 'PRESENT' && from !== undefined ? base.since : timestamp(now),
    checkedAt: timestamp(now),
    rotatedAt: owner.rotatedAt,
    rotationCount: owner.rotationCount,
    lastRotationVersion: owner.lastRotationVersion,
    providerScopes: owner.providerScopes,
    providerAccount: owner.providerAccount,
    accessExpiresAt: owner.accessExpiresAt,
    refreshExpiresAt: owner.refreshExpiresAt,
    warnedAtDays: base.rotatedAt === owner.rotatedAt ? base.warnedAtDays : null,
    connectionVersion: owner.connectionVersion,
  };
};

/** Readers are as old and as alive as the connection that they read. Writes only what has changed. */
export const tellReaders = async (
  owner: Credential,
  readers: readonly Credential[],
  deps: SharedConnectionDeps,
): Promise<void> => {
  if (readers.length === 0) return;
  const condition = await deps.readCondition(owner.project, owner);
  if (condition === undefined) return;
  for (const reader of readers)
    await writeCondition(reader, (from) => asOwner(condition, reader, from, deps.now()), deps);
};
