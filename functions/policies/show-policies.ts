import { newNonce } from '#shared/approvals/decision-nonce.ts';
import { pageOfProblem, signInPage, signInPath, type Viewer } from '#shared/approvals/page.ts';
import type { ReadProjectConfig } from '#shared/governance/project-config.ts';
import type { UseKeyring } from '#shared/credentials/use-keyring.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { FRESH_SIGN_IN_MS } from '#shared/operators/principal.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { SignedIn } from '#shared/operators/sessions.ts';
import { inForce } from '#shared/policies/break-glass.ts';
import type { ChangeStanding } from '#shared/policies/change-page.ts';
import { changeFormNonce, changeNonceCookie } from '#shared/policies/change-nonce.ts';
import { changePage, POLICIES_PAGE } from '#shared/policies/console-paths.ts';
import { policyView } from '#shared/policies/policy-view-of.ts';
import type {
  ListAcknowledgements,
  ListObservations,
  ListSources,
  ReadSource,
  ReadState,
  ReadStates,
} from '#shared/policies/ports.ts';
import type { ReadChangeViewDeps } from '#shared/policies/read-change-view.ts';
import { type SourceRecord } from '#shared/policies/source.ts';
import { SourceId } from '#shared/policies/source-id.ts';
import { watchedSourcePage } from '#shared/policies/source-page.ts';
import { type OpenBreakGlass, sourcesPage } from '#shared/policies/sources-page.ts';
import type { PendingChange } from '#shared/policies/source-state.ts';

export interface ShowPoliciesDeps extends ReadChangeViewDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly listSources: ListSources;
  readonly readSource: ReadSource;
  readonly readState: ReadState;
  readonly readStates: ReadStates;
  readonly listObservations: ListObservations;
  readonly listAcknowledgements: ListAcknowledgements;
  readonly readProjectConfig: ReadProjectConfig;
  readonly useKeyring: UseKeyring;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly now: () => number;
}

const LOOKS = 20;
const WORDS = 10;

const viewerOf = ({ principal, csrf }: SignedIn): Viewer => ({ name: principal.name, csrf });

/** What is set aside at this moment in the viewer's own projects. */
const openGlass = async (session: SignedIn, deps: ShowPoliciesDeps): Promise<readonly OpenBreakGlass[]> => {
  const configs = await Promise.all(session.principal.projects.map(deps.readProjectConfig));
  return configs.flatMap(({ project, breakGlass }) =>
    inForce(breakGlass ?? [], deps.now()).map((glass) => ({ project, glass })),
  );
};

const overview = async (session: SignedIn, deps: ShowPoliciesDeps): Promise<string> => {
  const records = await deps.listSources();
  const [states, open] = await Promise.all([
    deps.readStates(records.map(({ source }) => source.id)),
    openGlass(session, deps),
  ]);
  const now = deps.now();
  const policies = records.map((record) => policyView(record, states.get(record.source.id), now));
  return sourcesPage({ viewer: viewerOf(session), policies, open, now });
};

const standingOf = async (
  change: PendingChange | null,
  source: string,
  session: SignedIn,
  nonce: string,
  now: number,
  useKeyring: UseKeyring,
): Promise<ChangeStanding> => {
  const { principal, csrf } = session;
  if (!principal.roles.includes('operator'))
    return { kind: 'mayNot', detail: 'You may read this. Acknowledging takes the role "operator".' };
  if (change === null) return { kind: 'mayNot', detail: 'Nothing waits here.' };
  if (change.firstAcknowledgement?.by.toLowerCase() === principal.subject.toLowerCase())
    return { kind: 'mayNot', detail: 'You have read it already. Somebody else has to read it too.' };
  // Written so that a sign-in time that is not a number counts as stale.
  if (!(now - principal.authTimeMs <= FRESH_SIGN_IN_MS))
    return { kind: 'signInAgain', href: signInPath(changePage(source), true) };
  const { changeId, from, to } = change;
  const shown = { changeId, fromSemantic: from?.semantic ?? null, toCanonical: to.canonical, csrf };
  const sealed = await useKeyring((ring) => changeFormNonce(ring, nonce, shown, now));
  return { kind: 'mayAcknowledge', nonce: sealed };
};

const showChange = async (
  record: SourceRecord,
  session: SignedIn,
  deps: ShowPoliciesDeps,
): Promise<HttpReply> => {
  const { id } = record.source;
  // The lists of sources do without diffs and the page that shows them.
  const [{ readChangeView }, { policyChangePage }] = await Promise.all([
    import('#shared/policies/read-change-view.ts'),
    import('#shared/policies/change-page.ts'),
  ]);
  const view = await readChangeView(record, await deps.readState(id), deps);
  const nonce = newNonce(deps.randomBytes);
  const now = deps.now();
  const standing = await standingOf(view.change, id, session, nonce, now, deps.useKeyring);
  return {
    status: 200,
    html: policyChangePage({ viewer: viewerOf(session), view, standing, now }),
    ...(standing.kind === 'mayAcknowledge' && view.change !== null
      ? { cookies: [changeNonceCookie(view.change.changeId, nonce)] }
      : {}),
  };
};

const showSource = async (
  record: SourceRecord,
  cursor: string | undefined,
  session: SignedIn,
  deps: ShowPoliciesDeps,
): Promise<string> => {
  const { id } = record.source;
  const [state, looks, acknowledgements, open] = await Promise.all([
    deps.readState(id),
    deps.listObservations({ source: id, limit: LOOKS, ...(cursor === undefined ? {} : { cursor }) }),
    deps.listAcknowledgements(id, WORDS),
    openGlass(session, deps),
  ]);
  const now = deps.now();
  return watchedSourcePage({
    viewer: viewerOf(session),
    policy: policyView(record, state, now),
    observations: looks.observations,
    acknowledgements,
    ...(looks.nextCursor === undefined ? {} : { older: looks.nextCursor }),
    open,
    now,
  });
};

/** `GET /sources`, `GET /sources/{source}` and `GET /sources/{source}/change`. Nothing here writes. */
export const showPolicies = async (request: HttpRequest, deps: ShowPoliciesDeps): Promise<HttpReply> => {
  try {
    const session = await deps.signedIn(request.cookies, deps.now());
    if (session === null) return { status: 200, html: signInPage(request.path) };
    if (request.params['source'] === undefined) return { status: 200, html: await overview(session, deps) };
    const id = SourceId.safeParse(request.params['source']);
    const record = id.success ? await deps.readSource(id.data) : undefined;
    if (record === undefined) throw new ProblemError('NOT_FOUND', 'There is no such policy source.');
    return request.path.endsWith('/change')
      ? await showChange(record, session, deps)
      : { status: 200, html: await showSource(record, request.query['older'], session, deps) };
  } catch (error) {
    return pageOfProblem(error, request, { href: POLICIES_PAGE, text: 'See all watched policies' });
  }
};
