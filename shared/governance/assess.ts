import type { Tier } from '../actions/action.ts';
import type { Reason } from './gate.ts';
import type { DryRun } from '../actions/dry-run.ts';
import type { ProjectConfig } from './project-config.ts';
import { scoreRisk } from './risk-score.ts';
import { tierOf } from './safety-profile.ts';
import { unattendedWall } from './unattended-wall.ts';

export interface Assessment {
  readonly tier: Tier;
  readonly riskScore: number;
  /** Violations first (why it cannot run unattended), then what made up the score. */
  readonly reasons: readonly Reason[];
  /** What the wall outside Cedar found; empty where it has nothing against an unattended run. */
  readonly wall: readonly Reason[];
}

/**
 * Tier, score and violations of a dry run, without the policy engine: what an approver is shown (GOV-06). Says
 * nothing about whether a rule allows anything.
 */
export const assessAction = (facts: {
  readonly dryRun: DryRun;
  readonly project: ProjectConfig;
}): Assessment => {
  const { score, reasons } = scoreRisk(facts.dryRun);
  const wall = unattendedWall(facts.dryRun, facts.project);
  return { tier: tierOf(score), riskScore: score, reasons: [...wall, ...reasons], wall };
};
