import * as z from 'zod';
import { ProjectId } from '#shared/actions/identity.ts';
import { CredentialFields } from '#shared/credentials/credential.ts';
import { checkRenewal } from '#shared/credentials/renewal.ts';
import { ProjectSettings } from '#shared/governance/project-config.ts';
import { Role } from '#shared/operators/principal.ts';

/** People, machines and first settings that a deployment writes into the registry. */
export const PersonSeed = z.strictObject({
  email: z.email(),
  name: z.string().min(1).max(120),
  projects: z.array(ProjectId),
  roles: z.array(Role).min(1),
});
export type PersonSeed = z.infer<typeof PersonSeed>;

/** The client id comes from the user pool; `name` is its stable name in the stack. */
export const ClientSeed = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'a client name is 1 to 40 of a-z, 0-9 and "-"'),
  projects: z.array(ProjectId),
  roles: z.array(Role).min(1),
  owner: z.string().regex(/^person:.+@.+$/, 'the owner is "person:" and an e-mail address'),
});
export type ClientSeed = z.infer<typeof ClientSeed>;

export const ProjectSeed = z.strictObject({ project: ProjectId, settings: ProjectSettings });
export type ProjectSeed = z.infer<typeof ProjectSeed>;

export const CredentialSeed = CredentialFields.omit({ schemaVersion: true, createdAt: true }).superRefine(
  checkRenewal,
);
export type CredentialSeed = z.infer<typeof CredentialSeed>;
