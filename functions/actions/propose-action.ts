import { actionView, type ActionView } from '#shared/actions/action-view.ts';
import { canonicalJson, sha256 } from '#shared/actions/canonical-json.ts';
import { payloadHash, providerKey } from '#shared/actions/hashes.ts';
import { type ActionId, type Subject, timestamp } from '#shared/actions/identity.ts';
import type { ReserveAction, StartExecution, StorePayload } from '#shared/actions/ledger.ts';
import type { Proposal } from '#shared/actions/proposal.ts';
import { isTerminal } from '#shared/actions/status.ts';
import { proposed } from '#shared/actions/transition.ts';
import type { MayPropose } from '#shared/governance/gate.ts';
import type { ReadProjectConfig } from '#shared/governance/project-config.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { OperationDescription } from '#shared/providers/provider.ts';

export interface ProposeDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly describeOperation: (operation: string) => OperationDescription | undefined;
  readonly readProjectConfig: ReadProjectConfig;
  readonly mayPropose: MayPropose;
  readonly storePayload: StorePayload;
  readonly reserve: ReserveAction;
  readonly start: StartExecution;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

export interface ProposeInput {
  readonly id: ActionId;
  readonly principal: Principal;
  readonly proposal: Proposal;
}

/** 202 while the action is open, 200 once it is closed; the same for a replay. */
export interface Proposed {
  readonly status: 200 | 202;
  readonly action: ActionView;
}

const originatorsOf = (principal: Principal, proposal: Proposal): Subject[] => {
  const owner = principal.kind === 'client' ? [principal.owner] : [];
  return [...new Set([principal.subject, ...owner, ...(proposal.onBehalfOf ?? [])])];
};

/**
 * Reserve, then start (rule 1). Nothing is written before everything about the input is known to fit; the
 * payload is stored by content before the row that names it, and the row before the execution.
 * @throws ProblemError UNKNOWN_OPERATION, PAYLOAD_DOES_NOT_FIT, FORBIDDEN, PROVIDER_OFF, IDEMPOTENCY_KEY_REUSED
 */
export const proposeAction = async (input: ProposeInput, deps: ProposeDeps): Promise<Proposed> => {
  const { id, principal, proposal } = input;
  const operation = deps.describeOperation(proposal.operation);
  if (operation === undefined) {
    throw new ProblemError(
      'UNKNOWN_OPERATION',
      `There is no operation "${proposal.operation}". See the operations in /openapi.json.`,
      { field: 'operation' },
    );
  }
  const fits = operation.payload.safeParse(proposal.payload);
  if (!fits.success) {
    const issue = fits.error.issues[0];
    throw new ProblemError('PAYLOAD_DOES_NOT_FIT', issue?.message ?? 'The payload does not fit.', {
      field: ['payload', ...(issue?.path ?? [])].join('.'),
      extra: {
        issues: fits.error.issues.map(({ path, message }) => ({
          field: ['payload', ...path].join('.'),
          message,
        })),
      },
    });
  }
  const project = await deps.readProjectConfig(id.project);
  const allowed = deps.mayPropose(principal, project, proposal.operation);
  if (allowed.kind === 'refuse') {
    const [reason] = allowed.reasons;
    throw new ProblemError(
      reason?.code === 'PROVIDER_OFF' ? 'PROVIDER_OFF' : 'FORBIDDEN',
      reason?.detail ?? 'You may not propose this here.',
    );
  }
  const hash = payloadHash(proposal.operation, proposal.payload);
  await deps.storePayload(id.project, hash, canonicalJson(proposal.payload));
  const rationaleHash = proposal.rationale === undefined ? undefined : sha256(proposal.rationale);
  if (rationaleHash !== undefined) {
    await deps.storePayload(id.project, rationaleHash, JSON.stringify(proposal.rationale));
  }
  const row = proposed(
    {
      ...id,
      operation: proposal.operation,
      effects: [...operation.effects],
      recoveryClass: operation.recoveryClass,
      payloadHash: hash,
      providerKey: providerKey(id),
      proposer: principal.subject,
      originators: originatorsOf(principal, proposal),
      dryRun: proposal.dryRun ?? false,
      approvalTtlSeconds: Math.min(
        proposal.approvalTtlSeconds ?? project.settings.approvalTtlSeconds,
        project.settings.approvalTtlSeconds,
      ),
      ...(proposal.runId === undefined ? {} : { runId: proposal.runId }),
      ...(rationaleHash === undefined ? {} : { rationaleHash }),
    },
    { at: timestamp(deps.now()), writeToken: deps.newId() },
  );
  const { kind, action } = await deps.reserve(row);
  if (kind === 'exists' && (action.payloadHash !== hash || action.operation !== proposal.operation)) {
    throw new ProblemError(
      'IDEMPOTENCY_KEY_REUSED',
      `The key "${id.key}" was used with another payload on ${action.createdAt}. Use a new key for a new action.`,
      { extra: { payloadHash: hash, firstPayloadHash: action.payloadHash, keepKey: false } },
    );
  }
  if (action.status === 'PROPOSED') {
    try {
      await deps.start(id, action.generation);
    } catch (error) {
      // The open row stands in the attention index: the sweeper repeats the start.
      deps.log({ level: 'warn', event: 'START_DEFERRED', ...id, error: String(error) });
    }
  }
  return { status: isTerminal(action.status) ? 200 : 202, action: actionView(action) };
};
