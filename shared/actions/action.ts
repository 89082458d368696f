import * as z from 'zod';
import { Sha256 } from './dry-run.ts';
import { EFFECT_TYPES, RecoveryClass } from './effects.ts';
import { PolicyMark } from '../policies/gate-basis.ts';
import { IdempotencyKey, ProjectId, RunId, Subject, Timestamp } from './identity.ts';
import { STATUSES } from './status.ts';

/** low: a standing session may approve; standard and critical: a fresh sign-in. */
export const Tier = z.enum(['low', 'standard', 'critical']);
export type Tier = z.infer<typeof Tier>;

/** One link of the hash chain that a row carries (see history.ts for what the hash covers). */
export const HistoryEntry = z.strictObject({
  version: z.int().positive(),
  /** The status after this write, or `RESTARTED` where only the generation moved. */
  event: z.enum([...STATUSES, 'RESTARTED']),
  at: Timestamp,
  by: Subject,
  /** Stable code of the reason, where there is one. */
  code: z.string().max(60).optional(),
  /** Digest of what the row said of request, approval, permit and outcome after this write. */
  about: z.string(),
  hash: z.string(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

/** What came of it: short, redacted, never a provider's raw reply. */
export const Outcome = z.strictObject({
  code: z.string().max(60),
  summary: z.string().max(240),
  /** The provider's own id of the thing that was made or changed. */
  resourceId: z.string().max(120).optional(),
  resourceStatus: z.string().max(40).optional(),
  httpStatus: z.int().optional(),
});
export type Outcome = z.infer<typeof Outcome>;

/** A person's word on an unknown outcome. */
export const Resolution = z.strictObject({
  outcome: z.enum(['SUCCEEDED', 'FAILED', 'NOT_APPLIED']),
  by: Subject,
  reason: z.string().min(1).max(200),
});
export type Resolution = z.infer<typeof Resolution>;

/** The ledger row of an action. One item, never deleted, no expiry. At most 2 KB. */
export const Action = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  key: IdempotencyKey,
  /** How many executions were started for it; part of the execution name. */
  generation: z.int().positive(),
  version: z.int().positive(),
  status: z.enum(STATUSES),
  operation: z.string().max(80),
  effects: z.array(z.enum(EFFECT_TYPES)),
  recoveryClass: RecoveryClass,
  payloadHash: Sha256,
  /** SHA-256 of the proposer's rationale, stored beside the payload. Not part of any other hash. */
  rationaleHash: Sha256.optional(),
  requestHash: Sha256.optional(),
  /** Sent to the provider as its idempotency key. Derived once per action, never per attempt. */
  providerKey: z.string().max(64),
  proposer: Subject,
  /** Nobody of this set may approve (agent, owner, on-behalf-of, editors, delegators). */
  originators: z.array(Subject).max(8),
  runId: RunId.optional(),
  dryRun: z.boolean(),
  /** Seconds that an approval may take and live, from the request on. */
  approvalTtlSeconds: z.int().positive(),
  tier: Tier.optional(),
  projectVersion: z.int().nonnegative().optional(),
  approvalId: z.string().max(64).optional(),
  approvalExpiresAt: Timestamp.optional(),
  /** The explicit unattended permit, where a rule gave one. */
  permit: z.string().max(80).optional(),
  /** Which policies the last claim rested on, where the action requires any. */
  policies: PolicyMark.optional(),
  /** Number of claims. Retries are attempts − 1. */
  attempts: z.int().nonnegative(),
  ambiguousAttempts: z.int().nonnegative(),
  reconciliations: z.int().nonnegative(),
  ownerToken: z.string().max(40).optional(),
  leaseUntil: Timestamp.optional(),
  settleUntil: Timestamp.optional(),
  outcome: Outcome.optional(),
  /** What one operator said of an unknown outcome, waiting for a second one to say the same. */
  resolution: Resolution.optional(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  startedAt: Timestamp.optional(),
  completedAt: Timestamp.optional(),
  /** `sweep`: look again at `attentionAt`; `person`: parked for an operator since then. Absent when closed. */
  attention: z.enum(['sweep', 'person']).optional(),
  attentionAt: Timestamp.optional(),
  /** Randomness of the write that made this version: a refusal that shows our own token is a success. */
  writeToken: z.string().max(40),
  history: z.array(HistoryEntry).min(1),
});
export type Action = z.infer<typeof Action>;
