import type { CredentialRef } from '../actions/dry-run.ts';
import type { EffectType } from '../actions/effects.ts';
import { epochMs, type Timestamp } from '../actions/identity.ts';
import type { CredentialCondition } from './condition.ts';
import type { Credential, CredentialScope } from './credential.ts';
import { fitsHost } from './secret-fields.ts';
import { ageOf, policyOf } from './warnings.ts';

/**
 * The scope that each effect needs. This table is the whole of inheritance: no scope implies another one, and none
 * is found by comparing names.
 */
export const SCOPE_OF_EFFECT: Readonly<Record<EffectType, CredentialScope>> = {
  read: 'READ',
  notify: 'WRITE',
  write: 'WRITE',
  publish: 'PUBLISH',
  list: 'PUBLISH',
  trade: 'TRADE',
  payment: 'TRADE',
  destructive: 'DELETE',
};

export const PERFORM_CODES = [
  'CREDENTIAL_UNKNOWN',
  'CREDENTIAL_RETIRED',
  'CREDENTIAL_ENVIRONMENT',
  'CREDENTIAL_STAND_IN',
  'CREDENTIAL_SCOPE',
  'CREDENTIAL_OPERATION',
  'CREDENTIAL_UNHEALTHY',
  'CREDENTIAL_EXPIRES',
  'CREDENTIAL_OVERDUE',
  'CREDENTIAL_UNAPPROVED',
] as const;
export type PerformCode = (typeof PERFORM_CODES)[number];

export interface PerformReason {
  readonly code: PerformCode;
  readonly detail: string;
  /**
   * `wait`: reconnecting, rotating or waiting heals it, so an approved action pauses. `refuse`: only two people can
   * change it, so the action is denied.
   */
  readonly remedy: 'wait' | 'refuse';
}

/** What the action is going to do with the credential. */
export interface PerformNeeds {
  readonly credential: CredentialRef;
  readonly operation: string;
  readonly effects: readonly EffectType[];
  /** The request goes to a host that was overridden for a stand-in. */
  readonly hostIsOverridden: boolean;
}

export interface PerformFacts {
  readonly now: Timestamp;
  /** The longest that the task may take, from now, in milliseconds. */
  readonly taskMs: number;
  /** `not-yet` before the wait for an approval; in Execute an approval or an explicit unattended permit has to be there. */
  readonly approval: 'present' | 'absent' | 'not-yet';
}

/** How long a task may need its credential: the claim, the dispatch and the lease behind it, with room to spare. */
export const TASK_MS = 300_000;

const covers = (operations: readonly string[], operation: string): boolean =>
  operations.some(
    (allowed) =>
      allowed === operation ||
      (allowed.endsWith('/*') && operation.startsWith(allowed.slice(0, -1)) && allowed.length > 2),
  );

const grantReasons = (grant: Credential, needs: PerformNeeds): PerformReason[] => {
  const { credential: ref, operation, effects, hostIsOverridden } = needs;
  const refuse = (code: PerformCode, detail: string): PerformReason => ({ code, detail, remedy: 'refuse' });
  const found: PerformReason[] = [];
  if (grant.retired)
    found.push(refuse('CREDENTIAL_RETIRED', `The credential of ${ref.provider} ${ref.account} is retired.`));
  if (
    grant.provider !== ref.provider ||
    grant.account !== ref.account ||
    grant.environment !== ref.environment
  ) {
    const detail = `The credential is for ${grant.provider} ${grant.account} (${grant.environment}), the request for ${ref.provider} ${ref.account} (${ref.environment}).`;
    found.push(refuse('CREDENTIAL_ENVIRONMENT', detail));
  }
  if (!fitsHost(grant.standIn, hostIsOverridden)) {
    found.push(
      refuse('CREDENTIAL_STAND_IN', 'A stand-in credential meets stand-ins only, a real one never does.'),
    );
  }
  const needed = [...new Set(effects.map((effect) => SCOPE_OF_EFFECT[effect]))];
  const missing = needed.filter((scope) => !grant.scopes.includes(scope));
  if (effects.length === 0)
    found.push(refuse('CREDENTIAL_SCOPE', 'The effects are not known, so no scope covers them.'));
  else if (missing.length > 0) {
    const detail = `It has the scopes ${grant.scopes.join(', ') || 'none'} and would need ${missing.join(', ')} as well.`;
    found.push(refuse('CREDENTIAL_SCOPE', detail));
  }
  if (!covers(grant.operations, operation))
    found.push(
      refuse('CREDENTIAL_OPERATION', `${operation} is not among the operations it may be used for.`),
    );
  return found;
};

/** What is known of its condition that speaks against using it now. Each heals without a change of the grant. */
export const healthReasons = (
  grant: Credential,
  condition: CredentialCondition | undefined,
  facts: Pick<PerformFacts, 'now' | 'taskMs'>,
): PerformReason[] => {
  const wait = (code: PerformCode, detail: string): PerformReason => ({ code, detail, remedy: 'wait' });
  const found: PerformReason[] = [];
  const now = epochMs(facts.now);
  // Nobody looked yet: the secret itself will tell. What was looked at and is not known to be bad is usable as well.
  const status = condition?.status ?? 'UNKNOWN';
  if (status !== 'PRESENT' && status !== 'UNKNOWN') {
    found.push(wait('CREDENTIAL_UNHEALTHY', `Its status is ${status}.`));
  } else if (condition?.detail === 'insufficient-scope' || condition?.detail === 'wrong-environment') {
    found.push(wait('CREDENTIAL_UNHEALTHY', `The provider says: ${condition.detail}.`));
  }
  const refreshed = grant.kind === 'oauth' || grant.kind === 'client-credentials';
  const end = refreshed ? condition?.refreshExpiresAt : condition?.accessExpiresAt;
  if (end !== undefined && end !== null && epochMs(end) <= now + facts.taskMs)
    found.push(wait('CREDENTIAL_EXPIRES', `It ends at ${end}, before the task would be over.`));
  const { rotation, rotatedAt } = ageOf(grant, condition, now);
  if (rotation === 'critical') {
    const detail = `It was last rotated at ${rotatedAt}; the limit is ${policyOf(grant).criticalDays} days.`;
    found.push(wait('CREDENTIAL_OVERDUE', detail));
  }
  return found;
};

/**
 * May this credential do this? Deny by default, and every reason that speaks against it is in the answer. The same
 * decision is asked before the wait for an approval and again inside Execute, before the secret is read (CRE-09).
 * Pure; adding a scope or an operation never turns an allow into a deny.
 */
export const mayPerform = (
  grant: Credential | undefined,
  condition: CredentialCondition | undefined,
  needs: PerformNeeds,
  facts: PerformFacts,
): { readonly allowed: boolean; readonly reasons: readonly PerformReason[] } => {
  const { provider, account, environment } = needs.credential;
  const unapproved: PerformReason[] =
    facts.approval === 'absent'
      ? [{ code: 'CREDENTIAL_UNAPPROVED', detail: 'Nobody approved its use.', remedy: 'refuse' }]
      : [];
  if (grant === undefined) {
    const detail = `No credential is registered for ${provider} ${account} (${environment}).`;
    return {
      allowed: false,
      reasons: [{ code: 'CREDENTIAL_UNKNOWN', detail, remedy: 'refuse' }, ...unapproved],
    };
  }
  const reasons = [...grantReasons(grant, needs), ...healthReasons(grant, condition, facts), ...unapproved];
  return { allowed: reasons.length === 0, reasons };
};
