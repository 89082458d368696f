import type { Reason } from './gate.ts';

/** Every code that a gate answers with, and what it means. Codes never change their meaning; docs print this table. */
export const REASONS = {
  PROVIDER_OFF: 'The provider is not switched on for the project',
  HOST_NOT_ALLOWED: 'The host is not on the allow list of the project',
  PROPOSE_FORBIDDEN: 'A policy of the project forbids to propose this',
  NOT_A_PROPOSER: 'Only a member of the project with the role agent or operator may propose',
  POLICY_UNREADABLE: 'The policy of the project cannot be read, so nothing is allowed',
  ENDPOINT_CHANGED: 'The definition of the endpoint is not the one that the request was rendered with',
  CREDENTIAL_CHANGED: 'The project names another account or environment than the request was rendered with',
  CREDENTIAL_UNKNOWN: 'No credential of this account and environment is registered',
  CREDENTIAL_ENVIRONMENT: 'The credential belongs to another environment than the host of the request',
  CREDENTIAL_STAND_IN: 'The credential of a stand-in goes to the stand-in only, a real one never does',
  CREDENTIAL_RETIRED: 'The credential is retired',
  CREDENTIAL_SCOPE: 'The credential lacks a scope that the effects of the action need',
  CREDENTIAL_OPERATION: 'The operation is not among those that the credential may be used for',
  CREDENTIAL_UNAPPROVED: 'Nobody approved the use of the credential',
  CREDENTIAL_UNHEALTHY: 'The credential does not work at its provider; an approved action waits for it',
  CREDENTIAL_EXPIRES: 'The credential ends before the action would be over; an approved action waits for it',
  CREDENTIAL_OVERDUE:
    'The credential is older than its policy allows; an approved action waits for its rotation',
  HASH_MISMATCH: 'The stored request is not the one whose hash was recorded',
  DRY_RUN_MISSING: 'The stored dry run is gone',
  NO_RULE_ALLOWS: 'No rule allows this to run unattended',
  RULE_ALLOWS: 'A rule of the project allows this to run unattended',
  POLICY_ERROR: 'A rule could not be evaluated, so it allows nothing',
  EFFECT_NEEDS_PERSON: 'Effects of this class never run unattended',
  EFFECTS_UNKNOWN: 'The effects are not known, so a person decides',
  METHOD_NEEDS_PERSON: 'Only GET and HEAD to a defined endpoint can run unattended',
  ENDPOINT_UNDEFINED: 'Nobody defined this endpoint, so it counts as destructive',
  PROTECTED_PATH: 'Changes to a protected path always need a person',
  CRITICAL_TIER: 'A critical action always needs a person',
  RISK_EFFECT: 'The gravest effect sets the base of the score',
  RISK_REVERSIBILITY: 'What is hard to take back weighs more',
  RISK_RECOVERY: 'A lost reply could not be cleared up by asking the provider',
  RISK_COST: 'The cost is high or unknown',
  RISK_PRODUCTION: 'The credential belongs to production',
  RISK_PROTECTED_PATH: 'Protected paths are touched',
  NOT_AN_OPERATOR: 'Only an operator of the project may approve',
  ORIGINATOR_MAY_NOT_APPROVE: 'Whoever proposed, owns or edited an action may not approve it',
  APPROVE_FORBIDDEN: 'A policy of the project forbids this person to approve this',
} as const satisfies Record<string, string>;
export type ReasonCode = keyof typeof REASONS;

/** One reason; `detail` says what it is about here, or repeats the meaning of the code. */
export const reason = (gate: Reason['gate'], code: ReasonCode, detail?: string): Reason => ({
  gate,
  code,
  detail: detail === undefined ? `${REASONS[code]}.` : detail,
});
