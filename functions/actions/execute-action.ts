import type { Action, Tier } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { requestHash } from '#shared/actions/hashes.ts';
import { epochMs, type Timestamp, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, LedgerChange, ReadAction, ReadDryRun } from '#shared/actions/ledger.ts';
import { backOffSeconds, MAX_ATTEMPTS, settleUntil } from '#shared/actions/settle.ts';
import { isTerminal } from '#shared/actions/status.ts';
import type { ExecuteStep, StepInput } from '#shared/actions/step-results.ts';
import { transition } from '#shared/actions/transition.ts';
import { type Approval, type ReadApproval, WAIT_GRACE_SECONDS } from '#shared/approvals/approval.ts';
import type { ResolveCredential } from '#shared/credentials/credential.ts';
import type { Secret } from '#shared/credentials/secret.ts';
import type { Decision, GovernanceFacts } from '#shared/governance/gate.ts';
import type { ReadProjectConfig } from '#shared/governance/project-config.ts';
import { hashOfOutgoing } from '#shared/providers/outgoing-hash.ts';
import { PrepareRefusedError } from '#shared/providers/prepare-refused.ts';
import { hostIsStandIn } from '#shared/providers/stand-in.ts';
import type { OutgoingRequest, ProviderOperation, Send, Verdict } from '#shared/providers/provider.ts';

export interface ExecuteDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly readApproval: ReadApproval;
  readonly readDryRun: ReadDryRun;
  readonly readProjectConfig: ReadProjectConfig;
  readonly evaluateGates: (facts: GovernanceFacts) => Decision;
  readonly resolveCredential: ResolveCredential;
  readonly findOperation: (operation: string) => ProviderOperation | undefined;
  readonly sendTo: (dryRun: DryRun) => Send;
  readonly stageIsProduction: boolean;
  readonly leaseMs: number;
  readonly leastLagMs: number;
  /** Milliseconds that this invocation has left. */
  readonly remainingMs: () => number;
}

/** Time kept back for the writes around a dispatch. */
const MARGIN_MS = 5_000;
const TIERS: readonly Tier[] = ['low', 'standard', 'critical'];
const BY = 'system:execute';

type Stop = { readonly stop: ExecuteStep };
const closed: Stop = { stop: { next: 'CLOSED' } };

interface Ready {
  readonly row: Action;
  readonly dryRun: DryRun;
  readonly operation: ProviderOperation;
  readonly outgoing: OutgoingRequest;
  readonly authorization: { approvalId: string; approvalExpiresAt: Timestamp } | { permit: string };
  readonly tier: Tier;
  readonly projectVersion: number;
}

/** Ends the action for a reason that was found before anything was sent. */
const close = async (
  row: Action,
  to: 'DENIED' | 'EXPIRED' | 'FAILED',
  code: string,
  summary: string,
  deps: ExecuteDeps,
): Promise<Stop> => {
  await deps.apply(
    transition(row, to, {
      at: timestamp(deps.now()),
      by: BY,
      writeToken: deps.newId(),
      code,
      set: { outcome: { code, summary: summary.slice(0, 240) } },
    }),
  );
  return closed;
};

const approvalFault = (approval: Approval | undefined, row: Action, dryRun: DryRun, decision: Decision) => {
  if (approval === undefined || approval.status !== 'APPROVED') return 'APPROVAL_MISSING';
  if (approval.project !== row.project || approval.key !== row.key) return 'APPROVAL_MISSING';
  if (approval.requestHash !== dryRun.requestHash) return 'HASH_MISMATCH';
  // Fresh facts may ask for more scrutiny than the vote was given under; never for less.
  if (TIERS.indexOf(decision.tier) > TIERS.indexOf(approval.tier)) return 'TIER_RAISED';
  return undefined;
};

