import * as z from 'zod';
import { ProjectId, Subject, type Timestamp } from '../actions/identity.ts';
import { Credential, credentialItem } from '../credentials/credential.ts';
import { ProjectConfig, ProjectSettings } from '../governance/project-config.ts';
import { ClientRow, PersonRow, Role } from './principal.ts';
import { clientKeys, personKeys } from './registry.ts';

/** CloudFormation hands every number and boolean of a custom resource over as text. */
const wholeNumber = z.union([
  z.int(),
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
]);
const truth = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

/** Templates leave out what is empty; what is missing is closed. */
const SeededSettings = z
  .object({
    ...ProjectSettings.shape,
    approvalTtlSeconds: wholeNumber,
    allowedHosts: ProjectSettings.shape.allowedHosts.default([]),
    providers: ProjectSettings.shape.providers.default([]),
    alpaca: ProjectSettings.shape.alpaca.default(null),
  })
  .strict()
  .pipe(ProjectSettings);

/** What a deployment writes into the registry where nothing is yet. Properties of the custom resource. */
export const Seed = z.object({
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
  projects: z.array(z.strictObject({ project: ProjectId, settings: SeededSettings })).default([]),
  credentials: z
    .array(
      z
        .object({ ...Credential.shape, standIn: truth })
        .omit({ schemaVersion: true, createdAt: true })
        .strict(),
    )
    .default([]),
});
export type Seed = z.infer<typeof Seed>;

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
