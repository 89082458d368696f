import * as z from 'zod';
import { ActionId, type Timestamp } from './identity.ts';

/**
 * What the tasks of `statemachines/action.asl.json` take and answer. The choices of the machine compare `next`
 * with exactly these words; a test holds the two against each other.
 */
export const StepInput = z.strictObject({ action: ActionId });
export type StepInput = z.infer<typeof StepInput>;

/** Callback tasks also get the token of their wait. It is a secret: encrypt it before it is stored. */
export const CallbackInput = z.strictObject({ action: ActionId, taskToken: z.string().min(1).max(2048) });
export type CallbackInput = z.infer<typeof CallbackInput>;

/**
 * "Evaluate the gates", always right after "Render the dry run", which answers nothing. SETTLE: a claim exists already.
 * `waitSeconds` is the life of the wait: expiry − now + grace.
 */
export type GatesStep =
  | { readonly next: 'UNATTENDED'; readonly permit: string }
  | { readonly next: 'PERSON'; readonly waitSeconds: number }
  | { readonly next: 'SETTLE'; readonly settleUntil: Timestamp }
  | { readonly next: 'CLOSED' };

/** The callback of "Wait for approval" carries `{ decision, approvalId }`; "Close the wait" answers this. */
export type CloseStep =
  | { readonly next: 'EXECUTE' | 'CLOSED' }
  /** The wait broke off before its time: it goes on for what is left, and the grace. */
  | { readonly next: 'WAIT'; readonly waitSeconds: number };

/** "Execute". `waitSeconds` is the back-off, or what is left of the approval for the credential wait. */
export type ExecuteStep =
  | { readonly next: 'CLOSED' }
  | { readonly next: 'SETTLE'; readonly settleUntil: Timestamp }
  | { readonly next: 'BACK_OFF' | 'CREDENTIAL'; readonly waitSeconds: number };

/** "Settle and reconcile" and "Look before settling". GATES: proven not applied, all gates and the approval again. */
export type ReconcileStep =
  | { readonly next: 'CLOSED' | 'GATES' }
  | { readonly next: 'SETTLE'; readonly settleUntil: Timestamp };
