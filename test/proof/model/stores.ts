import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { historyFault } from '#shared/actions/history.ts';
import { actionPk } from '#shared/actions/identity.ts';
import type { ApplyChange } from '#shared/actions/ledger.ts';
import { findMove, isTerminal } from '#shared/actions/status.ts';
import type { Approval, ApplyApprovalChange } from '#shared/approvals/approval.ts';
import { type CredentialWait, waitPk } from '#shared/credentials/credential-wait.ts';
import { memoryLedger } from '../../actions/memory-ledger.ts';
import { memoryApprovals } from '../../approvals/memory-approvals.ts';

export interface StoreOptions {
  /** A condition that the store leaves out: only to show that the suite would see it. */
  readonly broken?: 'ledger condition' | 'approval condition';
}

/** The stores in memory, which look at every write as it is made: what must never happen is noted at once. */
export const stores = (now: () => number, options: StoreOptions) => {
  const violations: string[] = [];
  const moves: string[] = [];
  const ledger = memoryLedger();
  const approvals = memoryApprovals();
  const payloads = new Map<string, string>();
  const dryRuns = new Map<string, DryRun>();
  const waits = new Map<string, CredentialWait>();
  /** Mails that were handed over, and whose invocation did it. */
  const mails: { readonly approvalId: string; readonly to: string }[] = [];

  const judge = async (before: Action | undefined, after: Action): Promise<void> => {
    const name = `${after.key} v${after.version}`;
    if (before !== undefined && before.status !== after.status)
      moves.push(`${before.status} → ${after.status}`);
    if (before !== undefined && isTerminal(before.status))
      violations.push(`${name}: ${before.status} was terminal and became ${after.status}`);
    if (
      before !== undefined &&
      before.status !== after.status &&
      findMove(before.status, after.status) === undefined
    )
      violations.push(`${name}: the table has no move ${before.status} → ${after.status}`);
    if (before !== undefined && after.version !== before.version + 1)
      violations.push(`${name}: version ${before.version} became ${after.version}`);
    const fault = historyFault(after);
    if (fault !== undefined) violations.push(`${name}: ${fault}`);
    if (after.status !== 'EXECUTING' || before?.status === 'EXECUTING' || after.permit !== undefined) return;
    const approval = await approvals.readApproval(after.approvalId ?? '');
    if (approval?.status !== 'APPROVED')
      violations.push(`${name}: claimed while its approval is ${approval?.status ?? 'absent'}`);
    else if (approval.requestHash !== after.requestHash)
      violations.push(`${name}: claimed for other bytes than were approved`);
    else if (approval.expiresAt <= after.updatedAt)
      violations.push(`${name}: claimed after its approval ended`);
  };

  const apply: ApplyChange = async (change) => {
    const before = ledger.rows.get(actionPk(change.from));
    if (options.broken === 'ledger condition' && before !== undefined) {
      ledger.rows.set(actionPk(change.to), change.to);
      await judge(before, change.to);
      return { kind: 'applied', action: change.to };
    }
    const result = await ledger.apply(change);
    const after = ledger.rows.get(actionPk(change.from));
    if (after !== undefined && after !== before) await judge(before, after);
    return result;
  };

  const applyApprovalChange: ApplyApprovalChange = async (change) => {
    const before = await approvals.readApproval(change.from.approvalId);
    const write =
      options.broken === 'approval condition' && before !== undefined
        ? { from: before, to: change.to }
        : change;
    const result = await approvals.applyApprovalChange(write);
    const after = await approvals.readApproval(change.from.approvalId);
    if (before !== undefined && after !== undefined) compare(before, after);
    return result;
  };
  const compare = (before: Approval, after: Approval): void => {
    if (before.status === 'WAITING') return;
    if (before.status !== after.status || before.decision?.by !== after.decision?.by)
      violations.push(
        `${after.key}: the vote ${before.status} by ${before.decision?.by ?? 'nobody'} became ${after.status} by ${after.decision?.by ?? 'nobody'}`,
      );
  };

  return {
    violations,
    /** Moves of the table that were written, one by one. */
    moves,
    ledger,
    approvals,
    mails,
    now,
    apply,
    applyApprovalChange,
    storePayload: async (project: string, hash: string, text: string): Promise<void> =>
      void payloads.set(`${project}/${hash}`, text),
    readPayload: async (project: string, hash: string): Promise<string> => {
      const text = payloads.get(`${project}/${hash}`);
      if (text === undefined) throw new Error('NoSuchKey');
      return text;
    },
    storeDryRun: async (dryRun: DryRun): Promise<DryRun> => {
      const first = dryRuns.get(actionPk(dryRun)) ?? dryRun;
      dryRuns.set(actionPk(dryRun), first);
      return first;
    },
    readDryRun: async (id: { project: string; key: string }): Promise<DryRun | undefined> =>
      dryRuns.get(actionPk(id)),
    readWait: async (id: { project: string; key: string }): Promise<CredentialWait | undefined> =>
      waits.get(waitPk(id)),
    putWait: async (from: CredentialWait | undefined, to: CredentialWait): Promise<'stored' | 'refused'> => {
      if (waits.get(waitPk(to))?.version !== from?.version) return 'refused';
      waits.set(waitPk(to), to);
      return 'stored';
    },
  };
};

export type Stores = ReturnType<typeof stores>;
