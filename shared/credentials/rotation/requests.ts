import * as z from 'zod';
import { SecretDocument } from '../secret.ts';

/** Body of `stage`: the new value, field by field. It goes to Secrets Manager and nowhere else. */
export const StageBody = z.strictObject({ fields: SecretDocument });
export type StageBody = z.infer<typeof StageBody>;

/** Body of `unstick`. Without a version nothing is changed: the answer says what is stuck. */
export const UnstickBody = z.strictObject({ version: z.string().min(32).max(64).optional() });
export type UnstickBody = z.infer<typeof UnstickBody>;

/** The secrets of the stack itself, by the name that people call them. */
export const HouseSecret = z.enum(['keyring', 'signing-keys']);
export type HouseSecret = z.infer<typeof HouseSecret>;

/** How a secret stands: labels by version id, never a value. */
export const RotationView = z.strictObject({
  secret: z.string(),
  /** What was done just now; null: nothing was changed. */
  done: z.enum(['staged', 'started', 'tried-again', 'freed']).nullable(),
  /** The version that it was done to. */
  version: z.string().nullable(),
  rotationEnabled: z.boolean(),
  /** Seconds since the secret last changed, where a rotation has not come to its end; else null. */
  pendingSeconds: z.int().nonnegative().nullable(),
  stages: z.record(z.string(), z.array(z.string())),
  /** What to do next, in one sentence. */
  next: z.string(),
});
export type RotationView = z.infer<typeof RotationView>;
