import * as z from 'zod';
import { ProjectId, Subject, type Timestamp } from '../actions/identity.ts';
import { Credential, CredentialFields, credentialItem, OTHER_ROWS } from '../credentials/credential.ts';
import { ProjectConfig, ProjectSettings } from '../governance/project-config.ts';
import { ClientRow, PersonRow, Role } from './principal.ts';
import { clientKeys, personKeys } from './registry.ts';

const NewProject = ProjectId.refine((project) => !OTHER_ROWS.includes(project), {
  error: `a project may have any name but ${OTHER_ROWS.join(', ')}: keys of other rows begin so`,
});

/** What a deployment writes into the registry where nothing is yet. */
const Rows = z.strictObject({
  people: z
    .array(
      z.strictObject({
        email: z.email(),
        name: z.string(),
        projects: z.array(ProjectId).default([]),
        roles: z.array(Role).default([]),
      }),
    )
    .default([]),
  clients: z
    .array(
      z.strictObject({
        clientId: z.string().min(1).max(128),
        name: z.string(),
        projects: z.array(ProjectId).default([]),
        roles: z.array(Role).default([]),
        owner: Subject,
      }),
    )
    .default([]),
  projects: z.array(z.strictObject({ project: NewProject, settings: ProjectSettings })).default([]),
  credentials: z
    .array(CredentialFields.omit({ schemaVersion: true, createdAt: true }).extend({ project: NewProject }))
    .default([]),
});
export type Seed = z.infer<typeof Rows>;

/**
 * Properties of the custom resource: the seed as one JSON text. CloudFormation hands each number and boolean of a
 * property over as text and leaves out what is empty, so nothing but a text arrives as it was written.
 */
export const SeedProperties = z.object({
  seed: z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is no JSON' });
        return z.NEVER;
      }
    })
    .pipe(Rows),
});

/** One item that is put where its key is absent. */
export interface SeedItem {
  readonly store: 'registry' | 'credentials';
  readonly item: { readonly pk: string } & Readonly<Record<string, unknown>>;
}

/** The items of a seed, each parsed once more as the row that readers will expect. */
export const seedItems = (seed: Seed, at: Timestamp): readonly SeedItem[] => [
  ...seed.people.map((person): SeedItem => {
    const row = PersonRow.parse({ schemaVersion: 1, ...person, active: true, createdAt: at });
    return { store: 'registry', item: { ...personKeys(row.email), ...row } };
  }),
  ...seed.clients.map((client): SeedItem => {
    const row = ClientRow.parse({ schemaVersion: 1, ...client, active: true, createdAt: at });
    return { store: 'registry', item: { ...clientKeys(row.clientId), ...row } };
  }),
  ...seed.projects.map((project): SeedItem => {
    const row = ProjectConfig.parse({
      schemaVersion: 1,
      ...project,
      version: 1,
      policy: '',
      endpoints: [],
      updatedAt: at,
      updatedBy: ['system:seed'],
    });
    return {
      store: 'registry',
      item: { pk: `project#${row.project}`, kind: 'project', sortKey: row.project, ...row },
    };
  }),
  ...seed.credentials.map((credential): SeedItem => {
    const row = Credential.parse({ schemaVersion: 1, ...credential, createdAt: at });
    return { store: 'credentials', item: credentialItem(row) };
  }),
];
