import type { ClientRow, PersonRow } from './principal.ts';

/** Strongly consistent reads; undefined where there is no row. Whether it is active is for the caller to ask. */
export type ReadPerson = (email: string) => Promise<PersonRow | undefined>;
export type ReadClient = (clientId: string) => Promise<ClientRow | undefined>;

/** Ties a person to the issuer's `sub` on first use. `refused`: no such person, or another subject holds it. */
export type BindPersonSubject = (email: string, issuerSubject: string) => Promise<'bound' | 'refused'>;

/** Active people with the role operator in a project, sorted by address. */
export type ListApprovers = (project: string) => Promise<readonly PersonRow[]>;

/** Key and index attributes of a person's or machine's item. */
export const personKeys = (email: string): { pk: string; kind: 'person'; sortKey: string } => ({
  pk: `person#${email.toLowerCase()}`,
  kind: 'person',
  sortKey: email.toLowerCase(),
});
export const clientKeys = (clientId: string): { pk: string; kind: 'client'; sortKey: string } => ({
  pk: `client#${clientId}`,
  kind: 'client',
  sortKey: clientId,
});

/** What the registry calls a subject, `person:` or `client:`; undefined where it has no row. */
export const nameOf =
  (readPerson: ReadPerson, readClient: ReadClient) =>
  async (subject: string): Promise<string | undefined> => {
    const id = subject.slice(subject.indexOf(':') + 1);
    if (subject.startsWith('person:')) return (await readPerson(id))?.name;
    return subject.startsWith('client:') ? (await readClient(id))?.name : undefined;
  };
