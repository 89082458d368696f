import type { Tier } from '../actions/action.ts';
import type { DryRun } from '../actions/dry-run.ts';
import type { Subject } from '../actions/identity.ts';
import type { Credential } from '../credentials/credential.ts';
import type { Principal } from '../operators/principal.ts';
import type { PolicyBasis } from '../policies/gate-basis.ts';
import type { ProjectConfig } from './project-config.ts';

/** One machine-readable reason of a gate. `code` is stable. */
export interface Reason {
  readonly gate: 'governance' | 'credentials' | 'request' | 'policies' | 'publishing' | 'trading';
  readonly code: string;
  readonly detail: string;
}

export interface GateAnswer {
  readonly kind: 'allow' | 'needsPerson' | 'refuse';
  readonly reasons: readonly Reason[];
  /** The policies that the answer rests on, where the action requires any. */
  readonly basis?: PolicyBasis;
  /** What has to heal before it can be executed; it may be asked for and approved meanwhile. */
  readonly waits?: readonly Reason[];
  /** The metadata of the credential that the answer rests on, so that nobody reads it again. */
  readonly credential?: Credential;
}

/** The facts of an action that governance decides on; nothing here comes from the agent's own word. */
export interface GovernanceFacts {
  readonly dryRun: DryRun;
  readonly project: ProjectConfig;
  readonly proposer: Subject;
  readonly originators: readonly Subject[];
  readonly stageIsProduction: boolean;
  /** Whether people approved it; left out before the wait for them, and where a rule lets it run unattended. */
  readonly approval?: 'present' | 'absent';
}

/** The outcome of all gates together. Refuse beats needs-person beats allow; nothing allowed means a person. */
export interface Decision {
  readonly verdict: 'REFUSE' | 'NEEDS_PERSON' | 'UNATTENDED';
  readonly tier: Tier;
  readonly riskScore: number;
  readonly reasons: readonly Reason[];
  /** Names the policy and project version behind an unattended permit; absent otherwise. */
  readonly permit?: string;
  /** The policies that it rests on, where the action requires any. */
  readonly basis?: PolicyBasis;
  /** What has to heal before it can be executed. */
  readonly waits?: readonly Reason[];
  /** The metadata of its credential, as it was judged. */
  readonly credential?: Credential;
}

/** Question 2 (may it run unattended) with the risk score; Cedar and the wall outside Cedar. Pure. */
export type DecideAction = (facts: GovernanceFacts) => Decision;

/**
 * A gate that reads before it answers, on what holds at that moment: a credential's metadata, the policies of a
 * provider. Its readers are bound when the handler builds it.
 */
export type Gate = (facts: GovernanceFacts) => Promise<GateAnswer>;

/** All gates together, asked at "Evaluate the gates" and again, on fresh facts, right before the claim. */
export type AskGates = (facts: GovernanceFacts) => Promise<Decision>;

/** Question 3: may this person approve it? Asked again from a fresh registry row when the vote comes in. */
export type MayApprove = (
  person: Extract<Principal, { kind: 'person' }>,
  facts: GovernanceFacts,
) => GateAnswer;

/** Question 1: may this agent (or person) propose this operation in this project? */
export type MayPropose = (principal: Principal, project: ProjectConfig, operation: string) => GateAnswer;
