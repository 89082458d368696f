import { requestHash } from '../actions/hashes.ts';
import type { CredentialRef } from '../actions/dry-run.ts';
import { ALPACA_HOSTS } from '../providers/alpaca/hosts.ts';
import { recoveryClassOf, versionWith } from '../providers/http/definition.ts';
import { decideAction } from './decide.ts';
import { matchEndpoint } from './endpoint-match.ts';
import type { AskGates, DecideAction, Decision, Gate, GateAnswer, GovernanceFacts, Reason } from './gate.ts';
import { reason } from './reasons.ts';
import { providerOf } from './unattended-wall.ts';

/** The stored request is the one whose hash was recorded, of this project and operation. */
const requestGate = ({ dryRun, project }: GovernanceFacts): readonly Reason[] =>
  dryRun.project !== project.project ||
  dryRun.request.operation !== dryRun.operation ||
  requestHash(dryRun.request) !== dryRun.requestHash
    ? [reason('request', 'HASH_MISMATCH')]
    : [];

const sameAccount = (
  ref: CredentialRef | null,
  agreed: { readonly account: string; readonly environment: string } | null | undefined,
): boolean =>
  ref === null
    ? agreed === null || agreed === undefined
    : agreed?.account === ref.account && agreed.environment === ref.environment;

/** What two operators agreed about this request today is what it was rendered with. */
const agreementGate = ({ dryRun, project }: GovernanceFacts): readonly Reason[] => {
  const { request } = dryRun;
  const provider = providerOf(dryRun);
  if (provider === 'alpaca') {
    const found: Reason[] = [];
    if (!sameAccount(request.credential, project.settings.alpaca))
      found.push(reason('credentials', 'CREDENTIAL_CHANGED'));
    const { hostname } = new URL(request.url);
    const meant = Object.entries(ALPACA_HOSTS).find(([, host]) => host === hostname);
    if (meant !== undefined && meant[0] !== request.credential?.environment) {
      found.push(reason('credentials', 'CREDENTIAL_ENVIRONMENT'));
    }
    return found;
  }
  if (provider !== 'http') return [];
  const endpoint = matchEndpoint(project.endpoints, request);
  const rendered = new Set(dryRun.effects.map((effect) => effect.type));
  const effects = endpoint?.effects ?? ['destructive' as const];
  // The version alone would do; what the render made of the definition is checked as well, since all rests on it.
  const asAgreed =
    request.adapterVersion === versionWith(endpoint ?? null) &&
    effects.every((type) => rendered.has(type)) &&
    dryRun.recoveryClass === recoveryClassOf(endpoint ?? null);
  return [
    ...(asAgreed ? [] : [reason('request', 'ENDPOINT_CHANGED')]),
    ...(sameAccount(request.credential, endpoint?.auth) ? [] : [reason('credentials', 'CREDENTIAL_CHANGED')]),
  ];
};

/**
 * Every gate that facts alone can answer, the very same at "Evaluate the gates" and again right before the claim.
 * A refusal of any gate beats what governance says; its reasons come first.
 */
export const evaluateGatesWith =
  (decide: DecideAction) =>
  (facts: GovernanceFacts): Decision => {
    const refusals = [...requestGate(facts), ...agreementGate(facts)];
    const decision = decide(facts);
    return refusals.length === 0 ? decision : refuse(decision, refusals);
  };

export const evaluateGates: (facts: GovernanceFacts) => Decision = evaluateGatesWith(decideAction);

const refuse = (decision: Decision, refusals: readonly Reason[]): Decision => {
  const { permit: _permit, ...rest } = decision;
  return { ...rest, verdict: 'REFUSE', reasons: [...refusals, ...decision.reasons] };
};

/** What an answer makes of a decision: it may only make it stricter. */
const withAnswer = (before: Decision, answer: GateAnswer): Decision => {
  const { basis, credential, waits = [] } = answer;
  const decision: Decision = {
    ...before,
    ...(basis === undefined ? {} : { basis }),
    ...(credential === undefined ? {} : { credential }),
    ...(waits.length === 0 ? {} : { waits: [...(before.waits ?? []), ...waits] }),
  };
  if (answer.kind === 'allow') return decision;
  if (answer.kind === 'refuse') return refuse(decision, answer.reasons);
  const { permit: _permit, ...rest } = decision;
  const verdict = decision.verdict === 'REFUSE' ? 'REFUSE' : 'NEEDS_PERSON';
  return { ...rest, verdict, reasons: [...answer.reasons, ...decision.reasons] };
};

/**
 * Every gate: those that facts alone can answer, then the given ones, which read first. No gate can allow what another
 * refuses, and a gate that cannot be read throws: nothing goes on without its answer.
 */
export const askGates =
  (gates: readonly Gate[], evaluate: (facts: GovernanceFacts) => Decision = evaluateGates): AskGates =>
  async (facts) => {
    const answers = await Promise.all(gates.map((gate) => gate(facts)));
    return answers.reduce(withAnswer, evaluate(facts));
  };
