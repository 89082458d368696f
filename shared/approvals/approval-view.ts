import * as z from 'zod';
import { Tier } from '../actions/action.ts';
import { DryRun, Sha256 } from '../actions/dry-run.ts';
import { Subject, Timestamp } from '../actions/identity.ts';
import { PolicyBasis } from '../policies/gate-basis.ts';
import { type Approval, APPROVAL_STATUSES } from './approval.ts';

/** An approval as the API shows it: no token, no locks, no mail marks. */
export const ApprovalView = z.strictObject({
  id: z.string(),
  project: z.string(),
  key: z.string(),
  round: z.int(),
  status: z.enum(APPROVAL_STATUSES),
  /** Send it back with the decision, together with the requestHash. */
  version: z.int(),
  operation: z.string(),
  title: z.string(),
  tier: Tier,
  riskScore: z.int(),
  reasons: z.array(z.strictObject({ gate: z.string(), code: z.string(), detail: z.string() })),
  requestHash: Sha256,
  projectVersion: z.int(),
  /** The policies that it requires, as they stood when it was asked for; absent where it requires none. */
  policies: PolicyBasis.optional(),
  files: z.array(z.string()),
  proposer: Subject,
  originators: z.array(Subject),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  decision: z
    .strictObject({
      by: Subject,
      byName: z.string(),
      at: Timestamp,
      reason: z.string(),
      authTime: Timestamp.nullable(),
    })
    .nullable(),
  /** Only where one approval is asked for. */
  rendered: DryRun.nullable().optional(),
});
export type ApprovalView = z.infer<typeof ApprovalView>;

export const ApprovalListView = z.strictObject({
  approvals: z.array(ApprovalView),
  nextCursor: z.string().nullable(),
});
export type ApprovalListView = z.infer<typeof ApprovalListView>;

/** The public form of an approval. */
export const approvalView = (approval: Approval): ApprovalView => ({
  id: approval.approvalId,
  project: approval.project,
  key: approval.key,
  round: approval.round,
  status: approval.status,
  version: approval.version,
  operation: approval.operation,
  title: approval.title,
  tier: approval.tier,
  riskScore: approval.riskScore,
  reasons: approval.reasons,
  requestHash: approval.requestHash,
  projectVersion: approval.projectVersion,
  ...(approval.policies === undefined ? {} : { policies: approval.policies }),
  files: approval.files,
  proposer: approval.proposer,
  originators: approval.originators,
  createdAt: approval.createdAt,
  expiresAt: approval.expiresAt,
  decision: approval.decision ?? null,
});
