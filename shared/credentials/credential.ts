import * as z from 'zod';
import type { CredentialRef } from '../actions/dry-run.ts';
import { ProjectId, Timestamp } from '../actions/identity.ts';
import type { Secret } from './secret.ts';

/** Metadata about a secret, never the secret. Key: project, provider, account, environment. */
export const Credential = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  provider: z.string().min(1).max(60),
  account: z.string().min(1).max(120),
  environment: z.enum(['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER']),
  /** Name or ARN of the secret in Secrets Manager. */
  secretId: z.string().min(1).max(300),
  /** It belongs to a stand-in: the only kind that may be sent to an overridden host. */
  standIn: z.boolean(),
  createdAt: Timestamp,
});
export type Credential = z.infer<typeof Credential>;

/** Primary key of the metadata. Only the account may hold a "#", and it stands between two parts that cannot. */
export const credentialPk = (project: string, ref: CredentialRef): string =>
  [project, ref.provider, ref.account, ref.environment].join('#');

export type CredentialLookup =
  | { readonly kind: 'usable'; readonly credential: Credential; readonly secret: Secret }
  | {
      readonly kind: 'unusable';
      readonly code: 'CREDENTIAL_MISSING' | 'CREDENTIAL_UNREADABLE' | 'CREDENTIAL_NOT_FOR_HOST';
      readonly detail: string;
    };

/** Metadata first, then the value. Never throws for a missing or unreadable secret. */
export type ResolveCredential = (
  project: string,
  ref: CredentialRef,
  hostIsOverridden: boolean,
) => Promise<CredentialLookup>;

/** True where the metadata exists and the secret can be read now; used by the gate and the sweeper. */
export type CredentialIsUsable = (
  project: string,
  ref: CredentialRef,
  hostIsOverridden: boolean,
) => Promise<boolean>;

/** Registers metadata: new where `replaces` is absent, else in place of exactly what was read. */
export type PutCredential = (credential: Credential, replaces?: Credential) => Promise<'stored' | 'refused'>;

/** Metadata alone, strongly consistent. */
export type ReadCredential = (project: string, ref: CredentialRef) => Promise<Credential | undefined>;
