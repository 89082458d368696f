import type { Credential } from '../credential.ts';

/** A step that did not happen, with a stable code. The text never quotes a value. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
  readonly code: RotationCode;
  constructor(code: RotationCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/** Why a step stopped. Each leaves `AWSCURRENT` where it is. */
export type RotationCode =
  /** The secret does not exist, waits for its deletion or has no current value. */
  | 'SECRET_UNUSABLE'
  /** Rotation is off: it was cancelled, or was never set up. */
  | 'ROTATION_OFF'
  /** The version of the event is neither pending nor current. */
  | 'VERSION_NOT_PENDING'
  /** What has been put cannot be read yet. */
  | 'PENDING_UNREADABLE'
  /** Nothing of ours, or nothing that rotates here. */
  | 'NOT_ROTATED_HERE'
  /** An operator has to stage the new value first. */
  | 'NEEDS_STAGED_VALUE'
  /** The pending value belongs to another account than the current one. */
  | 'OTHER_ACCOUNT'
  | 'ACCOUNT_UNKNOWN'
  | 'PENDING_REFUSED'
  | 'CURRENT_REFUSED'
  /** The provider could not be asked; the service tries again. */
  | 'CANNOT_TELL'
  | 'KEYRING_FULL'
  | 'VALUE_DOES_NOT_FIT'
  /** Somebody else moved the stage meanwhile. */
  | 'STAGE_MOVED'
  | 'CONFLICT';

export type TestVerdict = 'works' | 'refused' | 'cannot-tell';

/** The secret that is rotated and the version that is made: the same in every repetition of every step. */
export interface RotatedSecret {
  readonly secretId: string;
  readonly token: string;
}

/**
 * How one kind of secret is renewed. Every operation can be repeated with the same arguments, and none has an effect
 * that a repetition would double.
 */
export interface RotationKind {
  /**
   * The next value. Repeated with the same token it may give another one, unless making it has an effect.
   * @throws RotationError where there is none
   */
  readonly create: (secret: RotatedSecret, current: string) => Promise<string>;
  /** Makes the provider accept the pending value, where that is not so from the start. */
  readonly set: (secret: RotatedSecret, pending: string, current: string) => Promise<void>;
  /** Whether a value does its work; a pending one also that of the current one which it replaces. */
  readonly test: (value: string, current: string) => Promise<TestVerdict>;
  /** Whether both belong to the same account of the provider; `refused` where the pending one belongs to none. */
  readonly sameAccount: (
    current: string,
    pending: string,
  ) => Promise<'same' | 'different' | 'refused' | 'cannot-tell'>;
  /** Tidies up after the value was promoted. */
  readonly finish: (secret: RotatedSecret, promoted: string) => Promise<void>;
}

/** What a secret is to us: how it rotates, and whose it is. House secrets have no grants. */
export interface RotationTarget {
  readonly kind: RotationKind;
  readonly grants: readonly Credential[];
}
