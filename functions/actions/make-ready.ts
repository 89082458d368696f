import type { Action, Tier } from '#shared/actions/action.ts';
import type { ReadAgreement } from '#shared/actions/agreement.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { requestHash } from '#shared/actions/hashes.ts';
import { epochMs, type Timestamp, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, ReadDryRun } from '#shared/actions/ledger.ts';
import { outcomeOf } from '#shared/actions/outcome.ts';
import { MAX_ATTEMPTS } from '#shared/actions/settle.ts';
import type { ExecuteStep } from '#shared/actions/step-results.ts';
import { transition } from '#shared/actions/transition.ts';
import { type Approval, WAIT_GRACE_SECONDS } from '#shared/approvals/approval.ts';
import type { ResolveCredential } from '#shared/credentials/credential.ts';
import type { Secret } from '#shared/credentials/secret.ts';
import type { AskGates, Decision } from '#shared/governance/gate.ts';
import { hashOfOutgoing } from '#shared/providers/outgoing-hash.ts';
import { PrepareRefusedError } from '#shared/providers/prepare-refused.ts';
import { type PolicyMark, policyMark } from '#shared/policies/gate-basis.ts';
import type { OutgoingRequest, ProviderOperation } from '#shared/providers/provider.ts';
import { hostIsStandIn } from '#shared/providers/stand-in.ts';

/** What making ready asks the world; the same ports as those of the dispatch that follows. */
export interface MakeReadyDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly apply: ApplyChange;
  readonly readDryRun: ReadDryRun;
  readonly readAgreement: ReadAgreement;
  /** The gates of "Evaluate the gates", asked again on what holds now. */
  readonly askGates: AskGates;
  readonly resolveCredential: ResolveCredential;
  readonly findOperation: (operation: string) => ProviderOperation | undefined;
  readonly stageIsProduction: boolean;
}

const TIERS: readonly Tier[] = ['low', 'standard', 'critical'];
/** Who writes what the execute step finds out. */
export const BY = 'system:execute';

/** Nothing is sent: the step that the execution takes instead. */
export type Stop = { readonly stop: ExecuteStep };
const closed: Stop = { stop: { next: 'CLOSED' } };

/** Everything that the claim pins and the dispatch sends. */
export interface Ready {
  readonly row: Action;
  readonly dryRun: DryRun;
  readonly operation: ProviderOperation;
  readonly outgoing: OutgoingRequest;
  readonly authorization: { approvalId: string; approvalExpiresAt: Timestamp } | { permit: string };
  readonly tier: Tier;
  readonly projectVersion: number;
  /** Which policies it rests on, where it requires any. */
  readonly policies?: PolicyMark;
}

/** Ends the action for a reason that was found before anything was sent. */
export const close = async (
  row: Action,
  to: 'DENIED' | 'EXPIRED' | 'FAILED',
  code: string,
  summary: string,
  deps: Pick<MakeReadyDeps, 'now' | 'newId' | 'apply'>,
): Promise<Stop> => {
  await deps.apply(
    transition(row, to, {
      at: timestamp(deps.now()),
      by: BY,
      writeToken: deps.newId(),
      code,
      set: { outcome: outcomeOf({ code, summary }) },
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
export const makeReady = async (row: Action, deps: MakeReadyDeps): Promise<Ready | Stop> => {
  const [dryRun, { project, approval }] = await Promise.all([
    deps.readDryRun(row),
    deps.readAgreement(row.project, row.approvalId),
  ]);
  const operation = deps.findOperation(row.operation);
  if (dryRun === undefined || operation === undefined) {
    return close(row, 'DENIED', 'DRY_RUN_MISSING', 'The stored dry run or its adapter is gone.', deps);
  }
  const hash = requestHash(dryRun.request);
  if (hash !== dryRun.requestHash || (row.requestHash !== undefined && hash !== row.requestHash)) {
    return close(row, 'DENIED', 'HASH_MISMATCH', 'The stored request is not the one that was shown.', deps);
  }
  const decision = await deps.askGates({
    dryRun,
    project,
    proposer: row.proposer,
    originators: row.originators,
    stageIsProduction: deps.stageIsProduction,
    ...(row.approvalId === undefined
      ? {}
      : { approval: approval?.status === 'APPROVED' ? ('present' as const) : ('absent' as const) }),
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
    const [wait] = decision.waits ?? [];
    // Before the secret is read: what is known to be dead or overdue is not even looked at.
    if (wait !== undefined) return pause(row, wait.code, authorization, deps);
    const found = await deps.resolveCredential(
      row.project,
      dryRun.request.credential,
      hostIsStandIn(dryRun.request),
      decision.credential,
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
    ...(decision.basis === undefined ? {} : { policies: policyMark(decision.basis) }),
  };
};

/** The credential is not usable: wait for it, as long as the approval lives. */
const pause = async (
  row: Action,
  code: string,
  authorization: Ready['authorization'],
  deps: MakeReadyDeps,
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
