import type { RotationPolicy } from '../rotation-policies.ts';

/** Starts a rotation under a token of ours, and sets what rotates the secret from now on. */
export type StartRotation = (
  secretId: string,
  rotation: { readonly token: string; readonly functionArn: string; readonly everyDays: number },
) => Promise<
  | 'started'
  /** An earlier one is not complete: Secrets Manager tries that again and starts none. */
  | 'tried-again'
>;

/** Turns rotation off and stops one that is under way. Labels stay where they are. */
export type CancelRotation = (secretId: string) => Promise<void>;

/**
 * The longest schedule that Secrets Manager has. A value that a person has to fetch gets it, since it is never rotated
 * by the clock: people are reminded by the policy of its provider, and start the rotation themselves.
 */
export const LONGEST_SCHEDULE_DAYS = 1000;

/**
 * Days between rotations that need nobody: the day before the first warning of the policy, so that whoever is warned
 * knows that a rotation did not come to its end.
 */
export const scheduleDays = ({ notifyDays }: RotationPolicy): number =>
  Math.max(1, Math.min(...notifyDays.map((days) => days - 1), LONGEST_SCHEDULE_DAYS));
