import type { Action } from '#shared/actions/action.ts';
import type { DryRun } from '#shared/actions/dry-run.ts';
import { requestHash } from '#shared/actions/hashes.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type {
  ApplyChange,
  ReadAction,
  ReadDryRun,
  ReadPayload,
  StoreDryRun,
} from '#shared/actions/ledger.ts';
import { outcomeOf } from '#shared/actions/outcome.ts';
import { isTerminal } from '#shared/actions/status.ts';
import type { StepInput } from '#shared/actions/step-results.ts';
import { transition } from '#shared/actions/transition.ts';
import type { ReadProjectConfig } from '#shared/governance/project-config.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ProviderOperation } from '#shared/providers/provider.ts';

export interface RenderDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly readPayload: ReadPayload;
  readonly readDryRun: ReadDryRun;
  readonly storeDryRun: StoreDryRun;
  readonly readProjectConfig: ReadProjectConfig;
  readonly findOperation: (operation: string) => ProviderOperation | undefined;
  /** Base URL that replaces the provider's in this stage, if one does. */
  readonly baseUrlOverride: (operation: string) => string | undefined;
}

const renderNow = async (row: Action, deps: RenderDeps): Promise<DryRun> => {
  const operation = deps.findOperation(row.operation);
  if (operation === undefined) {
    throw new ProblemError('UNKNOWN_OPERATION', `"${row.operation}" is not known to this deployment.`);
  }
  const project = await deps.readProjectConfig(row.project);
  const payload: unknown = JSON.parse(await deps.readPayload(row.project, row.payloadHash));
  const rationale =
    row.rationaleHash === undefined
      ? null
      : (JSON.parse(await deps.readPayload(row.project, row.rationaleHash)) as string);
  const baseUrlOverride = deps.baseUrlOverride(row.operation);
  const rendered = operation.render(payload, {
    project,
    providerKey: row.providerKey,
    ...(baseUrlOverride === undefined ? {} : { baseUrlOverride }),
  });
  return {
    schemaVersion: 1,
    project: row.project,
    key: row.key,
    operation: row.operation,
    adapterVersion: rendered.request.adapterVersion,
    payloadHash: row.payloadHash,
    facts: rendered.facts,
    request: rendered.request,
    requestHash: requestHash(rendered.request),
    effects: [...rendered.effects],
    recoveryClass: rendered.recoveryClass,
    title: rendered.title,
    summary: rendered.summary.map((line) => ({ ...line })),
    files: [...rendered.files],
    rationale,
    projectVersion: project.version,
    renderedAt: timestamp(deps.now()),
  };
};

/**
 * Renders the dry run, once: the first that is stored wins and a retry returns it with the facts it used. A row
 * that may already have been sent is never rendered again. What the row is then, "Evaluate the gates" reads for itself.
 */
export const renderAction = async (input: StepInput, deps: RenderDeps): Promise<void> => {
  const row = await deps.read(input.action);
  if (row === undefined || isTerminal(row.status) || row.attention === 'person') return;
  if (row.status === 'EXECUTING' || row.status === 'OUTCOME_UNKNOWN') return;
  if (row.status === 'RENDERED' && row.dryRun) return;
  if ((await deps.readDryRun(input.action)) !== undefined) return;
  try {
    await deps.storeDryRun(await renderNow(row, deps));
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const result = await deps.apply(
      transition(row, 'INVALID', {
        at: timestamp(deps.now()),
        by: 'system:render',
        writeToken: deps.newId(),
        code: error.code,
        set: { outcome: outcomeOf({ code: error.code, summary: error.message }) },
      }),
    );
    // Somebody moved the row on meanwhile (a cancellation): what they wrote stands.
    if (result.kind === 'refused' && !isTerminal(result.current.status)) await renderAction(input, deps);
  }
};
