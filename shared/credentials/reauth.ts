import * as z from 'zod';
import type { CredentialRef } from '../actions/dry-run.ts';
import { ProjectId, Timestamp } from '../actions/identity.ts';
import { credentialPk } from './credential.ts';

/** Why a person is needed, in stable codes. */
export const REAUTH_REASONS = [
  /** The provider calls the refresh token dead: revoked, expired, or its successor was lost. */
  'invalid-grant',
  /** The provider refuses the client or the key: it is wrong, or may not do this any more. */
  'refused',
  /** The provider did not answer for about an hour. It heals by itself when the provider is back. */
  'exhausted',
  /** Nobody connected it yet. */
  'not-connected',
  /** There is no secret under its name. */
  'secret-missing',
  /** The secret cannot be read, or lacks a field. */
  'secret-unreadable',
  /** It is real and the host a stand-in, or the other way round. */
  'wrong-host',
  /** The consent does not cover what it is registered for. */
  'insufficient-scope',
  /** The provider says that it belongs to another environment. */
  'wrong-environment',
  /** It ends before the task would be over. */
  'ends-soon',
  /** It is older than its policy allows at all. */
  'overdue',
] as const;
export type ReauthReason = (typeof REAUTH_REASONS)[number];

/** The task of connecting an account again. One death of a connection has one id, whoever finds it and how often. */
export const ReauthTask = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  provider: z.string().min(1).max(60),
  account: z.string().min(1).max(120),
  environment: z.enum(['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER']),
  connectionVersion: z.int().positive(),
  status: z.enum(['OPEN', 'CLOSED']),
  reason: z.enum(REAUTH_REASONS),
  openedAt: Timestamp,
  closedAt: Timestamp.nullable(),
  /** Somebody is telling people until then at the latest; two at once would mail twice. */
  tellingUntil: Timestamp.nullable().default(null),
});
export type ReauthTask = z.infer<typeof ReauthTask>;

/** `reauth#<project>#<provider>#<account>#<environment>#<connectionVersion>`. */
export const reauthPk = (project: string, ref: CredentialRef, connectionVersion: number): string =>
  `reauth#${credentialPk(project, ref)}#${connectionVersion}`;

/** Every task that is open, oldest first. Rows that do not fit are left out. */
export type ListOpenReauthTasks = () => Promise<readonly ReauthTask[]>;

/** One conditional write: the task is open as it was read, and nobody else began to tell. */
export type ClaimReauthTask = (task: ReauthTask, tellingUntil: Timestamp) => Promise<'claimed' | 'refused'>;

export interface ReauthRequest {
  readonly project: string;
  readonly credential: CredentialRef;
  /** Of the connection that died; with it the task has one id for one death. */
  readonly connectionVersion: number;
  readonly reason: ReauthReason;
}

/** Opens the task if it is absent, and open again if it was closed too early. Called again after a crash: idempotent. */
export type OpenReauthTask = (request: ReauthRequest) => Promise<void>;

/** Closes that task, if it is there and open: the connection was made again, or healed. Idempotent. */
export type CloseReauthTask = (request: Omit<ReauthRequest, 'reason'>) => Promise<void>;
