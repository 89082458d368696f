import type { ListStandings } from '#shared/credentials/condition.ts';
import {
  type CredentialHealthView,
  type CredentialListView,
  credentialHealth,
  credentialView,
} from '#shared/credentials/credential-view.ts';
import { requirePrincipal, requireProject, requireRole } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';

export interface ReadCredentialsDeps {
  readonly listStandings: ListStandings;
  readonly now: () => number;
}

/**
 * `GET /projects/{project}/credentials` and `GET /credentials/health`. For operators: what is registered where, and
 * what is wrong with it, is worth hiding even without a value (CRE-19).
 */
export const readCredentials = async (
  request: HttpRequest,
  deps: ReadCredentialsDeps,
): Promise<HttpReply> => {
  const principal = requirePrincipal(request);
  const { project } = request.params;
  if (project !== undefined) requireProject(principal, project);
  requireRole(principal, 'operator');
  const own = principal.kind === 'public' ? [] : principal.projects;
  const projects = project === undefined ? own : [project];
  const standings = (await deps.listStandings()).filter(({ grant }) => projects.includes(grant.project));
  const views = standings.map((standing) => credentialView(standing, deps.now()));
  if (project === undefined) {
    const json: CredentialHealthView = credentialHealth(views, deps.now());
    return { status: 200, json };
  }
  const json: CredentialListView = { project, credentials: views };
  return { status: 200, json };
};
