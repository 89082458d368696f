import { pageOfProblem, signInPage } from '#shared/approvals/page.ts';
import type { ListStandings } from '#shared/credentials/condition.ts';
import { credentialHealth, credentialView } from '#shared/credentials/credential-view.ts';
import { credentialsPage } from '#shared/credentials/credentials-page.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { requireRole } from '#shared/operators/http-edge.ts';
import type { SignedIn } from '#shared/operators/sessions.ts';

export interface ShowCredentialsDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly listStandings: ListStandings;
  readonly now: () => number;
}

/** `GET /credentials`, for operators, of their own projects. Nothing here writes. */
export const showCredentials = async (
  request: HttpRequest,
  deps: ShowCredentialsDeps,
): Promise<HttpReply> => {
  try {
    const session = await deps.signedIn(request.cookies, deps.now());
    if (session === null) return { status: 200, html: signInPage(request.path) };
    const { principal, csrf } = session;
    requireRole(principal, 'operator');
    const now = deps.now();
    const views = (await deps.listStandings())
      .filter(({ grant }) => principal.projects.includes(grant.project))
      .map((standing) => credentialView(standing, now));
    const html = credentialsPage({
      viewer: { name: principal.name, csrf },
      health: credentialHealth(views, now),
      retired: views.filter(({ retired }) => retired),
      now,
    });
    return { status: 200, html };
  } catch (error) {
    return pageOfProblem(error, request);
  }
};
