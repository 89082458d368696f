import * as z from 'zod';
import { canonicalJson, sha256 } from '../actions/canonical-json.ts';
import { Sha256 } from '../actions/dry-run.ts';
import { epochMs, ProjectId, Subject, Timestamp } from '../actions/identity.ts';
import { type Credential, CredentialFields } from '../credentials/credential.ts';
import { checkRenewal } from '../credentials/renewal.ts';
import { BreakGlassRequest, inForce, MOST_BREAK_GLASS, openBreakGlass } from '../policies/break-glass.ts';
import { EndpointDefinition, ProjectConfig, ProjectSettings } from './project-config.ts';

const Name = EndpointDefinition.shape.name;
const Why = z.string().max(500).optional();

const SettingsChange = z.strictObject({ kind: z.literal('settings'), settings: ProjectSettings });
const PolicyChange = z.strictObject({ kind: z.literal('policy'), policy: ProjectConfig.shape.policy });
const EndpointPut = z.strictObject({
  kind: z.literal('endpoint'),
  op: z.literal('put'),
  endpoint: EndpointDefinition,
});
const EndpointRemoval = z.strictObject({ kind: z.literal('endpoint'), op: z.literal('remove'), name: Name });
const CredentialChange = z.strictObject({
  kind: z.literal('credential'),
  /** Metadata only: where the secret is, never what it is. */
  credential: CredentialFields.omit({ schemaVersion: true, project: true, createdAt: true })
    .extend({
      secretId: CredentialFields.shape.secretId.regex(
        /^[A-Za-z0-9/_+=.@:-]+$/,
        'a secretId is the name or ARN of a secret in Secrets Manager, never its value',
      ),
    })
    .superRefine(checkRenewal),
});

/** Sets reasons of the policies gate aside, for at most four hours from the confirmation. */
const BreakGlassChange = z.strictObject({ kind: z.literal('breakGlass'), breakGlass: BreakGlassRequest });

/** One thing that two operators agree on. Settings and policy replace what is there; an endpoint goes by its name. */
export const Change = z.discriminatedUnion('kind', [
  SettingsChange,
  PolicyChange,
  z.discriminatedUnion('op', [EndpointPut, EndpointRemoval]),
  CredentialChange,
  BreakGlassChange,
]);
export type Change = z.infer<typeof Change>;

/** Body of `POST /projects/{project}/changes`: the change and, for the second operator, why. */
export const ProposeChangeBody = z.discriminatedUnion('kind', [
  SettingsChange.extend({ reason: Why }),
  PolicyChange.extend({ reason: Why }),
  z.discriminatedUnion('op', [EndpointPut.extend({ reason: Why }), EndpointRemoval.extend({ reason: Why })]),
  CredentialChange.extend({ reason: Why }),
  BreakGlassChange.extend({ reason: Why }),
]);
export type ProposeChangeBody = z.infer<typeof ProposeChangeBody>;

/** Body of `POST …/changes/{id}/confirm`, or none. `hash`: confirm only if the change is exactly this one. */
export const ConfirmChangeBody = z.strictObject({ hash: Sha256.optional() });

export const ChangeId = z.string().regex(/^[0-9a-f-]{36}$/);

/** The record of a change. Never deleted; a confirmed one never changes again. */
export const ChangeRow = z.strictObject({
  schemaVersion: z.literal(1),
  project: ProjectId,
  id: ChangeId,
  status: z.enum(['PROPOSED', 'CONFIRMED']),
  /** Version of the project that it was proposed against, and the only one that it can be confirmed on. */
  baseVersion: z.int().nonnegative(),
  change: Change,
  reason: z.string().max(500).optional(),
  /** SHA-256 over project, base version and change (RFC 8785). */
  hash: Sha256,
  proposedBy: Subject,
  proposedByName: z.string(),
  proposedAt: Timestamp,
  confirmedBy: Subject.optional(),
  confirmedByName: z.string().optional(),
  confirmedAt: Timestamp.optional(),
});
export type ChangeRow = z.infer<typeof ChangeRow>;

/** What the second operator confirms: this change over this version, nothing else. */
export const changeHash = (project: string, baseVersion: number, change: Change): string =>
  sha256(canonicalJson({ domain: 'autopack.change', v: 1, project, baseVersion, change }));

/** The project after a change: one version on. A credential leaves everything else as it was. */
export const applyToConfig = (
  config: ProjectConfig,
  change: Change,
  at: Timestamp,
  by: readonly Subject[],
): ProjectConfig => {
  const next = { ...config, version: config.version + 1, updatedAt: at, updatedBy: [...by] };
  switch (change.kind) {
    case 'settings':
      return { ...next, settings: change.settings };
    case 'policy':
      return { ...next, policy: change.policy };
    case 'endpoint': {
      const name = change.op === 'put' ? change.endpoint.name : change.name;
      const others = config.endpoints.filter((endpoint) => endpoint.name !== name);
      return { ...next, endpoints: change.op === 'put' ? [...others, change.endpoint] : others };
    }
    case 'credential':
      return next;
    case 'breakGlass':
      return {
        ...next,
        breakGlass: [
          ...inForce(config.breakGlass ?? [], epochMs(at)).slice(1 - MOST_BREAK_GLASS),
          openBreakGlass(change.breakGlass, next.version, at, by),
        ],
      };
  }
};

/** What is in force now where the change would land; null where nothing is. Unknown for credentials. */
export const currentOf = (config: ProjectConfig, change: Change): unknown => {
  switch (change.kind) {
    case 'settings':
      return config.settings;
    case 'policy':
      return config.policy;
    case 'endpoint': {
      const name = change.op === 'put' ? change.endpoint.name : change.name;
      return config.endpoints.find((endpoint) => endpoint.name === name) ?? null;
    }
    case 'credential':
      return undefined;
    case 'breakGlass':
      return config.breakGlass ?? [];
  }
};

export interface ChangePage {
  readonly changes: readonly ChangeRow[];
  readonly nextCursor?: string;
}

/** Puts a new row. One conditional request. */
export type CreateChange = (row: ChangeRow) => Promise<void>;
/** Strongly consistent read. */
export type ReadChange = (project: string, id: string) => Promise<ChangeRow | undefined>;
/** Newest first. */
export type ListChanges = (query: { project: string; limit: number; cursor?: string }) => Promise<ChangePage>;
/**
 * Writes the confirmed row, the project's next version and, where there is one, the credential: one transaction,
 * so that either all of it happened or nothing. `refused`: something moved; read again to see what.
 */
export type ConfirmChange = (input: {
  readonly row: ChangeRow;
  readonly config: ProjectConfig;
  readonly credential?: Credential;
}) => Promise<'confirmed' | 'refused'>;
