import { actionView } from '#shared/actions/action-view.ts';
import { type ActionId, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, ReadAction, StartExecution } from '#shared/actions/ledger.ts';
import { isTerminal } from '#shared/actions/status.ts';
import { restart } from '#shared/actions/transition.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { Proposed } from './propose-action.ts';

export interface SubmitDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly start: StartExecution;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/**
 * Promotes a rendered dry run: same request, same hashes. Sent twice it is the same promotion.
 * @throws ProblemError NOT_FOUND, NOT_A_DRY_RUN, CONFLICT
 */
export const submitAction = async (
  input: { readonly id: ActionId; readonly principal: Principal },
  deps: SubmitDeps,
): Promise<Proposed> => {
  let row = await deps.read(input.id);
  if (row === undefined) throw new ProblemError('NOT_FOUND', `There is no action "${input.id.key}".`);
  if (row.dryRun) {
    if (row.status !== 'RENDERED') {
      throw new ProblemError(
        'NOT_A_DRY_RUN',
        row.status === 'PROPOSED'
          ? 'The dry run is not rendered yet. Try again when the status is RENDERED.'
          : `The action is ${row.status}; only a RENDERED dry run can be submitted.`,
      );
    }
    const promoted = await deps.apply(
      restart(row, {
        at: timestamp(deps.now()),
        by: input.principal.subject,
        writeToken: deps.newId(),
        code: 'SUBMITTED',
        set: { dryRun: false },
      }),
    );
    if (promoted.kind === 'refused' && promoted.current.dryRun) {
      throw new ProblemError('CONFLICT', 'The action changed in the same moment. Read it and try again.');
    }
    row = promoted.kind === 'applied' ? promoted.action : promoted.current;
  } else if (!row.history.some((entry) => entry.event === 'RENDERED')) {
    throw new ProblemError(
      'NOT_A_DRY_RUN',
      'This action was not proposed with "dryRun": true; it is on its way already.',
    );
  }
  if (row.status === 'RENDERED') {
    try {
      await deps.start(input.id, row.generation);
    } catch (error) {
      deps.log({ level: 'warn', event: 'START_DEFERRED', ...input.id, error: String(error) });
    }
  }
  return { status: isTerminal(row.status) ? 200 : 202, action: actionView(row) };
};
