import type { ReadDryRun } from '#shared/actions/ledger.ts';
import { requestHash } from '#shared/actions/hashes.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import type { Approval, ListApprovals, ReadApproval, ReadLocator } from '#shared/approvals/approval.ts';
import { approvalPage, type Standing } from '#shared/approvals/approval-page.ts';
import { formNonce, newNonce, nonceCookie } from '#shared/approvals/decision-nonce.ts';
import { inboxPage } from '#shared/approvals/inbox-page.ts';
import { readPath } from '#shared/approvals/locator.ts';
import { barredBecause, closedBecause, isOriginator } from '#shared/approvals/moves.ts';
import { pageOfProblem, signInPage, signInPath, type Viewer } from '#shared/approvals/page.ts';
import { type CountUp, LIMITS, spend } from '#shared/approvals/rate-limit.ts';
import type { ReadCredential } from '#shared/credentials/credential.ts';
import type { ListOpenReauthTasks } from '#shared/credentials/reauth.ts';
import { type ReauthView, reauthView } from '#shared/credentials/reauth-view.ts';
import type { UseKeyring } from '#shared/credentials/use-keyring.ts';
import type { MayApprove } from '#shared/governance/gate.ts';
import type { AskPolicies, PoliciesAnswer } from '#shared/governance/policies-gate.ts';
import type { ProjectConfig, ReadProjectConfig } from '#shared/governance/project-config.ts';
import type { ListSources, ReadStates } from '#shared/policies/ports.ts';
import { policyView } from '#shared/policies/policy-view-of.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { SignedIn } from '#shared/operators/sessions.ts';

export interface ShowPagesDeps {
  readonly signedIn: (cookies: Readonly<Record<string, string>>, now: number) => Promise<SignedIn | null>;
  readonly readLocator: ReadLocator;
  readonly readApproval: ReadApproval;
  readonly readDryRun: ReadDryRun;
  readonly listApprovals: ListApprovals;
  readonly readProjectConfig: ReadProjectConfig;
  readonly mayApprove: MayApprove;
  /** What the required policies would say at this moment. */
  readonly askPolicies: AskPolicies;
  readonly listSources: ListSources;
  readonly readStates: ReadStates;
  readonly listReauthTasks: ListOpenReauthTasks;
  readonly readCredential: ReadCredential;
  readonly countUp: CountUp;
  readonly useKeyring: UseKeyring;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly now: () => number;
  readonly stageIsProduction: boolean;
}

/** No approval waits longer than this, so older rows need not be read to find what waits. */
const LONGEST_WAIT_MS = 8 * 86_400_000;
const INBOX_WAITING = 200;
const INBOX_DECIDED = 20;

const html = (body: string, cookies: readonly string[] = []): HttpReply => ({
  status: 200,
  html: body,
  ...(cookies.length === 0 ? {} : { cookies }),
});

const viewerOf = ({ principal, csrf }: SignedIn): Viewer => ({ name: principal.name, csrf });

const standingOf = async (
  approval: Approval,
  dryRun: DryRun,
  session: SignedIn,
  path: string,
  nonce: string,
  project: ProjectConfig,
  deps: ShowPagesDeps,
): Promise<Standing> => {
  const now = deps.now();
  const mayNot = (code: string, detail: string): Standing => ({ kind: 'mayNot', code, detail });
  const closed = closedBecause(approval, now);
  if (closed !== null) return mayNot(closed.code, closed.detail);
  if (requestHash(dryRun.request) !== approval.requestHash || dryRun.requestHash !== approval.requestHash)
    return mayNot(
      'HASH_MISMATCH',
      'The stored request is not the one that the approval was asked for. Nobody can approve it.',
    );
  const answer = deps.mayApprove(session.principal, {
    dryRun,
    project,
    proposer: approval.proposer,
    originators: approval.originators,
    stageIsProduction: deps.stageIsProduction,
  });
  const barred = barredBecause(approval, session.principal, now);
  if (barred?.code === 'ORIGINATOR_MAY_NOT_APPROVE') return mayNot(barred.code, barred.detail);
  if (answer.kind !== 'allow') {
    const [reason] = answer.reasons;
    return mayNot(reason?.code ?? 'FORBIDDEN', reason?.detail ?? 'You may see this, but not decide it.');
  }
  if (barred !== null) return { kind: 'signInAgain', href: signInPath(path, true) };
  const { approvalId, requestHash: hash, version } = approval;
  return {
    kind: 'mayDecide',
    nonce: await deps.useKeyring((ring) =>
      formNonce(ring, nonce, { approvalId, requestHash: hash, version, csrf: session.csrf }, now),
    ),
  };
};

const notThere = (): never => {
  throw new ProblemError(
    'NOT_FOUND',
    'This link opens nothing, or nothing that is yours to see. Check that it is complete, or look into your inbox.',
  );
};

