import { epochMs, type Timestamp } from '../actions/identity.ts';
import { sha256 } from '../actions/canonical-json.ts';
import type { CredentialCondition } from './condition.ts';
import { type Credential, credentialPk } from './credential.ts';
import { type RotationPolicy, rotationPolicyOf } from './rotation-policies.ts';

const DAY_MS = 86_400_000;

/** The policy of a grant: its own, or that of what renews it. */
export const policyOf = (grant: Pick<Credential, 'policy' | 'provider' | 'oauthProvider'>): RotationPolicy =>
  grant.policy ?? rotationPolicyOf(grant.oauthProvider ?? grant.provider);

/** When its value was made, as far as is known: a registration anew counts, since it may name another secret. */
export const rotatedAtOf = (
  grant: Pick<Credential, 'createdAt'>,
  condition: Pick<CredentialCondition, 'rotatedAt'> | undefined,
): Timestamp =>
  condition !== undefined && epochMs(condition.rotatedAt) > epochMs(grant.createdAt)
    ? condition.rotatedAt
    : grant.createdAt;

export type Rotation = 'fresh' | 'due' | 'overdue' | 'critical';

export interface Age {
  readonly rotatedAt: Timestamp;
  /** Whole days since; 0 where it lies ahead. */
  readonly days: number;
  /** `due`: a warning went out or is about to. `overdue`: past the policy's age. `critical`: nothing new is started with it. */
  readonly rotation: Rotation;
  /** The highest threshold that was reached, in days; null below the first. */
  readonly reached: number | null;
  /** The next threshold, in days; null past the last. */
  readonly next: number | null;
}

/** How old a credential's value is against its policy (CRE-08). A threshold is reached with its first millisecond. */
export const ageOf = (grant: Credential, condition: CredentialCondition | undefined, now: number): Age => {
  const { notifyDays, maxDays, criticalDays } = policyOf(grant);
  const rotatedAt = rotatedAtOf(grant, condition);
  const days = Math.max(0, Math.floor((now - epochMs(rotatedAt)) / DAY_MS));
  const thresholds = [...new Set([...notifyDays, maxDays, criticalDays])].toSorted(
    (one, other) => one - other,
  );
  const reached = thresholds.findLast((day) => day <= days) ?? null;
  const rotation =
    days >= criticalDays ? 'critical' : days >= maxDays ? 'overdue' : reached === null ? 'fresh' : 'due';
  return { rotatedAt, days, rotation, reached, next: thresholds.find((day) => day > days) ?? null };
};

/**
 * The condition once the threshold that was reached is written into it; undefined where it stands there already. Who
 * writes it first, by condition on its version, is the one who tells people (CRE-17).
 */
export const withWarning = (
  grant: Credential,
  condition: CredentialCondition,
  now: number,
): CredentialCondition | undefined => {
  const { reached } = ageOf(grant, condition, now);
  // Below the first threshold again: rotated or registered anew, so the warnings begin from the start.
  if (reached === null)
    return condition.warnedAtDays === null ? undefined : { ...condition, warnedAtDays: null };
  return (condition.warnedAtDays ?? 0) >= reached ? undefined : { ...condition, warnedAtDays: reached };
};

/** One crossing of one threshold by one value: the same crossing has the same id, whoever finds it and how often. */
export const warningId = (grant: Credential, { rotatedAt, reached }: Age): string =>
  sha256(`${credentialPk(grant.project, grant)}\n${rotatedAt}\n${reached ?? 0}`);
