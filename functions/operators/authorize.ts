import type { PersonRow, Principal } from '#shared/operators/principal.ts';
import type { BindPersonSubject, ReadClient, ReadPerson } from '#shared/operators/registry.ts';
import { bearerToken, type CallerRules, callerOf, type VerifyToken } from '#shared/operators/tokens.ts';

export interface AuthorizeInput {
  readonly method: string;
  /** The Authorization header as it came; undefined where there is none. */
  readonly authorization: string | undefined;
}

export interface AuthorizeDeps {
  readonly verify: VerifyToken;
  readonly readPerson: ReadPerson;
  readonly readClient: ReadClient;
  readonly bindPersonSubject: BindPersonSubject;
  readonly rules: CallerRules;
  /** Anyone may read without a token (AUT-01); never in production. */
  readonly publicRead: boolean;
}

/** The registry's row of the person whom the issuer vouches for; undefined where it is not the same person. */
const boundPerson = async (
  email: string,
  issuerSubject: string,
  deps: Pick<AuthorizeDeps, 'readPerson' | 'bindPersonSubject'>,
): Promise<PersonRow | undefined> => {
  const person = await deps.readPerson(email);
  if (person === undefined || !person.active) return undefined;
  if (person.issuerSubject !== undefined) return person.issuerSubject === issuerSubject ? person : undefined;
  return (await deps.bindPersonSubject(email, issuerSubject)) === 'bound' ? person : undefined;
};

/**
 * Who is calling; null where nobody is. A token that does not verify, or that belongs to nobody in the registry,
 * is refused even where reading is open: whoever shows one wants to be somebody.
 * @throws IssuerUnreachableError where the issuer's keys cannot be read.
 */
export const authorize = async (input: AuthorizeInput, deps: AuthorizeDeps): Promise<Principal | null> => {
  if (input.authorization === undefined || input.authorization === '') {
    const reading = input.method === 'GET' || input.method === 'HEAD';
    return deps.publicRead && reading ? { kind: 'public', subject: 'system:public' } : null;
  }
  const token = bearerToken(input.authorization);
  if (token === undefined) return null;
  const caller = callerOf(await deps.verify(token), deps.rules);
  if (caller === undefined) return null;
  if (caller.kind === 'client') {
    const client = await deps.readClient(caller.clientId);
    if (client === undefined || !client.active) return null;
    const { name, projects, roles, owner } = client;
    return { kind: 'client', subject: `client:${client.clientId}`, name, projects, roles, owner };
  }
  const person = await boundPerson(caller.email, caller.issuerSubject, deps);
  if (person === undefined) return null;
  return {
    kind: 'person',
    subject: `person:${person.email}`,
    email: person.email,
    name: person.name,
    projects: person.projects,
    roles: person.roles.filter((role) => role !== 'operator' || caller.inOperatorGroup),
    authTimeMs: caller.authTimeMs,
  };
};
