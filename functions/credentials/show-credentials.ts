import { pageOfProblem, signInPage, signInPath } from '#shared/approvals/page.ts';
import type { ListStandings } from '#shared/credentials/condition.ts';
import {
  credentialHealth,
  type CredentialView,
  credentialView,
} from '#shared/credentials/credential-view.ts';
import { CREDENTIALS_PAGE } from '#shared/credentials/console-paths.ts';
import { credentialsPage, type LookForms } from '#shared/credentials/credentials-page.ts';
import { lookFormNonce, lookNonce, lookNonceCookie } from '#shared/credentials/look-form.ts';
import { noticeCookie, readNotice } from '#shared/credentials/page-notice.ts';
import type { UseKeyring } from '#shared/credentials/use-keyring.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { requireRole } from '#shared/operators/http-edge.ts';
import { FRESH_SIGN_IN_MS } from '#shared/operators/principal.ts';
import type { SignedIn } from '#shared/operators/sessions.ts';

export interface ShowCredentialsDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly listStandings: ListStandings;
  readonly useKeyring: UseKeyring;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
}

/** The forms of the page, each bound to this session, this browser and its credential. */
const lookForms = async (
  { principal, csrf }: SignedIn,
  nonce: string,
  views: readonly CredentialView[],
  { useKeyring, log }: ShowCredentialsDeps,
  now: number,
): Promise<LookForms> => {
  // Written so that a sign-in time that is not a number counts as stale.
  if (!(now - principal.authTimeMs <= FRESH_SIGN_IN_MS))
    return { kind: 'signInAgain', href: signInPath(CREDENTIALS_PAGE, true) };
  const live = views.filter(({ retired }) => !retired);
  try {
    const nonces = await useKeyring(
      (ring) => new Map(live.map((view) => [view, lookFormNonce(ring, nonce, view, csrf, now)])),
    );
    return { kind: 'forms', csrf, nonces };
  } catch (error) {
    // How credentials are doing has to be readable while Secrets Manager is away, all the more.
    log({
      level: 'ERROR',
      event: 'look-forms-left-out',
      error: error instanceof Error ? error.name : 'unknown',
    });
    return { kind: 'none' };
  }
};

/** `GET /credentials`, for operators, of their own projects. Nothing here writes; what was just done is told once. */
export const showCredentials = async (
  request: HttpRequest,
  deps: ShowCredentialsDeps,
): Promise<HttpReply> => {
  try {
    const session = await deps.signedIn(request.cookies, deps.now());
    if (session === null) return { status: 200, html: signInPage(request.path) };
    const { principal, csrf } = session;
    const notice = readNotice(request.cookies);
    requireRole(principal, 'operator');
    const now = deps.now();
    const views = (await deps.listStandings())
      .filter(({ grant }) => principal.projects.includes(grant.project))
      .map((standing) => credentialView(standing, now));
    const nonce = lookNonce(request.cookies, deps.randomBytes);
    const looks = await lookForms(session, nonce, views, deps, now);
    const html = credentialsPage({
      viewer: { name: principal.name, csrf },
      health: credentialHealth(views, now),
      retired: views.filter(({ retired }) => retired),
      looks,
      ...(notice === undefined ? {} : { notice }),
      now,
    });
    return {
      status: 200,
      html,
      cookies: [
        ...(looks.kind === 'forms' ? [lookNonceCookie(nonce)] : []),
        ...(notice === undefined ? [] : [noticeCookie(null)]),
      ],
    };
  } catch (error) {
    return pageOfProblem(error, request);
  }
};
