import { epochMs, timestamp, type Timestamp } from '../actions/identity.ts';
import type { ConditionDetail, CredentialCondition, CredentialStatus } from './condition.ts';
import type { Credential } from './credential.ts';
import { firstCondition } from './oauth/connection-condition.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { OAUTH, scopesMissing } from './oauth/providers.ts';
import type { ProbeFinding } from './probes/probe.ts';

/** How a credential is doing, in one status and one detail. */
export interface Health {
  readonly status: CredentialStatus;
  readonly detail: ConditionDetail | null;
}

/** What ends within this is said to be expiring. */
export const EXPIRING_MS = 7 * 86_400_000;

/**
 * From good to bad; the worst one stands for all (a healthy one never hides a dead one). `EXPIRED` that is renewed by a
 * machine is better than what only a person can mend.
 */
const RANKS: readonly Health[] = [
  { status: 'PRESENT', detail: null },
  { status: 'PRESENT', detail: 'probe-failed' },
  { status: 'PRESENT', detail: 'expiring' },
  { status: 'UNKNOWN', detail: null },
  { status: 'UNKNOWN', detail: 'probe-failed' },
  { status: 'EXPIRED', detail: 'expired-refreshable' },
  { status: 'PRESENT', detail: 'insufficient-scope' },
  { status: 'PRESENT', detail: 'wrong-environment' },
  { status: 'EXPIRED', detail: null },
  { status: 'INVALID', detail: null },
  { status: 'MISSING', detail: null },
  { status: 'NEEDS_REAUTH', detail: null },
];

/** Place in the order from good to bad; a pair that the order does not name is as bad as the worst of its status or detail. */
export const rankOf = ({ status, detail }: Health): number => {
  const exact = RANKS.findIndex((each) => each.status === status && each.detail === detail);
  if (exact >= 0) return exact;
  return Math.max(
    RANKS.findLastIndex((each) => each.status === status),
    RANKS.findLastIndex((each) => detail !== null && each.detail === detail),
  );
};

/** The worst of several; `PRESENT` where there are none. */
export const worstHealth = (all: readonly Health[]): Health =>
  all.reduce<Health>((worst, each) => (rankOf(each) > rankOf(worst) ? each : worst), {
    status: 'PRESENT',
    detail: null,
  });

const isRenewed = ({ kind }: Pick<Credential, 'kind'>): boolean =>
  kind === 'oauth' || kind === 'client-credentials';

const isPast = (end: Timestamp | null, at: number): boolean => end !== null && epochMs(end) <= at;

/**
 * How it is doing now: what was found out, and what time alone has made of it since. Time never mends anything, and
 * what is known to be bad stays so.
 */
export const healthNow = (
  grant: Pick<Credential, 'kind'>,
  condition: CredentialCondition | undefined,
  now: number,
): Health => {
  if (condition === undefined) return { status: 'UNKNOWN', detail: null };
  const { status, detail, accessExpiresAt, refreshExpiresAt } = condition;
  if (status !== 'PRESENT' && status !== 'UNKNOWN') return { status, detail };
  const found: Health = { status, detail };
  const end = isRenewed(grant) ? refreshExpiresAt : accessExpiresAt;
  const byTime: Health = isPast(accessExpiresAt, now)
    ? { status: 'EXPIRED', detail: isRenewed(grant) ? 'expired-refreshable' : null }
    : isPast(end, now + EXPIRING_MS)
      ? { status: 'PRESENT', detail: 'expiring' }
      : found;
  return worstHealth([found, byTime]);
};

/** Registered anew, with another secret perhaps, since anybody looked. */
const isRegisteredAnew = (grant: Credential, from: CredentialCondition): boolean =>
  from.lastValidatedAt === null || epochMs(grant.createdAt) > epochMs(from.lastValidatedAt);

/** The details that say something, and that a look without an answer leaves as they are. */
const KNOWN_FLAWS: ReadonlySet<ConditionDetail | null> = new Set(['insufficient-scope', 'wrong-environment']);

const afterWorks = (
  grant: Credential,
  from: CredentialCondition,
  finding: Extract<ProbeFinding, { kind: 'works' | 'limited' }>,
): Health & Pick<CredentialCondition, 'providerAccount' | 'providerScopes'> => {
  const known = isRegisteredAnew(grant, from) ? null : from.providerAccount;
  const { account } = finding;
  const providerScopes =
    finding.kind === 'works' && finding.scopes !== undefined ? [...finding.scopes] : from.providerScopes;
  // Whoever uses it would act for somebody else: the first account that was seen is the one that was meant.
  if (known !== null && account !== null && account !== known)
    return { status: 'PRESENT', detail: 'wrong-environment', providerAccount: known, providerScopes };
  const name = oauthProviderOf(grant);
  const uncovered =
    name !== undefined &&
    providerScopes.length > 0 &&
    scopesMissing(OAUTH[name], grant.scopes, providerScopes).length > 0;
  return {
    status: 'PRESENT',
    detail: finding.kind === 'limited' || uncovered ? 'insufficient-scope' : null,
    providerAccount: account ?? known,
    providerScopes,
  };
};

/** What a finding makes of the status; undefined where it says nothing new. */
const afterFinding = (
  grant: Credential,
  from: CredentialCondition,
  finding: ProbeFinding,
): (Health & Partial<CredentialCondition>) | undefined => {
  switch (finding.kind) {
    case 'works':
    case 'limited':
      return afterWorks(grant, from, finding);
    case 'readable':
      return { status: 'PRESENT', detail: from.detail === 'probe-failed' ? null : from.detail };
    case 'refused':
      if (!isRenewed(grant)) return { status: 'INVALID', detail: null };
      // Access that a machine renews is over, no more: only a refused renewal asks for a person. Renewing would not mend
      // a flaw, and must not hide it.
      return KNOWN_FLAWS.has(from.detail) ? undefined : { status: 'EXPIRED', detail: 'expired-refreshable' };
    case 'malformed':
      return { status: 'INVALID', detail: null };
    case 'missing':
      return { status: 'MISSING', detail: null };
    case 'wrong-environment':
      return { status: from.status, detail: 'wrong-environment' };
    case 'lapsed':
    case 'cannot-tell':
      return undefined;
  }
};

/**
 * The condition after a look. What could not tell changes no status, better or worse. `NEEDS_REAUTH` ends with new
 * tokens only: an access token may outlive the consent that it came from, and says nothing about the next one.
 */
export const conditionAfterProbe = (
  grant: Credential,
  from: CredentialCondition | undefined,
  finding: ProbeFinding,
  now: number,
): CredentialCondition => {
  const base = from ?? firstCondition(grant, now);
  const at = timestamp(now);
  const looked = {
    ...base,
    version: base.version + 1,
    checkedAt: at,
    probedAt: at,
    lastValidatedAt: finding.kind === 'works' ? at : base.lastValidatedAt,
  };
  if (base.status === 'NEEDS_REAUTH') return looked;
  const after = afterFinding(grant, base, finding);
  if (after === undefined) {
    const failed = finding.kind === 'cannot-tell' && !KNOWN_FLAWS.has(base.detail);
    // An access that is over and being renewed is what it is; that nobody answers adds nothing.
    return failed && base.status !== 'EXPIRED' ? { ...looked, detail: 'probe-failed' } : looked;
  }
  return { ...looked, ...after, since: after.status === base.status ? base.since : at };
};
