import * as z from 'zod';
import { Tier } from '../actions/action.ts';
import { Sha256 } from '../actions/dry-run.ts';
import { PolicyBasis } from '../policies/gate-basis.ts';
import { IdempotencyKey, ProjectId, Subject, Timestamp } from '../actions/identity.ts';

export const APPROVAL_STATUSES = ['WAITING', 'APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** A vote in the last minute is refused: the claim could not commit in time (rule 6). */
export const LAST_MINUTE_MS = 60_000;
/** The wait outlives the approval by this much, so that a committed decision still reaches it. */
export const WAIT_GRACE_SECONDS = 120;

/** Machine-readable reasons and predicted effects live in the dry run; this row holds who, what, when. */
export const Approval = z.strictObject({
  schemaVersion: z.literal(1),
  /** digest(project, key, round), 32 hex digits. */
  approvalId: z.string().regex(/^[0-9a-f]{32}$/),
  project: ProjectId,
  key: IdempotencyKey,
  /** 1 for the first approval of an action; more where a person's doubt asked for a fresh one. */
  round: z.int().positive(),
  status: z.enum(APPROVAL_STATUSES),
  /** Counts what people can see: it moves with the status. Bookkeeping writes (token, mails, callback) leave it. */
  version: z.int().positive(),
  operation: z.string(),
  title: z.string(),
  tier: Tier,
  riskScore: z.int(),
  reasons: z.array(z.strictObject({ gate: z.string(), code: z.string(), detail: z.string() })),
  /** Exactly these bytes are voted on. */
  requestHash: Sha256,
  projectVersion: z.int().nonnegative(),
  /** The policies that it requires, as they stood when it was asked for. Absent: it requires none. */
  policies: PolicyBasis.optional(),
  files: z.array(z.string()),
  /** Who proposed the action. */
  proposer: Subject,
  /** What the registry calls the proposer; absent where it has no row. */
  proposerName: z.string().max(120).optional(),
  originators: z.array(Subject),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  /** Encrypted task token of the wait, base64; encryption context is the action id. Replaced by condition. */
  taskToken: z.string(),
  /** Decided and not yet told to the wait: the outbox. Absent once the callback was acknowledged. */
  callback: z.literal('PENDING').optional(),
  /** `recipient|kind` of every mail that was handed over. */
  mailed: z.array(z.string()),
  decision: z
    .strictObject({
      by: Subject,
      byName: z.string(),
      at: Timestamp,
      reason: z.string().max(500),
      /** How the person had proved who they are, and when. */
      authTime: Timestamp.nullable(),
    })
    .optional(),
  /** Randomness of the write that made this item: the lock of the next one, and how a lost reply is recognised. */
  writeToken: z.string().max(40),
});
export type Approval = z.infer<typeof Approval>;

export type ApprovalChangeResult =
  | { readonly kind: 'applied'; readonly approval: Approval }
  | { readonly kind: 'refused'; readonly current: Approval };

/** Strongly consistent read. */
export type ReadApproval = (approvalId: string) => Promise<Approval | undefined>;
/** Puts a WAITING item if absent; answers the one that is stored. */
export type CreateApproval = (approval: Approval) => Promise<{ created: boolean; approval: Approval }>;
/** One conditional replacement on status, version and writeToken as read; own-token recovery as in the ledger. */
export type ApplyApprovalChange = (change: {
  readonly from: Approval;
  readonly to: Approval;
}) => Promise<ApprovalChangeResult>;
/** Ids of decided approvals whose callback is outstanding. */
export type ListPendingCallbacks = (limit: number) => Promise<readonly string[]>;

/** What an approval list asks: newest first. `WAITING` or everything that is decided. */
export interface ApprovalQuery {
  readonly projects: readonly string[];
  readonly state: 'waiting' | 'decided' | 'all';
  /** Nothing that was asked for before this moment. */
  readonly since?: Timestamp;
  readonly limit: number;
  /** Opaque, from the page before. A bad one throws ProblemError INVALID_CURSOR. */
  readonly cursor?: string;
}
export interface ApprovalPage {
  readonly approvals: readonly Approval[];
  readonly nextCursor?: string;
}
export type ListApprovals = (query: ApprovalQuery) => Promise<ApprovalPage>;

/** What a locator stands for. It locates, it never authorises. */
export const Locator = z.strictObject({
  schemaVersion: z.literal(1),
  digest: Sha256,
  approvalId: z.string().regex(/^[0-9a-f]{32}$/),
  recipient: z.string(),
  createdAt: Timestamp,
});
export type Locator = z.infer<typeof Locator>;
export type PutLocator = (locator: Locator) => Promise<void>;
export type ReadLocator = (digest: string) => Promise<Locator | undefined>;

/** What the wait state of the machine is told. Task tokens travel decrypted only inside this call. */
export type TellWait = (
  taskToken: string,
  output: { readonly decision: Exclude<ApprovalStatus, 'WAITING'>; readonly approvalId: string },
) => Promise<'told' | 'gone'>;
