import * as z from 'zod';
import type { CredentialRef } from '../actions/dry-run.ts';
import { ProjectId, Timestamp } from '../actions/identity.ts';
import { OAUTH_PROVIDERS } from './oauth/provider-names.ts';
import { checkRenewal, Renewal } from './renewal.ts';
import { RotationPolicy } from './rotation-policies.ts';
import type { Secret, SecretDocument } from './secret.ts';

/** What a credential may be used for, in our words; the table of effects says what each action needs (CRE-01). */
export const CREDENTIAL_SCOPES = ['READ', 'WRITE', 'DELETE', 'PUBLISH', 'TRADE', 'ADMIN'] as const;
export type CredentialScope = (typeof CREDENTIAL_SCOPES)[number];

/** How its secret is renewed. */
export const CREDENTIAL_KINDS = [
  /** A person fetches the new value; it is tested before it is promoted. */
  'operator-staged',
  /** An API of the provider makes the new value. */
  'api-key',
  /** A person's consent: refresh tokens, exchanged by one writer. */
  'oauth',
  /** Access tokens are minted from a client's own id and secret. */
  'client-credentials',
  'hmac-keyring',
  'signing-key',
] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** The fields of a grant, without the rule that holds them together: that of `Credential`. */
export const CredentialFields = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  provider: z.string().min(1).max(60),
  account: z.string().min(1).max(120),
  environment: z.enum(['DEVELOPMENT', 'STAGING', 'PRODUCTION', 'PAPER']),
  /** Name or ARN of the secret in Secrets Manager. */
  secretId: z.string().min(1).max(300),
  /** It belongs to a stand-in: the only kind that may be sent to an overridden host. */
  standIn: z.boolean(),
  kind: z.enum(CREDENTIAL_KINDS).default('operator-staged'),
  /** Whose OAuth renews it, where that is not `provider`: an API behind `http` that takes such a token. */
  oauthProvider: z.enum(OAUTH_PROVIDERS).optional(),
  /** How its API makes the next key: of the kind `api-key`, and of no other. */
  renewal: Renewal.optional(),
  /** Nothing that is not named is allowed. */
  scopes: z.array(z.enum(CREDENTIAL_SCOPES)).max(CREDENTIAL_SCOPES.length).default([]),
  /** Operations by name, or all of a provider as `provider/*`. */
  operations: z
    .array(z.string().regex(/^[a-z0-9-]+\/(\*|[a-z0-9.-]+)$/, 'use "provider/operation" or "provider/*"'))
    .max(100)
    .default([]),
  /** Absent: the provider's default of `ROTATION_POLICIES`. */
  policy: RotationPolicy.optional(),
  /** Retired: kept for the record, never used again. */
  retired: z.boolean().default(false),
  createdAt: Timestamp,
});

/**
 * The grant: metadata about a secret, never the secret. Key: project, provider, account, environment. Only people
 * change it, two of them; how it is doing is its `CredentialCondition`.
 */
export const Credential = CredentialFields.superRefine(checkRenewal);
export type Credential = z.infer<typeof Credential>;

/** Primary key of the metadata. Only the account may hold a "#", and it stands between two parts that cannot. */
export const credentialPk = (project: string, ref: CredentialRef): string =>
  [project, ref.provider, ref.account, ref.environment].join('#');

/**
 * How the keys of the table's other rows begin. No project may be called so: the account of its grant, which may hold
 * a "#", could make the key of such a row, which functions may write that may not write grants.
 */
export const OTHER_ROWS: readonly string[] = [
  'act',
  'condition',
  'drop',
  'exchange',
  'lease',
  'reauth',
  'told',
  'wait',
];

/** Partition of the index `byKind` that grants are found in. */
export const GRANT_KIND = 'credential';

/** The row of a grant as it is stored: its key and its place in the index beside the metadata. */
export const credentialItem = (credential: Credential) => {
  const pk = credentialPk(credential.project, credential);
  return { ...credential, pk, rowKind: GRANT_KIND, sortKey: pk };
};

/** Without the attributes that exist for keys and indexes only. */
export const credentialOfItem = (item: Record<string, unknown>): Credential | undefined => {
  const { pk: _pk, rowKind: _rowKind, sortKey: _sortKey, ...row } = item;
  return Credential.safeParse(row).data;
};

/** The grant that an item holds; none where it does not fit, or is of another credential than was asked for. */
export const grantOf = (
  project: string,
  { provider, account, environment }: CredentialRef,
  item: Record<string, unknown>,
): Credential | undefined => {
  const grant = credentialOfItem(item);
  const matches =
    grant?.project === project &&
    grant.provider === provider &&
    grant.account === account &&
    grant.environment === environment;
  return matches ? grant : undefined;
};

export type CredentialLookup =
  | { readonly kind: 'usable'; readonly credential: Credential; readonly secret: Secret }
  | {
      readonly kind: 'unusable';
      readonly code:
        | 'CREDENTIAL_MISSING'
        | 'CREDENTIAL_UNREADABLE'
        | 'CREDENTIAL_NOT_FOR_HOST'
        /** Its access token is past its end; the refresher renews it, or a person has to connect it again. */
        | 'CREDENTIAL_EXPIRED';
      readonly detail: string;
    };

/**
 * Metadata first, then the value. Never throws for a missing or unreadable secret.
 * @param known the metadata, where a gate has read it strongly in the same invocation: it is not read again
 */
export type ResolveCredential = (
  project: string,
  ref: CredentialRef,
  hostIsOverridden: boolean,
  known?: Credential,
) => Promise<CredentialLookup>;

/** True where it is known to be in order and its secret can be read now: what a paused action waits for. */
export type CredentialIsUsable = (
  project: string,
  ref: CredentialRef,
  hostIsOverridden: boolean,
) => Promise<boolean>;

/** The current value of a secret. `unreadable`: whether it works is not known; `problem` is the name of the error. */
export type ReadSecretDocument = (
  secretId: string,
) => Promise<
  | { readonly kind: 'read'; readonly document: SecretDocument }
  | { readonly kind: 'missing' | 'malformed' }
  | { readonly kind: 'unreadable'; readonly problem: string }
>;

/** Registers metadata: new where `replaces` is absent, else in place of exactly what was read. */
export type PutCredential = (credential: Credential, replaces?: Credential) => Promise<'stored' | 'refused'>;

/** Metadata alone, strongly consistent. */
export type ReadCredential = (project: string, ref: CredentialRef) => Promise<Credential | undefined>;

/** Every grant there is, retired ones too, strongly consistent. Rows that do not fit are left out. */
export type ListCredentials = () => Promise<readonly Credential[]>;
