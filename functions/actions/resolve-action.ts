import type { Action, Resolution } from '#shared/actions/action.ts';
import { actionView } from '#shared/actions/action-view.ts';
import { type ActionId, epochMs, timestamp } from '#shared/actions/identity.ts';
import type { ApplyChange, LedgerChange, ReadAction, StartExecution } from '#shared/actions/ledger.ts';
import type { ResolveBody } from '#shared/actions/proposal.ts';
import { isTerminal } from '#shared/actions/status.ts';
import { amend, park, restart, transition } from '#shared/actions/transition.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { Proposed } from './propose-action.ts';

export interface ResolveDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly read: ReadAction;
  readonly apply: ApplyChange;
  readonly start: StartExecution;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** Without a key at the provider a wrong "nothing happened" doubles the effect: two people have to say it. */
const needsTwo = (row: Action, outcome: Resolution['outcome']): boolean =>
  outcome !== 'SUCCEEDED' && row.recoveryClass !== 'keyed' && row.recoveryClass !== 'upsert';

const refuseEarly = (row: Action, body: ResolveBody, heardAt: number): void => {
  if (row.status !== 'OUTCOME_UNKNOWN') {
    throw new ProblemError(
      'NOT_RESOLVABLE',
      `The action is ${row.status}; only OUTCOME_UNKNOWN can be resolved.`,
    );
  }
  if (body.outcome !== 'SUCCEEDED' && row.settleUntil !== undefined && epochMs(row.settleUntil) > heardAt) {
    throw new ProblemError(
      'NOT_RESOLVABLE',
      `It may still land. Say ${body.outcome} after ${row.settleUntil}; SUCCEEDED is welcome now.`,
      { extra: { settleUntil: row.settleUntil } },
    );
  }
};

const conclusion = (
  row: Action,
  body: ResolveBody,
  principal: Principal,
  deps: ResolveDeps,
): LedgerChange => {
  const at = timestamp(deps.now());
  return transition(row, body.outcome, {
    at,
    by: principal.subject,
    writeToken: deps.newId(),
    code: 'RESOLVED_BY_PERSON',
    evidence: 'person',
    set: {
      outcome: { code: 'RESOLVED_BY_PERSON', summary: body.reason },
      resolution: { outcome: body.outcome, by: principal.subject, reason: body.reason },
      ...(body.outcome === 'NOT_APPLIED'
        ? {
            ambiguousAttempts: 0,
            // Ending the approval is what makes the next round ask for a fresh one (rule 9).
            ...(needsTwo(row, body.outcome) && row.approvalId !== undefined ? { approvalExpiresAt: at } : {}),
          }
        : {}),
    },
  });
};

/**
 * A person resolves doubt (rule 9). For providers without a key, FAILED and NOT_APPLIED take two people; after
 * NOT_APPLIED the action goes through the gates and a fresh approval again.
 * @throws ProblemError NOT_FOUND, NOT_RESOLVABLE, SECOND_PERSON_REQUIRED, CONFLICT
 */
export const resolveAction = async (
  input: { readonly id: ActionId; readonly principal: Principal; readonly body: ResolveBody },
  deps: ResolveDeps,
): Promise<Proposed> => {
  const { id, principal, body } = input;
  // Whoever speaks has looked before. A slow read must not let a look inside the settle window count as one after it.
  const heardAt = deps.now();
  const row = await deps.read(id);
  if (row === undefined) throw new ProblemError('NOT_FOUND', `There is no action "${id.key}".`);
  refuseEarly(row, body, heardAt);
  const first = row.resolution;
  if (needsTwo(row, body.outcome) && (first === undefined || first.outcome !== body.outcome)) {
    const resolution = { outcome: body.outcome, by: principal.subject, reason: body.reason };
    const write = {
      at: timestamp(deps.now()),
      by: principal.subject,
      writeToken: deps.newId(),
      code: 'RESOLUTION_PROPOSED',
      set: { resolution },
    };
    const noted = await deps.apply(row.attention === 'person' ? park(row, write) : amend(row, write));
    if (noted.kind === 'refused')
      throw new ProblemError('CONFLICT', 'The action changed in the same moment. Read it again.');
    return { status: 202, action: actionView(noted.action) };
  }
  if (needsTwo(row, body.outcome) && first?.by === principal.subject) {
    throw new ProblemError(
      'SECOND_PERSON_REQUIRED',
      `You said ${body.outcome} already. Another operator has to say the same.`,
    );
  }
  const resolved = await deps.apply(conclusion(row, body, principal, deps));
  if (resolved.kind === 'refused')
    throw new ProblemError('CONFLICT', 'The action changed in the same moment. Read it again.');
  let current = resolved.action;
  // A parked row has no execution any more; an unparked one has its own, which goes on from what was said.
  if (current.status === 'NOT_APPLIED' && row.attention === 'person') {
    const again = await deps.apply(
      restart(current, {
        at: timestamp(deps.now()),
        by: principal.subject,
        writeToken: deps.newId(),
        code: 'RESOLVED_BY_PERSON',
      }),
    );
    if (again.kind === 'applied') {
      current = again.action;
      try {
        await deps.start(id, current.generation);
      } catch (error) {
        deps.log({ level: 'warn', event: 'START_DEFERRED', ...id, error: String(error) });
      }
    }
  }
  return { status: isTerminal(current.status) ? 200 : 202, action: actionView(current) };
};
