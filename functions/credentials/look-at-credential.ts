import * as z from 'zod';
import { CredentialRef } from '#shared/actions/dry-run.ts';
import { ProjectId, timestamp } from '#shared/actions/identity.ts';
import { FORM_NONCE_MAX } from '#shared/approvals/decision-nonce.ts';
import { answerForm, isFromOutside } from '#shared/approvals/form-page.ts';
import { type CountUp, LIMITS, spend } from '#shared/approvals/rate-limit.ts';
import type { CredentialCondition, PutCondition, ReadStanding } from '#shared/credentials/condition.ts';
import { CREDENTIALS_PAGE } from '#shared/credentials/console-paths.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { type CredentialLookView, credentialView } from '#shared/credentials/credential-view.ts';
import { askForPerson, betweenHours, lookAt, type LookDeps } from '#shared/credentials/look.ts';
import type { ClaimLook } from '#shared/credentials/look-claims.ts';
import { lookNonceFits, type LookPlace } from '#shared/credentials/look-form.ts';
import { noticeCookie, type PageNotice } from '#shared/credentials/page-notice.ts';
import type { OpenReauthTask } from '#shared/credentials/reauth.ts';
import type { RecordAct } from '#shared/credentials/rotation/acts.ts';
import type { UseKeyring } from '#shared/credentials/use-keyring.ts';
import {
  type FreshOperator,
  operatorOf,
  requireFreshSignIn,
  requireOperator,
} from '#shared/operators/fresh-operator.ts';
import { parseInput, readForm, requirePrincipal, requireProject } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';
import { requireCsrf, type SignedIn } from '#shared/operators/sessions.ts';

export interface LookAtCredentialDeps extends LookDeps {
  readonly readStanding: ReadStanding;
  readonly putCondition: PutCondition;
  readonly openReauthTask: OpenReauthTask;
  readonly claimLook: ClaimLook;
  readonly recordAct: RecordAct;
  readonly newId: () => string;
}

const noSuch = (): ProblemError =>
  new ProblemError('NOT_FOUND', 'There is no such credential in this project, or it was retired.');

/**
 * The look of the hourly check, at one credential and now: the same question at its provider, the same rules for what
 * it says, and the same task for a person. Granted once a minute for each credential, and on record before it is done.
 * @throws ProblemError NOT_FOUND, FORBIDDEN or SIGN_IN_NOT_FRESH
 */
export const lookAtCredential = async (
  input: { readonly place: LookPlace; readonly person: FreshOperator },
  deps: LookAtCredentialDeps,
): Promise<CredentialLookView> => {
  const { place, person } = input;
  const { project } = place;
  requireProject(person, project);
  requireOperator(person);
  requireFreshSignIn(person, deps.now());
  const { grant, condition: before } = await deps.readStanding(project, place);
  if (grant === undefined || grant.retired) throw noSuch();
  const answer = (
    look: CredentialLookView['look'],
    of: Credential,
    condition: CredentialCondition | undefined,
  ): CredentialLookView => ({ look, credential: credentialView({ grant: of, condition }, deps.now()) });

  if ((await deps.claimLook(project, place, deps.now())) === 'taken') return answer('recent', grant, before);
  await deps.recordAct({
    schemaVersion: 1,
    id: deps.newId(),
    what: 'look',
    by: person.subject,
    at: timestamp(deps.now()),
    project,
    secretId: grant.secretId,
    versionId: '',
  });
  const after = betweenHours(await lookAt(grant, before, deps), before?.probedAt);
  if ((await deps.putCondition(before, after)) === 'stored') {
    await askForPerson(grant, after, deps);
    return answer('done', grant, after);
  }
  // Somebody renewed or used it meanwhile: what was found may be about the value before, and counts for nothing.
  const now = await deps.readStanding(project, place);
  return answer('overtaken', now.grant ?? grant, now.condition);
};

export interface LookOverHttpDeps extends LookAtCredentialDeps {
  readonly readPerson: ReadPerson;
}

/** `POST /projects/{project}/credentials/{provider}/{account}/{environment}/look` with an operator's token. */
export const lookOverHttp = async (request: HttpRequest, deps: LookOverHttpDeps): Promise<HttpReply> => {
  const person = await operatorOf(requirePrincipal(request), deps.readPerson);
  const { project = '', provider, account, environment } = request.params;
  requireProject(person, project);
  const ref = CredentialRef.safeParse({ provider, account, environment }).data;
  if (ref === undefined) throw noSuch();
  const json = await lookAtCredential({ place: { project, ...ref }, person }, deps);
  return { status: 200, json };
};

export interface LookOnPageDeps extends LookAtCredentialDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly useKeyring: UseKeyring;
  readonly countUp: CountUp;
}

const LookForm = z.strictObject({
  project: z.string().max(200),
  provider: z.string().max(200),
  account: z.string().max(200),
  environment: z.string().max(40),
  csrf: z.string().max(100),
  nonce: z.string().max(FORM_NONCE_MAX),
});

/** Limits, form, CSRF and nonce, in this order; nobody gets past here without the session and the page's cookie. */
const acceptForm = async (
  request: HttpRequest,
  session: SignedIn,
  deps: LookOnPageDeps,
): Promise<LookPlace> => {
  await spend(LIMITS.postsPerSource, request.sourceIp, deps.now(), deps.countUp);
  const { csrf, nonce, project, ...ref } = readForm(request, LookForm);
  requireCsrf(session, csrf);
  const place = {
    project: parseInput(ProjectId, project, 'project'),
    ...parseInput(CredentialRef, ref, 'The form'),
  };
  const fits = lookNonceFits(deps.useKeyring, request.cookies, nonce, place, session.csrf, deps.now());
  if (isFromOutside(request) || !(await fits))
    throw new ProblemError('NONCE_INVALID', 'Nothing was looked at. Open the page again and choose there.');
  return place;
};

const DONE: Readonly<Record<CredentialLookView['look'], PageNotice['done']>> = {
  done: 'looked',
  recent: 'looked-recently',
  overtaken: 'look-overtaken',
};

/** `POST /credentials/look`: a form of the page. Answers a redirect to the page, which says once what was found. */
export const lookOnPage = (request: HttpRequest, deps: LookOnPageDeps): Promise<HttpReply> => {
  const nothingDone = 'Nothing was looked at: nobody is signed in here.';
  return answerForm(
    request,
    { path: CREDENTIALS_PAGE, purpose: 'look at a credential', nothingDone },
    () => deps.signedIn(request.cookies, deps.now()),
    async (session) => {
      const place = await acceptForm(request, session, deps);
      const { look } = await lookAtCredential({ place, person: session.principal }, deps);
      const { project, ...credential } = place;
      const cookies = [noticeCookie({ done: DONE[look], project, credential })];
      return { status: 303, location: CREDENTIALS_PAGE, cookies };
    },
  );
};