const showApproval = async (request: HttpRequest, deps: ShowPagesDeps): Promise<HttpReply> => {
  const segment = request.params['locator'] ?? '';
  const place = readPath(segment);
  if (place === null) return notThere();
  const path = `/a/${segment}`;
  const session = await deps.signedIn(request.cookies, deps.now());
  let approvalId: string;
  if (place.kind === 'id') {
    if (session === null) return html(signInPage(path));
    approvalId = place.approvalId;
  } else {
    const locator = await deps.readLocator(place.digest);
    if (locator === undefined) {
      await spend(LIMITS.missesPerSource, request.sourceIp, deps.now(), deps.countUp);
      return notThere();
    }
    if (session === null) return html(signInPage(path));
    approvalId = locator.approvalId;
  }
  const approval = await deps.readApproval(approvalId);
  if (approval === undefined || !session.principal.projects.includes(approval.project)) return notThere();
  const dryRun = await deps.readDryRun(approval);
  if (dryRun === undefined)
    throw new ProblemError('UNAVAILABLE', 'The stored request cannot be read now. Nothing was decided.');
  const nonce = newNonce(deps.randomBytes);
  const project = await deps.readProjectConfig(approval.project);
  const policies: PoliciesAnswer | null =
    approval.status === 'WAITING' ? await deps.askPolicies({ dryRun, project }) : null;
  const standing = await standingOf(approval, dryRun, session, path, nonce, project, deps);
  const cookies = standing.kind === 'mayDecide' ? [nonceCookie(approvalId, nonce)] : [];
  return html(
    approvalPage({
      approval,
      dryRun,
      viewer: viewerOf(session),
      standing,
      ...(policies === null ? {} : { policies }),
      path,
      now: deps.now(),
    }),
    cookies,
  );
};

/** Policy changes and first texts that wait for an operator. */
const policiesToRead = async (operator: boolean, now: number, deps: ShowPagesDeps) => {
  if (!operator) return [];
  const records = (await deps.listSources()).filter(({ retired }) => !retired);
  const states = await deps.readStates(records.map(({ source }) => source.id));
  return records
    .map((record) => policyView(record, states.get(record.source.id), now))
    .filter(({ pending }) => pending !== null);
};

/** What has to be connected again in the viewer's projects. */
const accountsToConnect = async (
  projects: readonly string[],
  deps: ShowPagesDeps,
): Promise<readonly ReauthView[]> => {
  const tasks = (await deps.listReauthTasks()).filter(({ project }) => projects.includes(project));
  return Promise.all(
    tasks.map(async (task) => reauthView(task, await deps.readCredential(task.project, task))),
  );
};

const showInbox = async (request: HttpRequest, deps: ShowPagesDeps): Promise<HttpReply> => {
  const now = deps.now();
  const session = await deps.signedIn(request.cookies, now);
  if (session === null) return html(signInPage('/inbox'));
  const { projects, roles, subject } = session.principal;
  const cursor = request.query['older'];
  const [waiting, decided, policies, reauth] = await Promise.all([
    deps.listApprovals({
      projects,
      state: 'waiting',
      since: timestamp(now - LONGEST_WAIT_MS),
      limit: INBOX_WAITING,
    }),
    deps.listApprovals({
      projects,
      state: 'decided',
      limit: INBOX_DECIDED,
      ...(cursor === undefined ? {} : { cursor }),
    }),
    policiesToRead(roles.includes('operator'), now, deps),
    accountsToConnect(projects, deps),
  ]);
  const mine = (approval: Approval): boolean =>
    roles.includes('operator') && !isOriginator(approval, subject) && closedBecause(approval, now) === null;
  const soonest = waiting.approvals.toSorted((a, b) => (a.expiresAt < b.expiresAt ? -1 : 1));
  return html(
    inboxPage({
      viewer: viewerOf(session),
      now,
      policies,
      reauth,
      mayConnect: roles.includes('operator'),
      sections: [
        {
          heading: 'Waits for you',
          approvals: soonest.filter(mine),
          empty: 'Nothing waits for your decision. You get a mail as soon as something does.',
        },
        { heading: 'Waits for others', approvals: soonest.filter((approval) => !mine(approval)) },
        { heading: 'Decided', approvals: decided.approvals, empty: 'Nothing was decided yet.' },
      ],
      ...(decided.nextCursor === undefined
        ? {}
        : { olderHref: `/inbox?older=${encodeURIComponent(decided.nextCursor)}` }),
    }),
  );
};

/**
 * The pages that people open. GET and HEAD change nothing: the only write is the counter of look-ups that miss,
 * and it can only turn the next miss into TOO_MANY_REQUESTS.
 */
export const showPages = async (request: HttpRequest, deps: ShowPagesDeps): Promise<HttpReply> => {
  try {
    return await (request.path.startsWith('/a/') ? showApproval(request, deps) : showInbox(request, deps));
  } catch (error) {
    return pageOfProblem(error, request);
  }
};
