import * as z from 'zod';
import { Sha256 } from '../actions/dry-run.ts';

/** Name of one change: what was acknowledged before and what is there now. */
export const ChangeId = z.string().regex(/^[0-9a-f]{32}$/, 'a change has 32 hexadecimal digits');

/** Body of `POST /policies/{source}/acknowledge`: exactly the change that was shown, and why it is fine. */
export const AcknowledgeBody = z.strictObject({
  changeId: ChangeId,
  /** Semantic hash of what was acknowledged before; null for a first text. */
  fromSemantic: Sha256.nullable(),
  /** Canonical hash of the text that was shown. */
  toCanonical: Sha256,
  reason: z.string().trim().min(1, 'say why this is fine').max(1000),
  /** The old text is gone for good: if it ever comes back, that is a change. */
  supersedes: z.boolean().default(false),
});
export type AcknowledgeBody = z.infer<typeof AcknowledgeBody>;
