import type { PolicyBasis } from '../policies/gate-basis.ts';
import type { ReadSourceReadings } from '../policies/gate-reading.ts';
import { GATE_REASONS } from '../policies/gate-reasons.ts';
import type { Gate, GovernanceFacts, Reason } from './gate.ts';

type PolicyFacts = Pick<GovernanceFacts, 'dryRun' | 'project'>;
/** Ids of every source that an action requires, from what was rendered and what two operators agreed. Pure. */
export type RequiredSources = (facts: PolicyFacts) => readonly string[];

/** What the required policies of an action say now. */
export interface PoliciesAnswer {
  readonly allowed: boolean;
  /** What it rests on, for the record. */
  readonly basis: PolicyBasis;
}

/** Null where the action requires none, and then nothing is read. */
export type AskPolicies = (facts: PolicyFacts) => Promise<PoliciesAnswer | null>;

export const askPolicies =
  (read: ReadSourceReadings, requires: RequiredSources, now: () => number): AskPolicies =>
  async (facts) => {
    const required = requires(facts);
    if (required.length === 0) return null;
    const [readings, { policyGate }] = await Promise.all([read(required), import('../policies/gate.ts')]);
    const breakGlass = facts.project.breakGlass ?? [];
    const { allowed, ...basis } = policyGate({ required, readings, breakGlass, now: now() });
    return { allowed, basis };
  };

/** Reasons as every gate gives them: the source first, what is the matter, what is particular about it here. */
const reasonsOf = ({ reasons }: PolicyBasis): Reason[] => {
  const others = reasons.slice(1).map(({ source, code }) => `${source} ${code}`);
  return reasons.map(({ code, source, detail }, index) => ({
    gate: 'policies',
    code,
    // The outcome of an action keeps the first reason only: it names the others.
    detail: `${source}: ${GATE_REASONS[code].means} ${detail}${index === 0 && others.length > 0 ? ` Also: ${others.join(', ')}.` : ''}`,
  }));
};

/**
 * The policies gate: every source that the action requires is watched, approved, fresh and unchanged. What the answer
 * rests on travels with the decision.
 */
export const policiesGate =
  (ask: AskPolicies): Gate =>
  async (facts) => {
    const answer = await ask(facts);
    if (answer === null) return { kind: 'allow', reasons: [] };
    const { allowed, basis } = answer;
    return allowed
      ? { kind: 'allow', reasons: [], basis }
      : { kind: 'refuse', reasons: reasonsOf(basis), basis };
  };
