import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { approvalId, requestHash } from '#shared/actions/hashes.ts';
import { actionPk, type Subject, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, ReadAction, ReadDryRun } from '#shared/actions/ledger.ts';
import type { CallbackInput } from '#shared/actions/step-results.ts';
import { amend, transition } from '#shared/actions/transition.ts';
import type {
  Approval,
  ApplyApprovalChange,
  CreateApproval,
  ReadApproval,
  TellWait,
} from '#shared/approvals/approval.ts';
import { settleMove } from '#shared/approvals/settle-move.ts';
import { cancel, expire, isPastExpiry, replaceToken } from '#shared/approvals/moves.ts';
import type { DecideAction, GovernanceFacts, MayApprove } from '#shared/governance/gate.ts';
import type { AskPolicies } from '#shared/governance/policies-gate.ts';
import type { ReadProjectConfig } from '#shared/governance/project-config.ts';
import type { PersonRow } from '#shared/operators/principal.ts';
import type { ListApprovers } from '#shared/operators/registry.ts';
import { eligibleApprovers } from '#shared/approvals/eligible.ts';

export interface RequestApprovalDeps {
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly readDryRun: ReadDryRun;
  readonly readProjectConfig: ReadProjectConfig;
  readonly decideAction: DecideAction;
  /** What the approval will say about the policies that the action requires. Execution asks again. */
  readonly askPolicies: AskPolicies;
  readonly mayApprove: MayApprove;
  readonly listApprovers: ListApprovers;
  /** What the registry calls a subject. */
  readonly nameOf: (subject: Subject) => Promise<string | undefined>;
  readonly createApproval: CreateApproval;
  readonly readApproval: ReadApproval;
  readonly applyApprovalChange: ApplyApprovalChange;
  readonly encryptToken: (actionPk: string, token: string) => Promise<string>;
  readonly tellWait: TellWait;
  readonly failWait: (taskToken: string, error: string, cause: string) => Promise<unknown>;
  /** Mails everybody who was not mailed yet. Throws where a later try would help. */
  readonly mailApprovers: (approval: Approval, dryRun: DryRun, people: readonly PersonRow[]) => Promise<void>;
  readonly stageIsProduction: boolean;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: (event: Readonly<Record<string, unknown>>) => void;
  readonly count: (metric: 'NoEligibleApprover', ids: Readonly<Record<string, string>>) => void;
}

/** Ends the wait for good; "Close the wait" then looks at what there is. */
export class WaitEndedError extends Error {
  override readonly name = 'WaitEndedError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const BY = 'system:request-approval';
const ATTEMPTS = 8;

/** Rows that can still be asked about. */
const ASKABLE = new Set<Action['status']>([
  'PROPOSED',
  'RENDERED',
  'PENDING_APPROVAL',
  'PAUSED_CREDENTIAL',
  'NOT_APPLIED',
]);
/** Rows that an approval does not move: they keep their status and only learn of the new approval. */
const KEEPS_STATUS = new Set<Action['status']>(['NOT_APPLIED', 'PAUSED_CREDENTIAL']);

/**
 * The round that counts, and its approval where it was asked for already. An approval that was given and then ran
 * out before a proven not-applied action could be tried again is spent: the next round asks afresh.
 */
const findRound = async (
  row: Action,
  deps: RequestApprovalDeps,
): Promise<{ readonly round: number; readonly approval: Approval | undefined }> => {
  for (let round = 1; ; round += 1) {
    const approval = await deps.readApproval(approvalId(row, round));
    // Two people who say that nothing happened end the approval on the row (rule 9), whatever its item says.
    const ended =
      approval !== undefined &&
      (isPastExpiry(approval, deps.now()) ||
        (row.approvalId === approval.approvalId &&
          row.approvalExpiresAt !== undefined &&
          row.approvalExpiresAt <= timestamp(deps.now())));
    const spent = approval?.status === 'APPROVED' && row.status === 'NOT_APPLIED' && ended;
    if (!spent) return { round, approval };
  }
};

const newApproval = async (
  row: Action,
  dryRun: DryRun,
  round: number,
  token: string,
  facts: GovernanceFacts,
  anybodyThere: boolean,
  deps: RequestApprovalDeps,
): Promise<Approval> => {
  const decision = deps.decideAction(facts);
  if (decision.verdict === 'REFUSE')
    throw new WaitEndedError('Autopack.GateRefused', 'A gate refuses it now; nobody is asked.');
  const now = deps.now();
  const [name, policies] = await Promise.all([deps.nameOf(row.proposer), deps.askPolicies(facts)]);
  const { approval } = await deps.createApproval({
    schemaVersion: 1,
    approvalId: approvalId(row, round),
    project: row.project,
    key: row.key,
    round,
    status: 'WAITING',
    version: 1,
    operation: row.operation,
    title: dryRun.title,
    tier: decision.tier,
    riskScore: decision.riskScore,
    reasons: [
      ...decision.reasons,
      ...(anybodyThere
        ? []
        : [
            {
              gate: 'request',
              code: 'NO_ELIGIBLE_APPROVER',
              detail:
                'Nobody in the registry may decide this: give a person who did not propose it the role "operator" in this project.',
            },
          ]),
    ],
    requestHash: dryRun.requestHash,
    projectVersion: facts.project.version,
    ...(policies === null ? {} : { policies: policies.basis }),
    files: [...dryRun.files],
    proposer: row.proposer,
    ...(name === undefined ? {} : { proposerName: name }),
    originators: [...row.originators],
    createdAt: timestamp(now),
    expiresAt: timestamp(now + row.approvalTtlSeconds * 1000),
    taskToken: token,
    mailed: [],
    writeToken: deps.newId(),
  });
  return approval;
};

/** The ledger learns of the approval. A row that was closed meanwhile takes the approval with it. */
const recordOnLedger = async (
  first: Action,
  dryRun: DryRun,
  approval: Approval,
  deps: RequestApprovalDeps,
): Promise<void> => {
  let row = first;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (row.approvalId === approval.approvalId && row.status !== 'PROPOSED' && row.status !== 'RENDERED')
      return;
    if (!ASKABLE.has(row.status) || (row.status === 'PENDING_APPROVAL' && row.approvalId !== undefined)) {
      const reason = 'The action was closed before anybody was asked.';
      await settleMove(
        approval,
        (current) => cancel(current, { by: BY, byName: 'Autopack', reason }, deps.now(), deps.newId()),
        deps.applyApprovalChange,
      );
      throw new WaitEndedError('Autopack.NothingToWaitFor', `The action is ${row.status}.`);
    }
    const write = {
      at: timestamp(deps.now()),
      by: BY,
      writeToken: deps.newId(),
      set: {
        approvalId: approval.approvalId,
        approvalExpiresAt: approval.expiresAt,
        requestHash: approval.requestHash,
        tier: approval.tier,
        projectVersion: approval.projectVersion,
        effects: [...new Set(dryRun.effects.map((effect) => effect.type))],
        recoveryClass: dryRun.recoveryClass,
      },
    };
    const written = await deps.apply(
      KEEPS_STATUS.has(row.status) ? amend(row, write) : transition(row, 'PENDING_APPROVAL', write),
    );
    if (written.kind === 'applied') return;
    row = written.current;
  }
  throw new Error('LEDGER_BUSY: the row changed too often');
};