/** Everything fallible, before the claim (rule 10): gates, approval, hash, expiry, secret, outgoing bytes. */
const makeReady = async (row: Action, deps: ExecuteDeps): Promise<Ready | Stop> => {
  const [dryRun, project, approval] = await Promise.all([
    deps.readDryRun(row),
    deps.readProjectConfig(row.project),
    row.approvalId === undefined ? undefined : deps.readApproval(row.approvalId),
  ]);
  const operation = deps.findOperation(row.operation);
  if (dryRun === undefined || operation === undefined) {
    return close(row, 'DENIED', 'DRY_RUN_MISSING', 'The stored dry run or its adapter is gone.', deps);
  }
  const hash = requestHash(dryRun.request);
  if (hash !== dryRun.requestHash || (row.requestHash !== undefined && hash !== row.requestHash)) {
    return close(row, 'DENIED', 'HASH_MISMATCH', 'The stored request is not the one that was shown.', deps);
  }
  const decision = deps.evaluateGates({
    dryRun,
    project,
    proposer: row.proposer,
    originators: row.originators,
    stageIsProduction: deps.stageIsProduction,
  });
  if (decision.verdict === 'REFUSE') {
    const [reason] = decision.reasons;
    return close(row, 'DENIED', reason?.code ?? 'GATE_REFUSED', reason?.detail ?? 'A gate refused.', deps);
  }
  const unattended = row.approvalId === undefined;
  let authorization: Ready['authorization'];
  if (unattended) {
    if (decision.verdict !== 'UNATTENDED' || decision.permit === undefined) {
      return close(row, 'DENIED', 'APPROVAL_MISSING', 'The rule that let this run unattended is gone.', deps);
    }
    authorization = { permit: decision.permit };
  } else {
    const fault = approvalFault(approval, row, dryRun, decision);
    if (fault !== undefined || approval === undefined) {
      return close(
        row,
        'DENIED',
        fault ?? 'APPROVAL_MISSING',
        'There is no approval for exactly this request.',
        deps,
      );
    }
    if (epochMs(approval.expiresAt) <= deps.now()) {
      return close(
        row,
        'EXPIRED',
        'APPROVAL_EXPIRED',
        'The approval ended before the action could run.',
        deps,
      );
    }
    authorization = { approvalId: approval.approvalId, approvalExpiresAt: approval.expiresAt };
  }
  if (row.attempts >= MAX_ATTEMPTS) {
    const to = row.status === 'NOT_APPLIED' ? 'FAILED' : 'DENIED';
    return close(row, to, 'ATTEMPTS_EXHAUSTED', `Not applied after ${row.attempts} attempts.`, deps);
  }
  let secret: Secret | null = null;
  if (dryRun.request.credential !== null) {
    const found = await deps.resolveCredential(
      row.project,
      dryRun.request.credential,
      hostIsStandIn(dryRun.request),
    );
    if (found.kind === 'unusable') return pause(row, found.code, authorization, deps);
    secret = found.secret;
  }
  let outgoing: OutgoingRequest;
  try {
    outgoing = operation.prepare(
      { request: dryRun.request, secret, providerKey: row.providerKey, facts: dryRun.facts },
      timestamp(deps.now()),
    );
  } catch (error) {
    if (!(error instanceof PrepareRefusedError)) throw error;
    return close(row, 'DENIED', error.code, error.message, deps);
  }
  if (hashOfOutgoing(dryRun.request, outgoing) !== hash) {
    return close(row, 'DENIED', 'HASH_MISMATCH', 'The bytes to send are not the ones that were shown.', deps);
  }
  return {
    row,
    dryRun,
    operation,
    outgoing,
    authorization,
    tier: decision.tier,
    projectVersion: project.version,
  };
};

/** The credential is not usable: wait for it, as long as the approval lives. */
const pause = async (
  row: Action,
  code: string,
  authorization: Ready['authorization'],
  deps: ExecuteDeps,
): Promise<Stop> => {
  const until =
    'permit' in authorization
      ? epochMs(row.createdAt) + row.approvalTtlSeconds * 1000
      : epochMs(authorization.approvalExpiresAt);
  if (row.status !== 'PAUSED_CREDENTIAL') {
    // A dry run that was submitted and then permitted has no way to PAUSED_CREDENTIAL in the table.
    if (row.status === 'RENDERED') return close(row, 'DENIED', code, 'The credential cannot be used.', deps);
    const paused = await deps.apply(
      transition(row, 'PAUSED_CREDENTIAL', {
        at: timestamp(deps.now()),
        by: BY,
        writeToken: deps.newId(),
        code,
      }),
    );
    if (paused.kind === 'refused') return closed;
  }
  const waitSeconds = Math.max(1, Math.ceil((until - deps.now()) / 1000)) + WAIT_GRACE_SECONDS;
  return { stop: { next: 'CREDENTIAL', waitSeconds } };
};

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
  if (verdict.kind === 'applied') {
    const { code, summary, resourceId, resourceStatus } = verdict;
    const outcome = {
      code,
      summary: summary.slice(0, 240),
      ...(resourceId === undefined ? {} : { resourceId }),
      ...(resourceStatus === undefined ? {} : { resourceStatus }),
    };
    const change = transition(claimed, 'SUCCEEDED', {
      ...base,
      ownerToken,
      evidence: 'reply',
      set: { outcome },
    });
    return { change, step: { next: 'CLOSED' } };
  }
  const outcome = { code: verdict.code, summary: verdict.summary.slice(0, 240) };
  if (verdict.kind === 'notApplied' && claimed.ambiguousAttempts === 0) {
    const to = verdict.retryable ? 'NOT_APPLIED' : 'FAILED';
    const change = transition(claimed, to, { ...base, ownerToken, set: { outcome } });
    const waitSeconds = backOffSeconds(claimed.attempts, verdict.retryAfterSeconds);
    return { change, step: verdict.retryable ? { next: 'BACK_OFF', waitSeconds } : { next: 'CLOSED' } };
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
        set: {
          outcome: {
            code: verdict.code,
            summary: verdict.summary.slice(0, 240),
            ...(verdict.resourceId === undefined ? {} : { resourceId: verdict.resourceId }),
          },
        },
      }),
    );
    return { next: 'CLOSED' };
  }
  return { next: 'SETTLE', settleUntil: current.settleUntil ?? current.leaseUntil ?? current.updatedAt };
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
  return written.kind === 'applied' ? record.step : recordLate(written.current, claim.action, verdict, deps);
};
