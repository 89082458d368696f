import * as z from 'zod';
import { ProjectId, Timestamp, timestamp } from '../actions/identity.ts';
import { CONDITION_DETAILS, CREDENTIAL_STATUSES, type CredentialStanding } from './condition.ts';
import { type Credential, CredentialFields } from './credential.ts';
import { healthNow, rankOf, worstHealth } from './health.ts';
import { isUnhealthy } from './health-gauges.ts';
import { healthReasons, PERFORM_CODES, TASK_MS } from './may-perform.ts';
import { RotationPolicy } from './rotation-policies.ts';
import { ageOf, policyOf } from './warnings.ts';

const Status = z.enum(CREDENTIAL_STATUSES);
const Detail = z.enum(CONDITION_DETAILS);

/** A credential as people see it: what it may do, how it is doing, how old it is. No field can hold a value (CRE-12). */
export const CredentialView = z.strictObject({
  ...CredentialFields.omit({ schemaVersion: true, policy: true }).shape,
  kind: CredentialFields.shape.kind.unwrap(),
  scopes: CredentialFields.shape.scopes.unwrap(),
  operations: CredentialFields.shape.operations.unwrap(),
  retired: z.boolean(),
  status: Status,
  detail: Detail.nullable(),
  /** In this status since; null where nobody looked yet. */
  since: Timestamp.nullable(),
  checkedAt: Timestamp.nullable(),
  lastValidatedAt: Timestamp.nullable(),
  lastUsedAt: Timestamp.nullable(),
  /** Whole days since the value was made, and what the policy says to that. */
  rotatedAt: Timestamp,
  ageDays: z.int(),
  rotation: z.enum(['fresh', 'due', 'overdue', 'critical']),
  /** Age in days at which the next warning goes out; null after the last. */
  nextWarningDays: z.int().nullable(),
  rotationCount: z.int(),
  policy: RotationPolicy,
  providerScopes: z.array(z.string()),
  providerAccount: z.string().nullable(),
  accessExpiresAt: Timestamp.nullable(),
  refreshExpiresAt: Timestamp.nullable(),
  /** Why an action that needs it would wait now; empty where none would. */
  waits: z.array(z.strictObject({ code: z.enum(PERFORM_CODES), detail: z.string() })),
});
export type CredentialView = z.infer<typeof CredentialView>;

export const CredentialListView = z.strictObject({
  project: ProjectId,
  credentials: z.array(CredentialView),
});
export type CredentialListView = z.infer<typeof CredentialListView>;

/** Answer of a look that somebody asked for. */
export const CredentialLookView = z.strictObject({
  /**
   * `recent`: somebody asked within a minute, or is being answered now; the provider was not asked again.
   * `overtaken`: it changed while it was looked at, and the look counts for nothing.
   */
  look: z.enum(['done', 'recent', 'overtaken']),
  /** How it stands now. */
  credential: CredentialView,
});
export type CredentialLookView = z.infer<typeof CredentialLookView>;

/** How the credentials of all projects of the asker are doing, the worst first (CRE-10, CRE-13). */
export const CredentialHealthView = z.strictObject({
  at: Timestamp,
  /** Of the worst one in service; `PRESENT` where there is none. */
  status: Status,
  detail: Detail.nullable(),
  inService: z.int(),
  unhealthy: z.int(),
  overdue: z.int(),
  credentials: z.array(CredentialView),
});
export type CredentialHealthView = z.infer<typeof CredentialHealthView>;

/** A grant and its condition as they stand now. */
export const credentialView = (
  { grant, condition }: CredentialStanding & { readonly grant: Credential },
  now: number,
): CredentialView => {
  const { schemaVersion: _schemaVersion, policy: _policy, ...registered } = grant;
  const age = ageOf(grant, condition, now);
  const reasons = grant.retired
    ? []
    : healthReasons(grant, condition, { now: timestamp(now), taskMs: TASK_MS });
  return {
    ...registered,
    ...healthNow(grant, condition, now),
    since: condition?.since ?? null,
    checkedAt: condition?.checkedAt ?? null,
    lastValidatedAt: condition?.lastValidatedAt ?? null,
    lastUsedAt: condition?.lastUsedAt ?? null,
    rotatedAt: age.rotatedAt,
    ageDays: age.days,
    rotation: age.rotation,
    nextWarningDays: age.next,
    rotationCount: condition?.rotationCount ?? 0,
    policy: policyOf(grant),
    providerScopes: condition?.providerScopes ?? [],
    providerAccount: condition?.providerAccount ?? null,
    accessExpiresAt: condition?.accessExpiresAt ?? null,
    refreshExpiresAt: condition?.refreshExpiresAt ?? null,
    waits: reasons.map(({ code, detail }) => ({ code, detail })),
  };
};

/** Worst first, then the oldest. */
const byTrouble = (one: CredentialView, other: CredentialView): number =>
  rankOf(other) - rankOf(one) || other.ageDays - one.ageDays;

/** Everything together. Retired ones are left out: nothing uses them. */
export const credentialHealth = (views: readonly CredentialView[], now: number): CredentialHealthView => {
  const live = views.filter(({ retired }) => !retired);
  const { status, detail } = worstHealth(live);
  return {
    at: timestamp(now),
    status,
    detail,
    inService: live.length,
    unhealthy: live.filter(isUnhealthy).length,
    overdue: live.filter(({ rotation }) => rotation === 'overdue' || rotation === 'critical').length,
    credentials: live.toSorted(byTrouble),
  };
};
