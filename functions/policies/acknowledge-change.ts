import * as z from 'zod';
import { Sha256 } from '#shared/actions/dry-run.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { answerForm, isFromOutside } from '#shared/approvals/form-page.ts';
import { type CountUp, LIMITS, spend } from '#shared/approvals/rate-limit.ts';
import {
  type FreshOperator,
  operatorOf,
  requireFreshSignIn,
  requireOperator,
} from '#shared/operators/fresh-operator.ts';
import { readForm, readJson, requirePrincipal } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';
import { requireCsrf, type SignedIn } from '#shared/operators/sessions.ts';
import { AcknowledgeBody, ChangeId } from '#shared/policies/acknowledge-body.ts';
import { acknowledge } from '#shared/policies/acknowledge.ts';
import type { UseKeyring } from '#shared/credentials/use-keyring.ts';
import { FORM_NONCE_MAX } from '#shared/approvals/decision-nonce.ts';
import { changeNonceFits } from '#shared/policies/change-nonce.ts';
import { changePage } from '#shared/policies/console-paths.ts';
import type { PolicyView } from '#shared/policies/policy-view.ts';
import { policyView } from '#shared/policies/policy-view-of.ts';
import type { ReadSource, ReadState, RecordAcknowledgement } from '#shared/policies/ports.ts';
import { SourceId } from '#shared/policies/source-id.ts';

/** The form of the page: the same, with what binds it to session and page. */
const AcknowledgeForm = z.strictObject({
  changeId: ChangeId,
  fromSemantic: z.union([z.literal(''), Sha256]).transform((hash) => (hash === '' ? null : hash)),
  toCanonical: Sha256,
  reason: z.string().trim().min(1, 'say why this is fine').max(1000),
  supersedes: z
    .literal('yes')
    .optional()
    .transform((word) => word === 'yes'),
  csrf: z.string().max(100),
  nonce: z.string().max(FORM_NONCE_MAX),
});

export interface AcknowledgeDeps {
  readonly readSource: ReadSource;
  readonly readState: ReadState;
  readonly recordAcknowledgement: RecordAcknowledgement;
  readonly now: () => number;
  /** One line of the log: codes and ids, never text of the page. */
  readonly log: (event: Readonly<Record<string, unknown>>) => void;
}

const ATTEMPTS = 6;

/**
 * A person's word on one change, and nothing but this change: the pair of hashes that was shown is compared with what
 * waits, and the state is replaced on the condition that it is still the one that was read.
 * @throws ProblemError NOT_FOUND, FORBIDDEN, SIGN_IN_NOT_FRESH, POLICY_CHANGE_GONE, POLICY_CHANGE_SUPERSEDED,
 * POLICY_SAME_PERSON
 */
export const acknowledgeChange = async (
  input: { readonly source: string; readonly person: FreshOperator; readonly said: AcknowledgeBody },
  deps: AcknowledgeDeps,
): Promise<PolicyView> => {
  const { person, said } = input;
  requireOperator(person);
  requireFreshSignIn(person, deps.now());
  const id = SourceId.safeParse(input.source);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const record = id.success ? await deps.readSource(id.data) : undefined;
    const state = record === undefined ? undefined : await deps.readState(record.source.id);
    if (record === undefined || state === undefined)
      throw new ProblemError('NOT_FOUND', 'There is no such policy source, or nothing was read of it yet.');
    const spoken = { ...said, by: person.subject, at: timestamp(deps.now()) };
    const { kind, state: to, acknowledgement } = acknowledge(state, spoken, record.source);
    if ((await deps.recordAcknowledgement({ to, acknowledgement })) === 'refused') continue;
    const event = kind === 'acknowledged' ? 'POLICY_ACKNOWLEDGED' : 'POLICY_ACKNOWLEDGED_BY_FIRST';
    deps.log({ event, source: record.source.id, changeId: said.changeId, by: person.subject });
    return policyView(record, to, deps.now());
  }
  throw new ProblemError('UNAVAILABLE', 'Too many changes at once. Nothing was acknowledged; try again.');
};

export interface AcknowledgeOverHttpDeps extends AcknowledgeDeps {
  readonly readPerson: ReadPerson;
}

/** `POST /policies/{source}/acknowledge` with an operator's token. */
export const acknowledgeOverHttp = async (
  request: HttpRequest,
  deps: AcknowledgeOverHttpDeps,
): Promise<HttpReply> => {
  const person = await operatorOf(requirePrincipal(request), deps.readPerson);
  const said = readJson(request, AcknowledgeBody);
  const json = await acknowledgeChange({ source: request.params['source'] ?? '', person, said }, deps);
  return { status: 200, json };
};

export interface AcknowledgeOnPageDeps extends AcknowledgeDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly useKeyring: UseKeyring;
  readonly countUp: CountUp;
}

/** Limits, form, CSRF and nonce, in this order; nobody gets past here without the session and the page's cookie. */
const acceptForm = async (
  request: HttpRequest,
  session: SignedIn,
  deps: AcknowledgeOnPageDeps,
): Promise<AcknowledgeBody> => {
  await spend(LIMITS.postsPerSource, request.sourceIp, deps.now(), deps.countUp);
  const { csrf, nonce, ...said } = readForm(request, AcknowledgeForm);
  requireCsrf(session, csrf);
  const { changeId, fromSemantic, toCanonical } = said;
  const shown = { changeId, fromSemantic, toCanonical, csrf: session.csrf };
  const fits = changeNonceFits(deps.useKeyring, request.cookies, nonce, shown, deps.now());
  if (isFromOutside(request) || !(await fits))
    throw new ProblemError(
      'NONCE_INVALID',
      'Nothing was acknowledged. Open the page again and read it there.',
    );
  return said;
};

/** `POST /sources/{source}/change`: the form of the page. Answers a redirect to the page. */
export const acknowledgeOnPage = (request: HttpRequest, deps: AcknowledgeOnPageDeps): Promise<HttpReply> => {
  const source = request.params['source'] ?? '';
  const path = changePage(source);
  const nothingDone = 'Nothing was acknowledged: nobody is signed in here. Sign in and read the change.';
  return answerForm(
    request,
    { path, purpose: 'acknowledge', nothingDone },
    () => deps.signedIn(request.cookies, deps.now()),
    async (session) => {
      const said = await acceptForm(request, session, deps);
      await acknowledgeChange({ source, person: session.principal, said }, deps);
      return { status: 303, location: path };
    },
  );
};
