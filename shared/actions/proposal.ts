import * as z from 'zod';
import { RunId, Subject } from './identity.ts';

/** Body of `POST /projects/{project}/actions`; the key travels in the Idempotency-Key header. */
export const Proposal = z.strictObject({
  /** `provider/operation`, as `alpaca/order.submit`. */
  operation: z.string().regex(/^[a-z][a-z0-9-]{0,30}\/[a-z][a-z0-9.-]{0,40}$/, {
    message: 'an operation is "provider/operation", as in "alpaca/order.submit"',
  }),
  /** What the operation takes; checked against the schema of its adapter. */
  payload: z.record(z.string(), z.json()),
  runId: RunId.optional(),
  /** Stop at RENDERED; `submit` promotes it later with the same hashes. */
  dryRun: z.boolean().optional(),
  /** Why. Shown to approvers as untrusted text. */
  rationale: z.string().max(4000).optional(),
  /** Further people behind the action; none of them may approve it. */
  onBehalfOf: z.array(Subject).max(4).optional(),
  /** How long an approval may take and live, in seconds; the project's setting is the most. */
  approvalTtlSeconds: z
    .int()
    .min(300)
    .max(7 * 86_400)
    .optional(),
});
export type Proposal = z.infer<typeof Proposal>;

/** Body of `POST …/resolve`: an operator's word on an unknown outcome. */
export const ResolveBody = z.strictObject({
  outcome: z.enum(['SUCCEEDED', 'FAILED', 'NOT_APPLIED']),
  reason: z.string().min(1).max(200),
});
export type ResolveBody = z.infer<typeof ResolveBody>;
