import type { GovernanceFacts, MayApprove } from '../governance/gate.ts';
import type { PersonRow } from '../operators/principal.ts';
import { isOriginator } from './moves.ts';

/** Who would be allowed to decide after a fresh sign-in: by policy, and not behind the action. */
export const eligibleApprovers = (
  people: readonly PersonRow[],
  facts: GovernanceFacts,
  mayApprove: MayApprove,
  now: number,
): readonly PersonRow[] =>
  people.filter((person) => {
    const subject = `person:${person.email}`;
    if (
      !person.active ||
      isOriginator({ proposer: facts.proposer, originators: [...facts.originators] }, subject)
    )
      return false;
    const principal = {
      kind: 'person',
      subject,
      email: person.email,
      name: person.name,
      projects: person.projects,
      roles: person.roles,
      authTimeMs: now,
    } as const;
    return mayApprove(principal, facts).kind === 'allow';
  });
