import * as z from 'zod';
import { Sha256 } from '#shared/actions/dry-run.ts';
import { requestHash } from '#shared/actions/hashes.ts';
import type { ReadDryRun } from '#shared/actions/ledger.ts';
import type { Approval, ApplyApprovalChange, ReadApproval, ReadLocator } from '#shared/approvals/approval.ts';
import { approvalView } from '#shared/approvals/approval-view.ts';
import { FORM_NONCE_MAX, nonceFits } from '#shared/approvals/decision-nonce.ts';
import { readPath } from '#shared/approvals/locator.ts';
import { type Ballot, type Person, vote } from '#shared/approvals/moves.ts';
import { answerForm, isFromOutside } from '#shared/approvals/form-page.ts';
import { type CountUp, LIMITS, spend } from '#shared/approvals/rate-limit.ts';
import type { UseKeyring } from '#shared/credentials/use-keyring.ts';
import type { MayApprove } from '#shared/governance/gate.ts';
import type { ReadProjectConfig } from '#shared/governance/project-config.ts';
import { readForm, readJson, requirePrincipal } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';
import { requireCsrf, type SignedIn } from '#shared/operators/sessions.ts';

/** Body of `POST /approvals/{id}/decision`: the choice, and what was shown when it was made. */
export const DecisionBody = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  requestHash: Sha256,
  version: z.int().positive(),
  reason: z.string().max(500).default(''),
});

/** The form of the page: the same, with what binds it to session and page. */
const DecisionForm = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  requestHash: Sha256,
  version: z
    .string()
    .regex(/^[1-9]\d{0,9}$/)
    .transform(Number),
  reason: z.string().max(500),
  csrf: z.string().max(100),
  nonce: z.string().max(FORM_NONCE_MAX),
});

export interface DecideDeps {
  readonly readApproval: ReadApproval;
  readonly applyApprovalChange: ApplyApprovalChange;
  readonly readDryRun: ReadDryRun;
  readonly readProjectConfig: ReadProjectConfig;
  readonly mayApprove: MayApprove;
  /** Tells the wait; may fail, the sweeper comes back to it. */
  readonly deliverCallback: (written: Approval) => Promise<unknown>;
  readonly stageIsProduction: boolean;
  readonly now: () => number;
  readonly newId: () => string;
  /** One line of the log: a code and ids, never a value of the request. */
  readonly log: (event: Readonly<Record<string, unknown>>) => void;
}

const ATTEMPTS = 6;

const nothingHere = (): never => {
  throw new ProblemError('NOT_FOUND', 'There is no such approval, or it is not yours to see.');
};

/** Question 3 on fresh facts, and the stored bytes against the hash that is voted on. */
const requireRight = async (approval: Approval, person: Person, deps: DecideDeps): Promise<void> => {
  const [dryRun, project] = await Promise.all([
    deps.readDryRun(approval),
    deps.readProjectConfig(approval.project),
  ]);
  if (dryRun === undefined)
    throw new ProblemError('UNAVAILABLE', 'The stored request cannot be read now. Nothing was decided.');
  if (requestHash(dryRun.request) !== approval.requestHash)
    throw new ProblemError(
      'HASH_MISMATCH',
      'The stored request is not the one that the approval was asked for. Nothing was decided.',
    );
  const answer = deps.mayApprove(person, {
    dryRun,
    project,
    proposer: approval.proposer,
    originators: approval.originators,
    stageIsProduction: deps.stageIsProduction,
  });
  if (answer.kind === 'allow') return;
  const [reason] = answer.reasons;
  throw new ProblemError(
    'FORBIDDEN',
    reason?.detail ?? 'You may see this, but not decide it.',
    reason === undefined ? {} : { extra: { reason: reason.code } },
  );
};

/**
 * A person's decision. The vote is committed first; the wait is told after it, and if that fails the outbox and the
 * sweeper finish it: the answer is a success either way. `person` comes from a fresh registry row.
 * @throws ProblemError NOT_FOUND, FORBIDDEN, HASH_MISMATCH or one of the refusals of `vote`
 */
