import { pendingVersion, type SecretDescription } from './versions.ts';

/** The longest that one step may take; the function's timeout in the stack. */
export const ROTATION_STEP_SECONDS = 60;
/** A rotation that takes longer than its four steps may is not going on. */
export const ROTATION_TIMEOUT_MS = 4 * ROTATION_STEP_SECONDS * 1000;

/**
 * The pending version that is stuck: pending on another version than the current one for more than twice the time that
 * a rotation may take. Secrets Manager starts no other rotation while it is there. The age counts from the last change
 * of the secret, since Secrets Manager does not say when a label was hung: it is never taken for older than it is.
 */
export const stuckPending = (
  description: Pick<SecretDescription, 'stages' | 'lastChangedAt'>,
  now: number,
): { readonly versionId: string; readonly ageMs: number } | undefined => {
  const versionId = pendingVersion(description);
  if (versionId === undefined || description.lastChangedAt === null) return undefined;
  const ageMs = now - description.lastChangedAt;
  return ageMs > 2 * ROTATION_TIMEOUT_MS ? { versionId, ageMs } : undefined;
};
