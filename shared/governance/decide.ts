import { assessAction, type Assessment } from './assess.ts';
import type { DecideAction, Decision, GovernanceFacts, MayApprove, Reason } from './gate.ts';
import { type Ask, type OpenPolicySet, openPolicySet, type PolicyAnswer } from './policy-set.ts';
import {
  hostIsAllowed,
  isOriginator,
  personEntity,
  proposalEntity,
  proposerEntity,
  providerIsOn,
} from './proposal-entity.ts';
import { PRODUCT_PREFIX } from './product-policies.ts';
import { reason } from './reasons.ts';
import { providerOf } from './unattended-wall.ts';

const named = (answer: PolicyAnswer): string =>
  answer.policies.filter((id) => !id.startsWith(PRODUCT_PREFIX)).join(', ') || answer.policies.join(', ');

const whyNotProposed = (facts: GovernanceFacts, answer: PolicyAnswer): Reason => {
  const provider = providerOf(facts.dryRun);
  if (!providerIsOn(facts.project, provider))
    return reason('governance', 'PROVIDER_OFF', `The provider "${provider}" is off.`);
  if (!hostIsAllowed(facts.project, facts.dryRun)) return reason('governance', 'HOST_NOT_ALLOWED');
  if (answer.failed) return reason('governance', 'POLICY_ERROR');
  return reason('governance', 'PROPOSE_FORBIDDEN', `Forbidden by ${named(answer)}.`);
};

const decideWithSet = (facts: GovernanceFacts, assessment: Assessment, ask: Ask): Decision => {
  const { tier, riskScore, reasons, wall } = assessment;
  const asked = {
    principal: proposerEntity(facts.proposer),
    proposal: proposalEntity(facts, assessment),
    production: facts.stageIsProduction,
  };
  const proposing = ask('propose', asked);
  if (!proposing.allowed) {
    return { verdict: 'REFUSE', tier, riskScore, reasons: [whyNotProposed(facts, proposing), ...reasons] };
  }
  const running = ask('runUnattended', asked);
  const against =
    tier === 'critical' && wall.length === 0 ? [reason('governance', 'CRITICAL_TIER')] : ([] as Reason[]);
  const rule = running.policies[0];
  if (running.allowed && rule !== undefined && wall.length === 0 && against.length === 0) {
    const permit = `${rule}@${facts.project.version}`;
    const allowed = reason('governance', 'RULE_ALLOWS', `Allowed by ${permit}.`);
    return { verdict: 'UNATTENDED', tier, riskScore, permit, reasons: [allowed, ...reasons] };
  }
  const closed = running.failed
    ? reason('governance', 'POLICY_ERROR')
    : reason('governance', 'NO_RULE_ALLOWS');
  const why = wall.length > 0 || against.length > 0 ? against : [closed];
  return { verdict: 'NEEDS_PERSON', tier, riskScore, reasons: [...why, ...reasons] };
};

/** `decideAction` over any policy engine: tests put a permissive one here and the wall outside has to hold alone. */
export const decideWith =
  (open: OpenPolicySet): DecideAction =>
  (facts) => {
    const assessment = assessAction(facts);
    const ask = open(facts.project.policy);
    if (ask !== undefined) return decideWithSet(facts, assessment, ask);
    const { tier, riskScore, reasons } = assessment;
    return {
      verdict: 'REFUSE',
      tier,
      riskScore,
      reasons: [reason('governance', 'POLICY_UNREADABLE'), ...reasons],
    };
  };

/**
 * Questions 1 and 2 about a rendered action. REFUSE where it may not be proposed, UNATTENDED only with a permit of
 * a rule and nothing against it inside or outside the policy set, a person in every other case.
 */
export const decideAction: DecideAction = decideWith(openPolicySet);

/** `mayApprove` over any policy engine. */
export const mayApproveWith =
  (open: OpenPolicySet): MayApprove =>
  (person, facts) => {
    const refuse = (code: Parameters<typeof reason>[1], detail?: string) => ({
      kind: 'refuse' as const,
      reasons: [reason('governance', code, detail)],
    });
    // Outside Cedar as well, so that four eyes do not hang on one engine (GOV-10, approvals are for people).
    if (isOriginator(person.subject, facts.originators) || isOriginator(person.subject, [facts.proposer])) {
      return refuse('ORIGINATOR_MAY_NOT_APPROVE');
    }
    if (!person.roles.includes('operator') || !person.projects.includes(facts.dryRun.project)) {
      return refuse('NOT_AN_OPERATOR');
    }
    const ask = open(facts.project.policy);
    if (ask === undefined) return refuse('POLICY_UNREADABLE');
    const answer = ask('approve', {
      principal: personEntity(person),
      proposal: proposalEntity(facts, assessAction(facts)),
      production: facts.stageIsProduction,
    });
    if (answer.allowed) return { kind: 'allow', reasons: [] };
    return answer.failed
      ? refuse('POLICY_ERROR')
      : refuse('APPROVE_FORBIDDEN', `Forbidden by ${named(answer)}.`);
  };

/** Question 3, asked with a fresh registry row when the vote comes in. Anything but `allow` means no. */
export const mayApprove: MayApprove = mayApproveWith(openPolicySet);
