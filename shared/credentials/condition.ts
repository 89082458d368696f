import * as z from 'zod';
import { type CredentialRef } from '../actions/dry-run.ts';
import { ProjectId, Subject, Timestamp } from '../actions/identity.ts';
import { type Credential, credentialPk } from './credential.ts';

export const CREDENTIAL_STATUSES = [
  'PRESENT',
  'MISSING',
  'EXPIRED',
  'INVALID',
  'NEEDS_REAUTH',
  'UNKNOWN',
] as const;
export type CredentialStatus = (typeof CREDENTIAL_STATUSES)[number];

/** What stands beside the status. `probe-failed` says that nothing new is known, and never downgrades. */
export const CONDITION_DETAILS = [
  'expiring',
  'expired-refreshable',
  'insufficient-scope',
  'wrong-environment',
  'probe-failed',
] as const;
export type ConditionDetail = (typeof CONDITION_DETAILS)[number];

/**
 * How a credential is doing: written by machines, by condition on `version`. What it may do is its grant
 * (`Credential`), which only people change. Neither row has a field that could hold a value.
 */
export const CredentialCondition = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  provider: z.string().min(1).max(60),
  account: z.string().min(1).max(120),
  environment: z.enum(['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER']),
  version: z.int().nonnegative(),
  status: z.enum(CREDENTIAL_STATUSES),
  detail: z.enum(CONDITION_DETAILS).nullable(),
  /** In this status since. */
  since: Timestamp,
  /** Last time anybody looked, whatever came of it. */
  checkedAt: Timestamp.nullable(),
  /** Last time the hourly check looked. Absent: never. */
  probedAt: Timestamp.optional(),
  /** Last time the provider said that it works. */
  lastValidatedAt: Timestamp.nullable(),
  /** At most an hour behind. */
  lastUsedAt: Timestamp.nullable(),
  rotatedAt: Timestamp,
  rotationCount: z.int().nonnegative(),
  /** Secret version that was counted last: the same rotation is never counted twice. */
  lastRotationVersion: z.string().max(64).nullable(),
  /** Scopes in the provider's own words, as granted. */
  providerScopes: z.array(z.string().max(200)).max(100),
  /** Who the provider says that this is. */
  providerAccount: z.string().max(200).nullable(),
  accessExpiresAt: Timestamp.nullable(),
  refreshExpiresAt: Timestamp.nullable(),
  /** Age threshold in days that people were warned at last; null after each rotation. */
  warnedAtDays: z.int().nonnegative().nullable(),
  /** Who connected the account that it is of; absent where nobody did. */
  connectedBy: Subject.optional(),
  /** Raised by each reconnect; part of the re-authorisation task's id. */
  connectionVersion: z.int().positive(),
});
export type CredentialCondition = z.infer<typeof CredentialCondition>;

/** Five parts: never the key of a grant, a wait or a lease. */
export const conditionPkOf = (grantPk: string): string => `condition#${grantPk}`;
export const conditionPk = (project: string, ref: CredentialRef): string =>
  conditionPkOf(credentialPk(project, ref));

/** A grant and how it is doing; either may be absent. */
export interface CredentialStanding {
  readonly grant: Credential | undefined;
  /** Absent: nobody looked yet. */
  readonly condition: CredentialCondition | undefined;
}
/** Both rows in one strongly consistent request. */
export type ReadStanding = (project: string, ref: CredentialRef) => Promise<CredentialStanding>;

/** Every grant, retired ones too, with its condition. Grants that do not fit are left out. */
export type ListStandings = () => Promise<readonly (CredentialStanding & { readonly grant: Credential })[]>;

/** Strongly consistent read. */
export type ReadCondition = (project: string, ref: CredentialRef) => Promise<CredentialCondition | undefined>;
/** One conditional write: absent as read, or the version as read. */
export type PutCondition = (
  from: CredentialCondition | undefined,
  to: CredentialCondition,
) => Promise<'stored' | 'refused'>;
