import * as z from 'zod';
import { type Action, HistoryEntry, Outcome, Resolution, Tier } from './action.ts';
import { DryRun, Sha256 } from './dry-run.ts';
import { EFFECT_TYPES, RecoveryClass } from './effects.ts';
import { historyFault } from './history.ts';
import { PolicyMark } from '../policies/gate-basis.ts';
import { Subject, Timestamp } from './identity.ts';
import { isTerminal, STATUSES } from './status.ts';

/** What an action looks like from outside: `GET /projects/{project}/actions/{key}` and every answer about one. */
export const ActionView = z.strictObject({
  project: z.string(),
  key: z.string(),
  status: z.enum(STATUSES),
  /** True once nothing can change any more. */
  terminal: z.boolean(),
  /**
   * Whether a caller who tries again must use the same key. False only where it is proven that nothing happened
   * and nothing will: then a new try is a new action with a new key.
   */
  keepKey: z.boolean(),
  operation: z.string(),
  effects: z.array(z.enum(EFFECT_TYPES)),
  recoveryClass: RecoveryClass,
  payloadHash: Sha256,
  requestHash: Sha256.nullable(),
  providerKey: z.string(),
  proposer: Subject,
  originators: z.array(Subject),
  runId: z.string().nullable(),
  dryRun: z.boolean(),
  tier: Tier.nullable(),
  approval: z.strictObject({ id: z.string(), expiresAt: Timestamp.nullable() }).nullable(),
  permit: z.string().nullable(),
  /** Which policies the last claim rested on; absent where the action requires none or was never claimed. */
  policies: PolicyMark.optional(),
  attempts: z.int(),
  retries: z.int(),
  needsPerson: z.boolean(),
  outcome: Outcome.nullable(),
  resolution: Resolution.nullable(),
  settleUntil: Timestamp.nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  startedAt: Timestamp.nullable(),
  completedAt: Timestamp.nullable(),
  history: z.array(HistoryEntry),
  /** Whether the hash chain of the history holds. */
  historyIntact: z.boolean(),
  /** The stored dry run; only where one action is asked for. */
  rendered: DryRun.nullable().optional(),
  /** Who decided, when and why; only where one action is asked for. */
  decision: z
    .strictObject({
      by: z.string(),
      byName: z.string(),
      at: Timestamp,
      status: z.string(),
      reason: z.string(),
    })
    .nullable()
    .optional(),
});
export type ActionView = z.infer<typeof ActionView>;

const FRESH_KEY_AFTER = new Set(['FAILED', 'REJECTED', 'EXPIRED', 'CANCELLED', 'DENIED', 'INVALID']);

/** The public form of a ledger row. Owner tokens, leases and write tokens stay inside. */
export const actionView = (row: Action): ActionView => ({
  project: row.project,
  key: row.key,
  status: row.status,
  terminal: isTerminal(row.status),
  keepKey: !FRESH_KEY_AFTER.has(row.status),
  operation: row.operation,
  effects: row.effects,
  recoveryClass: row.recoveryClass,
  payloadHash: row.payloadHash,
  requestHash: row.requestHash ?? null,
  providerKey: row.providerKey,
  proposer: row.proposer,
  originators: row.originators,
  runId: row.runId ?? null,
  dryRun: row.dryRun,
  tier: row.tier ?? null,
  approval:
    row.approvalId === undefined ? null : { id: row.approvalId, expiresAt: row.approvalExpiresAt ?? null },
  permit: row.permit ?? null,
  ...(row.policies === undefined ? {} : { policies: row.policies }),
  attempts: row.attempts,
  retries: Math.max(0, row.attempts - 1),
  needsPerson: row.attention === 'person',
  outcome: row.outcome ?? null,
  resolution: row.resolution ?? null,
  settleUntil: row.settleUntil ?? null,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  startedAt: row.startedAt ?? null,
  completedAt: row.completedAt ?? null,
  history: row.history,
  historyIntact: historyFault(row) === undefined,
});

/** One page of `GET /projects/{project}/actions`. */
export const ActionListView = z.strictObject({
  actions: z.array(ActionView),
  nextCursor: z.string().nullable(),
});
export type ActionListView = z.infer<typeof ActionListView>;
