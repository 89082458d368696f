import type { CredentialRef } from '../actions/dry-run.ts';

/** Why a person is needed, in stable codes. */
export type ReauthReason =
  /** The provider calls the refresh token dead: revoked, expired, or its successor was lost. */
  | 'invalid-grant'
  /** The provider refuses the client: its id or secret is wrong, or it may not do this any more. */
  | 'refused'
  /** The provider did not answer for about an hour. It heals by itself when the provider is back. */
  | 'exhausted'
  /** Nobody connected it yet. */
  | 'not-connected';

export interface ReauthRequest {
  readonly project: string;
  readonly credential: CredentialRef;
  /** Of the connection that died; with it the task has one id for one death. */
  readonly connectionVersion: number;
  readonly reason: ReauthReason;
}

/**
 * Opens the task `reauth#<project>#<provider>#<account>#<environment>#<connectionVersion>` if it is absent, and tells
 * people once. Called again after a crash, so it is idempotent.
 */
export type OpenReauthTask = (request: ReauthRequest) => Promise<void>;

/** Closes that task, if it is there and open: the connection was made again, or healed. Idempotent. */
export type CloseReauthTask = (request: Omit<ReauthRequest, 'reason'>) => Promise<void>;