export const decideApproval = async (
  input: { readonly approvalId: string; readonly person: Person; readonly ballot: Ballot },
  deps: DecideDeps,
): Promise<Approval> => {
  const { approvalId, person, ballot } = input;
  let approval = await deps.readApproval(approvalId);
  if (approval === undefined || !person.projects.includes(approval.project)) return nothingHere();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const move = vote(approval, person, ballot, deps.now(), deps.newId());
    if (move.kind === 'same') return approval;
    if (move.kind === 'refused') {
      const { code, detail, extra = {} } = move.refusal;
      deps.log({
        event: 'DECISION_REFUSED',
        code,
        approvalId,
        project: approval.project,
        by: person.subject,
      });
      throw new ProblemError(code, detail, { extra });
    }
    await requireRight(approval, person, deps);
    const result = await deps.applyApprovalChange({ from: approval, to: move.to });
    if (result.kind === 'applied') {
      await deps.deliverCallback(result.approval).catch((error: unknown) => {
        deps.log({
          event: 'CALLBACK_LEFT_TO_SWEEPER',
          approvalId,
          error: error instanceof Error ? error.name : 'unknown',
        });
      });
      return result.approval;
    }
    approval = result.current;
  }
  throw new ProblemError('UNAVAILABLE', 'Too many changes at once. Nothing was decided; try again.');
};

export interface DecideOverHttpDeps extends DecideDeps {
  readonly readPerson: ReadPerson;
}

/** `POST /approvals/{id}/decision` with a person's token. */
export const decideOverHttp = async (request: HttpRequest, deps: DecideOverHttpDeps): Promise<HttpReply> => {
  const principal = requirePrincipal(request);
  if (principal.kind !== 'person')
    throw new ProblemError('PERSON_REQUIRED', 'An agent cannot decide. Sign in as a person who may.');
  const place = readPath(request.params['id'] ?? '');
  if (place?.kind !== 'id') return nothingHere();
  const ballot = readJson(request, DecisionBody);
  // The authorizer's answer may be minutes old; rights are those of this moment.
  const row = await deps.readPerson(principal.email);
  if (row === undefined || !row.active)
    throw new ProblemError('FORBIDDEN', 'You are not (or no longer) an active person of this installation.');
  const person: Person = {
    ...principal,
    name: row.name,
    projects: row.projects,
    // The authorizer also asked the issuer's groups: a role needs both.
    roles: row.roles.filter((role) => principal.roles.includes(role)),
  };
  const approval = await decideApproval({ approvalId: place.approvalId, person, ballot }, deps);
  return { status: 200, json: approvalView(approval) };
};

export interface DecideOnPageDeps extends DecideDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly readLocator: ReadLocator;
  readonly useKeyring: UseKeyring;
  readonly countUp: CountUp;
}

/** Limits, form, nonce and CSRF, in this order; nobody gets past here without the session and the page's cookie. */
const acceptForm = async (
  request: HttpRequest,
  session: SignedIn,
  deps: DecideOnPageDeps,
): Promise<{ readonly approvalId: string; readonly ballot: Ballot }> => {
  const segment = request.params['locator'] ?? '';
  const place = readPath(segment);
  if (place === null) return nothingHere();
  await spend(LIMITS.postsPerLink, segment, deps.now(), deps.countUp);
  await spend(LIMITS.postsPerSource, request.sourceIp, deps.now(), deps.countUp);
  const approvalId =
    place.kind === 'id' ? place.approvalId : (await deps.readLocator(place.digest))?.approvalId;
  if (approvalId === undefined) return nothingHere();
  const { csrf, nonce, ...ballot } = readForm(request, DecisionForm);
  requireCsrf(session, csrf);
  const shown = {
    approvalId,
    requestHash: ballot.requestHash,
    version: ballot.version,
    csrf: session.csrf,
  };
  const fits = nonceFits(deps.useKeyring, request.cookies, nonce, shown, deps.now());
  if (isFromOutside(request) || !(await fits))
    throw new ProblemError('NONCE_INVALID', 'Nothing was decided. Open the page again and choose there.');
  return { approvalId, ballot };
};

/** `POST /a/{locator}`: the form of the page. Answers a redirect to the page, which shows the recorded decision. */
export const decideOnPage = (request: HttpRequest, deps: DecideOnPageDeps): Promise<HttpReply> => {
  const path = `/a/${request.params['locator'] ?? ''}`;
  const nothingDone =
    'Nothing was decided: nobody is signed in here. Sign in, look at the request, and choose.';
  return answerForm(
    request,
    { path, purpose: 'decide', nothingDone },
    () => deps.signedIn(request.cookies, deps.now()),
    async (session) => {
      const { approvalId, ballot } = await acceptForm(request, session, deps);
      await decideApproval({ approvalId, person: session.principal, ballot }, deps);
      return { status: 303, location: path };
    },
  );
};
