import * as z from 'zod';
import { ProjectId, timestamp } from '#shared/actions/identity.ts';
import type { ReadDryRun } from '#shared/actions/ledger.ts';
import type { ListApprovals, ReadApproval } from '#shared/approvals/approval.ts';
import { type ApprovalListView, type ApprovalView, approvalView } from '#shared/approvals/approval-view.ts';
import { readPath } from '#shared/approvals/locator.ts';
import { parseInput, requirePrincipal, requireProject } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { ProblemError } from '#shared/operators/problems.ts';

export interface ReadApprovalsDeps {
  readonly readApproval: ReadApproval;
  readonly listApprovals: ListApprovals;
  readonly readDryRun: ReadDryRun;
  readonly now: () => number;
}

/** Query of `GET /approvals`. */
export const ApprovalsQuery = z.strictObject({
  /** One project; without it all of the caller's. */
  project: ProjectId.optional(),
  state: z.enum(['waiting', 'decided', 'all']).default('all'),
  limit: z.coerce.number().int().min(1).max(100).default(25),
  cursor: z.string().max(8000).optional(),
});

const LONGEST_WAIT_MS = 8 * 86_400_000;

const projectsOf = (principal: Principal, project: string | undefined): readonly string[] => {
  if (project !== undefined) {
    requireProject(principal, project);
    return [project];
  }
  if (principal.kind === 'public')
    throw new ProblemError('INVALID_INPUT', 'project: name one; nobody is signed in', { field: 'project' });
  return principal.projects;
};

const list = async (
  request: HttpRequest,
  principal: Principal,
  deps: ReadApprovalsDeps,
): Promise<HttpReply> => {
  const { project, state, limit, cursor } = parseInput(ApprovalsQuery, request.query, 'The query');
  const page = await deps.listApprovals({
    projects: projectsOf(principal, project),
    state,
    limit,
    ...(state === 'waiting' ? { since: timestamp(deps.now() - LONGEST_WAIT_MS) } : {}),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const json: ApprovalListView = {
    approvals: page.approvals.map(approvalView),
    nextCursor: page.nextCursor ?? null,
  };
  return { status: 200, json };
};

/** `GET /approvals` and `GET /approvals/{id}`: what waits and what was decided, in the caller's own projects. */
export const readApprovals = async (request: HttpRequest, deps: ReadApprovalsDeps): Promise<HttpReply> => {
  const principal = requirePrincipal(request);
  const { id } = request.params;
  if (id === undefined) return list(request, principal, deps);
  const place = readPath(id);
  const approval = place?.kind === 'id' ? await deps.readApproval(place.approvalId) : undefined;
  if (approval === undefined)
    throw new ProblemError('NOT_FOUND', 'There is nothing here, or it is not yours to see.');
  requireProject(principal, approval.project);
  const json: ApprovalView = {
    ...approvalView(approval),
    rendered: (await deps.readDryRun(approval)) ?? null,
  };
  return { status: 200, json };
};
