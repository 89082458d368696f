import { policyGate, type PolicyGateResult } from '../policies/gate.ts';
import type { ReadSourceReadings } from '../policies/gate-reading.ts';
import { GATE_REASONS } from '../policies/gate-reasons.ts';
import type { Gate, GovernanceFacts, Reason } from './gate.ts';

type PolicyFacts = Pick<GovernanceFacts, 'dryRun' | 'project'>;
/** Ids of every source that an action requires, from what was rendered and what two operators agreed. Pure. */
export type RequiredSources = (facts: PolicyFacts) => readonly string[];

/** The required policies of an action as they stand now; null where it requires none, and then nothing is read. */
export type AskPolicies = (facts: PolicyFacts) => Promise<PolicyGateResult | null>;

export const askPolicies =
  (read: ReadSourceReadings, requires: RequiredSources, now: () => number): AskPolicies =>
  async (facts) => {
    const required = requires(facts);
    if (required.length === 0) return null;
    const readings = await read(required);
    return policyGate({ required, readings, breakGlass: facts.project.breakGlass ?? [], now: now() });
  };

/** Reasons as every gate gives them: the source first, what is the matter, what is particular about it here. */
const reasonsOf = ({ reasons }: PolicyGateResult): Reason[] =>
  reasons.map(({ code, source, detail }, index) => ({
    gate: 'policies',
    code,
    detail:
      `${source}: ${GATE_REASONS[code].means} ${detail}` +
      // The outcome of an action keeps the first reason only: it names the others.
      (index > 0 || reasons.length === 1
        ? ''
        : ` Also: ${reasons
            .slice(1)
            .map((other) => `${other.source} ${other.code}`)
            .join(', ')}.`),
  }));

/**
 * The policies gate: every source that the action requires is watched, approved, fresh and unchanged. The text that
 * the answer rests on travels with the decision.
 */
export const policiesGate =
  (ask: AskPolicies): Gate =>
  async (facts) => {
    const result = await ask(facts);
    if (result === null) return { kind: 'allow', reasons: [] };
    const { allowed, ...basis } = result;
    return allowed
      ? { kind: 'allow', reasons: [], basis }
      : { kind: 'refuse', reasons: reasonsOf(result), basis };
  };
