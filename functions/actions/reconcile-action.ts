import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, LedgerChange, ReadAction, ReadDryRun } from '#shared/actions/ledger.ts';
import { outcomeOf } from '#shared/actions/outcome.ts';
import { askAgainSeconds, MAX_RECONCILIATIONS, settleUntil } from '#shared/actions/settle.ts';
import { isTerminal } from '#shared/actions/status.ts';
import type { ReconcileStep, StepInput } from '#shared/actions/step-results.ts';
import { amend, park, transition } from '#shared/actions/transition.ts';
import type { ResolveCredential } from '#shared/credentials/credential.ts';
import { hostIsStandIn } from '#shared/providers/stand-in.ts';
import type { Finding, ProviderOperation, Send } from '#shared/providers/provider.ts';

export interface ReconcileDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly readDryRun: ReadDryRun;
  readonly resolveCredential: ResolveCredential;
  readonly findOperation: (operation: string) => ProviderOperation | undefined;
  readonly sendTo: (dryRun: DryRun) => Send;
  readonly leastLagMs: number;
}

const BY = 'system:reconcile';

/** Time alone moves EXECUTING only here, and only past its lease (rule 5). */
export const doubt = (
  row: Action,
  deps: Pick<ReconcileDeps, 'now' | 'newId' | 'findOperation' | 'leastLagMs'>,
): LedgerChange => {
  const at = timestamp(deps.now());
  const described = deps.findOperation(row.operation)?.describe();
  const settle = settleUntil(row, at, {
    transportTimeoutMs: described?.transportTimeoutMs ?? 30_000,
    lagMs: Math.max(described?.lagMs ?? 0, deps.leastLagMs),
  });
  return transition(row, 'OUTCOME_UNKNOWN', {
    at,
    by: BY,
    writeToken: deps.newId(),
    code: 'LEASE_ENDED',
    set: {
      ambiguousAttempts: row.ambiguousAttempts + 1,
      settleUntil: settle,
      outcome: { code: 'LEASE_ENDED', summary: 'The sender did not report. What happened is not known yet.' },
    },
  });
};

const ask = async (row: Action, dryRun: DryRun | undefined, deps: ReconcileDeps): Promise<Finding> => {
  const operation = deps.findOperation(row.operation);
  if (operation === undefined || dryRun === undefined) return { kind: 'cannotAsk' };
  if (row.recoveryClass === 'none') return { kind: 'cannotAsk' };
  const { credential } = dryRun.request;
  const found =
    credential === null
      ? null
      : await deps.resolveCredential(row.project, credential, hostIsStandIn(dryRun.request));
  if (found?.kind === 'unusable') return { kind: 'unreadable', code: found.code };
  return operation.reconcile(
    {
      request: dryRun.request,
      secret: found === null ? null : found.secret,
      providerKey: row.providerKey,
      facts: dryRun.facts,
    },
    deps.sendTo(dryRun),
    timestamp(deps.now()),
  );
};

/** Whether the provider still remembers our key: sending again is only safe inside its retention. */
const keyIsRemembered = (row: Action, dryRun: DryRun | undefined, deps: ReconcileDeps): boolean => {
  const operation = deps.findOperation(row.operation);
  const retention =
    (dryRun === undefined ? undefined : operation?.keyRetentionMs?.(dryRun.facts)) ??
    operation?.describe().keyRetentionMs;
  return (
    retention === undefined || row.startedAt === undefined || deps.now() - epochMs(row.startedAt) < retention
  );
};

/** What a finding after the settle window makes of the row. */
const conclude = (
  row: Action,
  dryRun: DryRun | undefined,
  finding: Finding,
  deps: ReconcileDeps,
): { change: LedgerChange; step: ReconcileStep } => {
  const at = timestamp(deps.now());
  const write = (code: string) => ({ at, by: BY, writeToken: deps.newId(), code }) as const;
  const parked = (code: string, summary: string): { change: LedgerChange; step: ReconcileStep } => ({
    change: park(row, { ...write(code), set: { outcome: outcomeOf({ code, summary }) } }),
    step: { next: 'CLOSED' },
  });
  switch (finding.kind) {
    case 'applied': {
      const change = transition(row, 'SUCCEEDED', {
        ...write(finding.code),
        evidence: 'lookup',
        set: { outcome: outcomeOf(finding) },
      });
      return { change, step: { next: 'CLOSED' } };
    }
    case 'failed': {
      const change = transition(row, 'FAILED', {
        ...write(finding.code),
        evidence: 'lookup',
        set: { outcome: outcomeOf(finding) },
      });
      return { change, step: { next: 'CLOSED' } };
    }
    case 'absent': {
      if (row.recoveryClass === 'keyed' && !keyIsRemembered(row, dryRun, deps)) {
        return parked(
          'KEY_FORGOTTEN',
          'Not found, and the provider no longer remembers our key. A person has to look.',
        );
      }
      const change = transition(row, 'NOT_APPLIED', {
        ...write('NOT_FOUND_AFTER_SETTLE'),
        evidence: 'lookup',
        set: {
          ambiguousAttempts: 0,
          outcome: {
            code: 'NOT_FOUND_AFTER_SETTLE',
            summary: 'Not there after the settle window: it was not applied.',
          },
        },
      });
      return { change, step: { next: 'GATES' } };
    }
    case 'cannotAsk':
      return parked('CANNOT_ASK', 'The provider cannot be asked by our key. A person has to look.');
    case 'unreadable': {
      if (row.reconciliations + 1 >= MAX_RECONCILIATIONS) {
        return parked(
          finding.code,
          `Asked ${row.reconciliations + 1} times without an answer. A person has to look.`,
        );
      }
      const next = timestamp(deps.now() + askAgainSeconds(row.reconciliations) * 1000);
      const change = amend(row, {
        ...write(finding.code),
        set: { reconciliations: row.reconciliations + 1, settleUntil: next },
      });
      return { change, step: { next: 'SETTLE', settleUntil: next } };
    }
  }
};

/**
 * Settle and reconcile: only from doubt, only after the settle window, only by reading. A row without a claim
 * goes back to the gates; one whose lease runs is left alone until it ends.
 */
export const reconcileAction = async (input: StepInput, deps: ReconcileDeps): Promise<ReconcileStep> => {
  const row = await deps.read(input.action);
  if (row === undefined || isTerminal(row.status) || row.attention === 'person') return { next: 'CLOSED' };
  if (row.status !== 'EXECUTING' && row.status !== 'OUTCOME_UNKNOWN') return { next: 'GATES' };
  if (row.status === 'EXECUTING') {
    if (row.leaseUntil !== undefined && epochMs(row.leaseUntil) > deps.now()) {
      return { next: 'SETTLE', settleUntil: row.leaseUntil };
    }
    const change = doubt(row, deps);
    const written = await deps.apply(change);
    if (written.kind === 'refused') return reconcileAction(input, deps);
    return { next: 'SETTLE', settleUntil: change.to.settleUntil ?? change.to.updatedAt };
  }
  if (row.settleUntil !== undefined && epochMs(row.settleUntil) > deps.now()) {
    return { next: 'SETTLE', settleUntil: row.settleUntil };
  }
  const dryRun = await deps.readDryRun(row);
  const { change, step } = conclude(row, dryRun, await ask(row, dryRun, deps), deps);
  const written = await deps.apply(change);
  return written.kind === 'applied' ? step : reconcileAction(input, deps);
};
