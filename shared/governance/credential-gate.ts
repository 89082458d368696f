import { timestamp } from '../actions/identity.ts';
import type { ReadStanding } from '../credentials/condition.ts';
import { mayPerform, type PerformReason, TASK_MS } from '../credentials/may-perform.ts';
import { hostIsStandIn } from '../providers/stand-in.ts';
import type { Gate, GateAnswer, Reason } from './gate.ts';
import { reason } from './reasons.ts';

/** The row of an action keeps the first reason only: it names the others. */
const reasonsOf = (found: readonly PerformReason[]): Reason[] => {
  const others = found.slice(1).map(({ code }) => code);
  return found.map(({ code, detail }, index) =>
    reason(
      'credentials',
      code,
      index === 0 && others.length > 0 ? `${detail} Also: ${others.join(', ')}.` : detail,
    ),
  );
};

/**
 * The credentials gate: may this credential do this? What only people can change refuses, with every reason there is.
 * What heals by itself, by a rotation or by connecting again stops nobody from asking and approving: it is handed on,
 * and an approved action waits for it inside Execute, before the secret is read.
 */
export const credentialGate =
  (read: ReadStanding, now: () => number): Gate =>
  async ({ dryRun, project, approval }): Promise<GateAnswer> => {
    const { credential: ref } = dryRun.request;
    if (ref === null) return { kind: 'allow', reasons: [] };
    const { grant, condition } = await read(project.project, ref);
    const { reasons } = mayPerform(
      grant,
      condition,
      {
        credential: ref,
        operation: dryRun.operation,
        effects: dryRun.effects.map(({ type }) => type),
        hostIsOverridden: hostIsStandIn(dryRun.request),
      },
      { now: timestamp(now()), taskMs: TASK_MS, approval: approval ?? 'not-yet' },
    );
    const refusals = reasons.filter(({ remedy }) => remedy === 'refuse');
    const seen = grant === undefined ? {} : { credential: grant };
    if (refusals.length > 0) {
      // Every reason, those that would heal as well: who mends the grant should know what comes next.
      const waits = reasons.filter(({ remedy }) => remedy === 'wait');
      return { kind: 'refuse', reasons: reasonsOf([...refusals, ...waits]), ...seen };
    }
    return { kind: 'allow', reasons: [], waits: reasonsOf(reasons), ...seen };
  };