const answer = async (token: string, approval: Approval, deps: RequestApprovalDeps): Promise<void> => {
  if (approval.status === 'WAITING') throw new Error('NOT_DECIDED: there is nothing to answer');
  // An approval that ran out before it was used goes the way of an expiry, so that the ledger says so.
  const decision =
    approval.status === 'APPROVED' && isPastExpiry(approval, deps.now()) ? 'EXPIRED' : approval.status;
  await deps.tellWait(token, { decision, approvalId: approval.approvalId });
};

const open = async (input: CallbackInput, deps: RequestApprovalDeps): Promise<void> => {
  const row = await deps.read(input.action);
  if (row === undefined || !ASKABLE.has(row.status))
    throw new WaitEndedError('Autopack.NothingToWaitFor', `The action is ${row?.status ?? 'not there'}.`);
  const dryRun = await deps.readDryRun(input.action);
  if (dryRun === undefined || requestHash(dryRun.request) !== dryRun.requestHash)
    throw new WaitEndedError('Autopack.DryRunUnusable', 'The stored dry run is missing or was changed.');
  const project = await deps.readProjectConfig(row.project);
  const facts: GovernanceFacts = {
    dryRun,
    project,
    proposer: row.proposer,
    originators: row.originators,
    stageIsProduction: deps.stageIsProduction,
  };
  const found = await findRound(row, deps);
  if (found.approval !== undefined && found.approval.requestHash !== dryRun.requestHash)
    throw new WaitEndedError('Autopack.HashMismatch', 'The approval was asked for another request.');
  const people = eligibleApprovers(await deps.listApprovers(row.project), facts, deps.mayApprove, deps.now());
  const cipher = await deps.encryptToken(actionPk(row), input.taskToken);
  let approval =
    found.approval ?? (await newApproval(row, dryRun, found.round, cipher, facts, people.length > 0, deps));
  if (approval.taskToken !== cipher)
    approval = await settleMove(
      approval,
      (current) => replaceToken(current, cipher, deps.newId()),
      deps.applyApprovalChange,
    );
  await recordOnLedger(row, dryRun, approval, deps);
  if (isPastExpiry(approval, deps.now()))
    approval = await settleMove(
      approval,
      (current) => expire(current, deps.now(), deps.newId()),
      deps.applyApprovalChange,
    );
  if (approval.status !== 'WAITING') return answer(input.taskToken, approval, deps);
  if (people.length === 0)
    deps.count('NoEligibleApprover', { project: row.project, approvalId: approval.approvalId });
  await deps.mailApprovers(approval, dryRun, people);
};

/**
 * "Wait for approval": makes the approval, tells the ledger, mails whoever may decide. Invoked again it replaces
 * the token by condition, answers at once where it is decided, and mails nobody twice. Failures end the wait with
 * an error name that the machine knows: `Autopack.Transient` is tried again, anything else goes to "Close the wait".
 */
export const requestApproval = async (input: CallbackInput, deps: RequestApprovalDeps): Promise<void> => {
  try {
    await open(input, deps);
  } catch (error) {
    const final = error instanceof WaitEndedError;
    const name = error instanceof Error ? error.name : 'unknown';
    deps.log({
      event: 'WAIT_NOT_OPENED',
      code: final ? error.code : 'Autopack.Transient',
      error: name,
      project: input.action.project,
      key: input.action.key,
    });
    await deps.failWait(
      input.taskToken,
      final ? error.code : 'Autopack.Transient',
      final ? error.message : `${name}: it is tried again.`,
    );
  }
};
