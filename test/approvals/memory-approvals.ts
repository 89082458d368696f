import type {
  Approval,
  ApplyApprovalChange,
  CreateApproval,
  ListApprovals,
  ListPendingCallbacks,
  Locator,
  PutLocator,
  ReadApproval,
  ReadLocator,
} from '#shared/approvals/approval.ts';
import { collectPage } from '#shared/approvals/listing.ts';

export interface ApprovalStore {
  readonly readApproval: ReadApproval;
  readonly createApproval: CreateApproval;
  readonly applyApprovalChange: ApplyApprovalChange;
  readonly listPendingCallbacks: ListPendingCallbacks;
  readonly listApprovals: ListApprovals;
  readonly putLocator: PutLocator;
  readonly readLocator: ReadLocator;
}

/** In-memory twin of `approvals.aws.ts`; passes the same contract suite. `dump` is everything it holds. */
export const memoryApprovals = (): ApprovalStore & { readonly dump: () => string } => {
  const rows = new Map<string, Approval>();
  const locators = new Map<string, Locator>();
  const copy = (row: Approval): Approval => structuredClone(row);
  return {
    readApproval: async (id) => {
      const row = rows.get(id);
      return row === undefined ? undefined : copy(row);
    },
    createApproval: async (approval) => {
      const stored = rows.get(approval.approvalId);
      if (stored !== undefined)
        return { created: stored.writeToken === approval.writeToken, approval: copy(stored) };
      rows.set(approval.approvalId, copy(approval));
      return { created: true, approval };
    },
    applyApprovalChange: async ({ from, to }) => {
      const current = rows.get(from.approvalId);
      if (current === undefined) throw new Error('ConditionalCheckFailedException');
      const holds =
        current.status === from.status &&
        current.version === from.version &&
        current.writeToken === from.writeToken;
      if (!holds)
        return current.writeToken === to.writeToken
          ? { kind: 'applied', approval: copy(current) }
          : { kind: 'refused', current: copy(current) };
      rows.set(to.approvalId, copy(to));
      return { kind: 'applied', approval: to };
    },
    listPendingCallbacks: async (limit) =>
      [...rows.values()]
        .filter((row) => row.callback !== undefined)
        .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
        .slice(0, limit)
        .map((row) => row.approvalId),
    listApprovals: (query) =>
      collectPage(query, {
        readIndex: async (project, before, limit) => {
          const order = [...rows.values()]
            .filter((row) => row.project === project && row.createdAt >= (query.since ?? ''))
            .toSorted((a, b) => (`${a.createdAt}${a.approvalId}` < `${b.createdAt}${b.approvalId}` ? 1 : -1));
          const start =
            before === undefined ? 0 : order.findIndex((row) => row.approvalId === before.approvalId) + 1;
          const entries = order
            .slice(start, start + limit)
            .map(({ approvalId, createdAt }) => ({ approvalId, createdAt }));
          return { entries, isLast: start + limit >= order.length };
        },
        readRows: async (ids) =>
          new Map(
            ids.flatMap((id) => {
              const row = rows.get(id);
              return row === undefined ? [] : [[id, copy(row)] as const];
            }),
          ),
      }),
    putLocator: async (locator) => {
      if (locators.has(locator.digest)) throw new Error('ConditionalCheckFailedException');
      locators.set(locator.digest, locator);
    },
    readLocator: async (digest) => locators.get(digest),
    dump: () => JSON.stringify([[...rows], [...locators]]),
  };
};
