import * as z from 'zod';
import { ProjectId, Subject, Timestamp } from '../../actions/identity.ts';

/** What a person did to a secret: written before it is done, so that nothing happens without a record. */
export const CredentialAct = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.string().min(1).max(64),
  what: z.enum(['stage', 'rotate', 'unstick', 'look', 'ask-drop', 'drop']),
  by: Subject,
  at: Timestamp,
  /** Null for the secrets of the stack itself. */
  project: ProjectId.nullable(),
  secretId: z.string().min(1).max(300),
  /** The version that was made, started or freed; empty for a look, which is at the current one. Never a value. */
  versionId: z.string().max(64),
  /** The key of a ring that it was about, by its id. */
  keyId: z.string().max(32).optional(),
});
export type CredentialAct = z.infer<typeof CredentialAct>;

/** Two parts: never the key of anything else in the table. */
export const actPk = ({ id }: Pick<CredentialAct, 'id'>): string => `act#${id}`;

export type RecordAct = (act: CredentialAct) => Promise<void>;
