import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { epochMs, timestamp } from '#shared/actions/identity.ts';
import type { LedgerChange, ReadAction } from '#shared/actions/ledger.ts';
import { outcomeOf } from '#shared/actions/outcome.ts';
import { backOffSeconds, settleUntil } from '#shared/actions/settle.ts';
import { isTerminal } from '#shared/actions/status.ts';
import type { ExecuteStep, StepInput } from '#shared/actions/step-results.ts';
import { answerOf, type NoteUse } from '#shared/credentials/note-use.ts';
import { transition } from '#shared/actions/transition.ts';
import type { Send, Verdict } from '#shared/providers/provider.ts';
import { BY, close, makeReady, type MakeReadyDeps, type Ready } from './make-ready.ts';

export interface ExecuteDeps extends MakeReadyDeps {
  readonly read: ReadAction;
  readonly sendTo: (dryRun: DryRun) => Send;
  readonly noteUse: NoteUse;
  readonly leaseMs: number;
  readonly leastLagMs: number;
  /** Milliseconds that this invocation has left. */
  readonly remainingMs: () => number;
}

/** Time kept back for the writes around a dispatch. */
const MARGIN_MS = 5_000;

const claimOf = (ready: Ready, ownerToken: string, deps: ExecuteDeps): LedgerChange => {
  const { row, dryRun } = ready;
  const at = timestamp(deps.now());
  return transition(row, 'EXECUTING', {
    at,
    by: BY,
    writeToken: deps.newId(),
    ownerToken,
    set: {
      ...ready.authorization,
      requestHash: dryRun.requestHash,
      effects: [...new Set(dryRun.effects.map((effect) => effect.type))],
      recoveryClass: dryRun.recoveryClass,
      tier: ready.tier,
      projectVersion: ready.projectVersion,
      ...(ready.policies === undefined ? {} : { policies: ready.policies }),
      attempts: row.attempts + 1,
      ownerToken,
      leaseUntil: timestamp(epochMs(at) + deps.leaseMs),
      startedAt: row.startedAt ?? at,
    },
  });
};

/** The change that records a verdict. After an ambiguous attempt a refusal proves nothing. */
const recordOf = (
  claimed: Action,
  verdict: Verdict,
  ready: Ready,
  deps: ExecuteDeps,
): { change: LedgerChange; step: ExecuteStep } => {
  const at = timestamp(deps.now());
  const base = { at, by: BY, writeToken: deps.newId(), code: verdict.code } as const;
  const ownerToken = claimed.ownerToken ?? '';
  const outcome = outcomeOf(verdict);
  if (verdict.kind === 'applied') {
    const change = transition(claimed, 'SUCCEEDED', {
      ...base,
      ownerToken,
      evidence: 'reply',
      set: { outcome },
    });
    return { change, step: { next: 'CLOSED' } };
  }
  if (verdict.kind === 'notApplied' && claimed.ambiguousAttempts === 0) {
    // A credential that is refused is renewed or mended; the action waits for that and does not fail (EXT-16).
    const again =
      verdict.retryable || (answerOf(verdict) === 'refused' && ready.dryRun.request.credential !== null);
    const change = transition(claimed, again ? 'NOT_APPLIED' : 'FAILED', {
      ...base,
      ownerToken,
      set: { outcome },
    });
    const waitSeconds = backOffSeconds(claimed.attempts, verdict.retryAfterSeconds);
    return { change, step: again ? { next: 'BACK_OFF', waitSeconds } : { next: 'CLOSED' } };
  }
  const { transportTimeoutMs, lagMs } = ready.operation.describe();
  const settle = settleUntil(claimed, at, { transportTimeoutMs, lagMs: Math.max(lagMs, deps.leastLagMs) });
  const change = transition(claimed, 'OUTCOME_UNKNOWN', {
    ...base,
    ownerToken,
    set: { outcome, ambiguousAttempts: claimed.ambiguousAttempts + 1, settleUntil: settle },
  });
  return { change, step: { next: 'SETTLE', settleUntil: settle } };
};

/**
 * The sweeper or a crash report may have moved the row to OUTCOME_UNKNOWN while the reply was on its way. A
 * positive answer to our own attempt is always welcome; anything else stays unknown.
 */
const recordLate = async (
  current: Action,
  claimed: Action,
  verdict: Verdict,
  deps: ExecuteDeps,
): Promise<ExecuteStep> => {
  if (isTerminal(current.status)) return { next: 'CLOSED' };
  const ours = current.ownerToken === claimed.ownerToken && current.attempts === claimed.attempts;
  if (ours && verdict.kind === 'applied' && current.status === 'OUTCOME_UNKNOWN') {
    await deps.apply(
      transition(current, 'SUCCEEDED', {
        at: timestamp(deps.now()),
        by: BY,
        writeToken: deps.newId(),
        code: verdict.code,
        evidence: 'reply',
        set: { outcome: outcomeOf(verdict) },
      }),
    );
    return { next: 'CLOSED' };
  }
  return { next: 'SETTLE', settleUntil: current.settleUntil ?? current.leaseUntil ?? current.updatedAt };
};

/** After the outcome is recorded, and never in its way: what is not noted now shows at the next use. */
const note = async (row: Action, dryRun: DryRun, readAt: number, verdict: Verdict, deps: ExecuteDeps) => {
  const { credential } = dryRun.request;
  if (credential === null) return;
  const again = row.outcome?.code === 'CREDENTIAL_REFUSED';
  await deps
    .noteUse({ project: row.project, credential, readAt, answer: answerOf(verdict), again })
    .catch(() => undefined);
};

/**
 * Gates again on fresh facts, secrets, hash and expiry, then the claim, then one dispatch. An invocation that
 * finds EXECUTING never sends: only the one that made the claim knows its owner token (rule 4).
 */
export const executeAction = async (input: StepInput, deps: ExecuteDeps): Promise<ExecuteStep> => {
  const row = await deps.read(input.action);
  if (row === undefined || isTerminal(row.status) || row.attention === 'person') return { next: 'CLOSED' };
  if (row.status === 'EXECUTING' || row.status === 'OUTCOME_UNKNOWN') {
    return { next: 'SETTLE', settleUntil: row.settleUntil ?? row.leaseUntil ?? row.updatedAt };
  }
  const readAt = deps.now();
  const ready = await makeReady(row, deps);
  if ('stop' in ready) return ready.stop;
  if (deps.remainingMs() < ready.outgoing.timeoutMs + MARGIN_MS) {
    throw new Error('NOT_ENOUGH_TIME: nothing was claimed and nothing was sent');
  }
  const ownerToken = deps.newId();
  const claim = await deps.apply(claimOf(ready, ownerToken, deps));
  if (claim.kind === 'refused') {
    const { current } = claim;
    // Nobody moved the row, so the condition on the expiry refused: the approval ended on the way.
    if (current.version === row.version) {
      return (
        await close(current, 'EXPIRED', 'APPROVAL_EXPIRED', 'The approval ended before the claim.', deps)
      ).stop;
    }
    return isTerminal(current.status)
      ? { next: 'CLOSED' }
      : { next: 'SETTLE', settleUntil: current.settleUntil ?? current.leaseUntil ?? current.updatedAt };
  }
  const verdict = ready.operation.classify(
    await deps
      .sendTo(ready.dryRun)(ready.outgoing)
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
  );
  const record = recordOf(claim.action, verdict, ready, deps);
  const written = await deps.apply(record.change);
  await note(row, ready.dryRun, readAt, verdict, deps);
  return written.kind === 'applied' ? record.step : recordLate(written.current, claim.action, verdict, deps);
};
