import { actionView, type ActionListView, type ActionView } from '#shared/actions/action-view.ts';
import type { ActionId } from '#shared/actions/identity.ts';
import type { ActionQuery, ListActions, ReadAction, ReadDryRun } from '#shared/actions/ledger.ts';
import type { ReadApproval } from '#shared/approvals/approval.ts';
import { ProblemError } from '#shared/operators/problems.ts';

export interface ReadDeps {
  readonly read: ReadAction;
  readonly list: ListActions;
  readonly readDryRun: ReadDryRun;
  readonly readApproval: ReadApproval;
}

/**
 * What happened to one action: status, times, hashes, retries, outcome, the dry run and who decided.
 * @throws ProblemError NOT_FOUND
 */
export const readOneAction = async (id: ActionId, deps: ReadDeps): Promise<ActionView> => {
  const row = await deps.read(id);
  if (row === undefined)
    throw new ProblemError('NOT_FOUND', `There is no action "${id.key}" in "${id.project}".`);
  const [rendered, approval] = await Promise.all([
    deps.readDryRun(id),
    row.approvalId === undefined ? undefined : deps.readApproval(row.approvalId),
  ]);
  const decision = approval?.decision;
  return {
    ...actionView(row),
    rendered: rendered ?? null,
    decision:
      approval === undefined || decision === undefined
        ? null
        : {
            by: decision.by,
            byName: decision.byName,
            at: decision.at,
            status: approval.status,
            reason: decision.reason,
          },
  };
};

/** One page of a project's actions, newest first. */
export const listProjectActions = async (query: ActionQuery, deps: ReadDeps): Promise<ActionListView> => {
  const page = await deps.list(query);
  return { actions: page.actions.map(actionView), nextCursor: page.nextCursor ?? null };
};
