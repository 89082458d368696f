import { timestamp } from '../../actions/identity.ts';
import type { CredentialCondition, PutCondition, ReadCondition } from '../condition.ts';
import type { Credential } from '../credential.ts';
import { RotationError } from './kind.ts';

/**
 * The condition after a rotation: the new value was seen to work, so what was wrong with the one before it is over
 * and the warnings begin anew. Undefined where the version was counted already.
 */
export const rotated = (
  grant: Credential,
  before: CredentialCondition | undefined,
  version: string,
  now: number,
): CredentialCondition | undefined => {
  if (before?.lastRotationVersion === version) return undefined;
  const at = timestamp(now);
  const { project, provider, account, environment } = grant;
  return {
    ...(before ?? {
      schemaVersion: 1,
      project,
      provider,
      account,
      environment,
      lastUsedAt: null,
      providerScopes: [],
      providerAccount: null,
      accessExpiresAt: null,
      refreshExpiresAt: null,
      connectionVersion: 1,
    }),
    version: (before?.version ?? 0) + 1,
    status: 'PRESENT',
    detail: null,
    since: before?.status === 'PRESENT' ? before.since : at,
    checkedAt: at,
    lastValidatedAt: at,
    rotatedAt: at,
    rotationCount: (before?.rotationCount ?? 0) + 1,
    lastRotationVersion: version,
    warnedAtDays: null,
  };
};

/** Counts a rotation for every credential that the secret serves, once for each version (CRE-07). */
export type CountRotation = (grants: readonly Credential[], version: string) => Promise<void>;

const ATTEMPTS = 6;

export interface CountRotationDeps {
  readonly readCondition: ReadCondition;
  readonly putCondition: PutCondition;
  readonly now: () => number;
}

const countOne = async (grant: Credential, version: string, deps: CountRotationDeps): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await deps.readCondition(grant.project, grant);
    const after = rotated(grant, before, version, deps.now());
    if (after === undefined || (await deps.putCondition(before, after)) === 'stored') return;
  }
  throw new RotationError('CONFLICT', 'the condition of the credential keeps changing');
};

export const countRotation =
  (deps: CountRotationDeps): CountRotation =>
  async (grants, version) => {
    for (const grant of grants) await countOne(grant, version, deps);
  };
