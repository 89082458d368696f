import type { MayPropose } from './gate.ts';
import { reason } from './reasons.ts';

/**
 * The part of question 1 that needs no request: membership, role and the provider's switch. The gate asks the
 * policy set once the request is rendered; a test holds the two together.
 */
export const mayPropose: MayPropose = (principal, project, operation) => {
  const refuse = (code: 'NOT_A_PROPOSER' | 'PROVIDER_OFF', detail: string) => ({
    kind: 'refuse' as const,
    reasons: [reason('governance', code, detail)],
  });
  if (
    principal.kind === 'public' ||
    !principal.projects.includes(project.project) ||
    !principal.roles.some((role) => role === 'agent' || role === 'operator')
  ) {
    return refuse('NOT_A_PROPOSER', 'Proposing needs the role "agent" or "operator" in this project.');
  }
  const provider = operation.split('/')[0] ?? '';
  if (!project.settings.providers.some((each) => each === provider)) {
    return refuse(
      'PROVIDER_OFF',
      `The provider "${provider.slice(0, 40)}" is off in project ${project.project}. Two operators can switch it on with a change of the settings.`,
    );
  }
  return { kind: 'allow', reasons: [] };
};
