import * as z from 'zod';
import { CredentialRef } from '../actions/dry-run.ts';
import { type ActionId, IdempotencyKey, ProjectId, Timestamp } from '../actions/identity.ts';

/** A paused action's wait: the encrypted token of the state machine and the credential that is missing. */
export const CredentialWait = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  key: IdempotencyKey,
  version: z.int().positive(),
  status: z.enum(['WAITING', 'TOLD']),
  /** Encrypted task token, base64; encryption context is the action id. */
  taskToken: z.string().min(1),
  credential: CredentialRef,
  hostIsOverridden: z.boolean(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type CredentialWait = z.infer<typeof CredentialWait>;

/** Three parts; a credential's own key has four, so the two kinds never meet in the table. */
export const waitPk = (id: ActionId): string => `wait#${id.project}#${id.key}`;

/** Strongly consistent read. */
export type ReadCredentialWait = (id: ActionId) => Promise<CredentialWait | undefined>;
/** One conditional write: absent as read, or the version as read. */
export type PutCredentialWait = (
  from: CredentialWait | undefined,
  to: CredentialWait,
) => Promise<'stored' | 'refused'>;

/** Tells the wait that its credential can be used. `gone`: nobody waits under this token any more. */
export type TellCredentialWait = (taskToken: string) => Promise<'told' | 'gone'>;
