import { FRESH_SIGN_IN_MS, type PersonRow, type Principal } from './principal.ts';
import { ProblemError } from './problems.ts';
import type { ReadPerson } from './registry.ts';

/** An operator who has just proved who they are. */
export type FreshOperator = Extract<Principal, { kind: 'person' }>;

/** @throws ProblemError SIGN_IN_NOT_FRESH where the last sign-in is older than five minutes, or not a time. */
export const requireFreshSignIn = (person: FreshOperator, now: number): void => {
  // Written so that a sign-in time that is not a number counts as stale.
  if (now - person.authTimeMs <= FRESH_SIGN_IN_MS) return;
  throw new ProblemError(
    'SIGN_IN_NOT_FRESH',
    `This needs a sign-in of the last ${FRESH_SIGN_IN_MS / 60_000} minutes. Sign in again. Nothing was written.`,
  );
};

/** @throws ProblemError FORBIDDEN for who is no operator. */
export const requireOperator = (person: FreshOperator): void => {
  if (!person.roles.includes('operator'))
    throw new ProblemError(
      'FORBIDDEN',
      'This needs the role "operator". An operator can give it in the registry.',
    );
};

/**
 * The operator behind a token, by a fresh registry row: what the authorizer remembers may be minutes old, and a role
 * needs both its word and that of the registry.
 * @throws ProblemError UNAUTHENTICATED, PERSON_REQUIRED or FORBIDDEN.
 */
export const operatorOf = async (principal: Principal, readPerson: ReadPerson): Promise<FreshOperator> => {
  if (principal.kind === 'public')
    throw new ProblemError('UNAUTHENTICATED', 'Reading is open here; this needs a token.');
  if (principal.kind !== 'person')
    throw new ProblemError('PERSON_REQUIRED', 'An agent cannot do this. Sign in as an operator.');
  const row: PersonRow | undefined = await readPerson(principal.email);
  if (row === undefined || !row.active)
    throw new ProblemError('FORBIDDEN', 'You are not (or no longer) an active person of this installation.');
  const person: FreshOperator = {
    ...principal,
    name: row.name,
    projects: row.projects,
    roles: row.roles.filter((role) => principal.roles.includes(role)),
  };
  requireOperator(person);
  return person;
};
