import { costWords } from '../actions/cost-words.ts';
import type { DryRun } from '../actions/dry-run.ts';
import type { EffectType } from '../actions/effects.ts';
import type { Reason } from './gate.ts';
import { protectedAmong } from './protected-paths.ts';
import { reason } from './reasons.ts';
import {
  COST_STEPS,
  EFFECT_POINTS,
  HIGHEST_SCORE,
  PRODUCTION_POINTS,
  PROTECTED_PATH_POINTS,
  RECOVERY_POINTS,
  REVERSIBILITY_POINTS,
  UNKNOWN_COST_POINTS,
} from './safety-profile.ts';

export interface PredictedCost {
  readonly known: boolean;
  /** Sum in minor units; the largest safe integer where it is not known, so that no limit of a rule is met. */
  readonly minorUnits: number;
  /** Empty where nothing costs anything or the cost is not known. */
  readonly currency: string;
}

const sumsByCurrency = (effects: DryRun['effects']): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>();
  for (const { cost } of effects) {
    if (cost !== 'unknown' && cost.minorUnits > 0)
      sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + cost.minorUnits);
  }
  return sums;
};

/** What all effects cost together. Unknown as soon as one is unknown or currencies differ. */
export const predictedCost = (effects: DryRun['effects']): PredictedCost => {
  const unknown = { known: false, minorUnits: Number.MAX_SAFE_INTEGER, currency: '' };
  if (effects.some(({ cost }) => cost === 'unknown')) return unknown;
  const [[currency, minorUnits] = ['', 0], ...others] = sumsByCurrency(effects);
  return others.length === 0 && Number.isSafeInteger(minorUnits)
    ? { known: true, minorUnits, currency }
    : unknown;
};

/** The dearest currency counts, and an unknown cost at least its own points, so that more effects never lower it. */
const costPoints = (effects: DryRun['effects']): number => {
  const unknown = effects.some(({ cost, type }) => cost === 'unknown' && type !== 'read');
  return Math.max(
    unknown ? UNKNOWN_COST_POINTS : 0,
    ...Array.from(
      sumsByCurrency(effects).values(),
      (sum) => COST_STEPS.findLast((step) => sum >= step.fromMinorUnits)?.points ?? 0,
    ),
  );
};

const costDetail = (effects: DryRun['effects']): string =>
  effects.some(({ cost }) => cost === 'unknown')
    ? 'A cost is not known.'
    : `It costs ${Array.from(sumsByCurrency(effects), ([currency, minorUnits]) => costWords({ currency, minorUnits })).join(' and ')}.`;

/** The gravest class by points; `destructive` where there is none, since nothing is known then. */
export const gravestEffect = (effects: DryRun['effects']): EffectType =>
  effects.map((effect) => effect.type).toSorted((a, b) => EFFECT_POINTS[b] - EFFECT_POINTS[a])[0] ??
  'destructive';

/**
 * Deterministic score of a dry run from 0 to 100 with one reason for every part that added points. More effects,
 * files or cost never lower it.
 */
export const scoreRisk = (
  dryRun: DryRun,
): { readonly score: number; readonly reasons: readonly Reason[] } => {
  const { effects, request } = dryRun;
  const gravest = gravestEffect(effects);
  const onlyReads = effects.length > 0 && effects.every((effect) => effect.type === 'read');
  const hardest = effects
    .map((effect) => effect.reversibility)
    .toSorted((a, b) => REVERSIBILITY_POINTS[b] - REVERSIBILITY_POINTS[a])[0];
  const paths = protectedAmong(dryRun.files);
  const parts: readonly (readonly [number, Reason])[] = [
    [EFFECT_POINTS[gravest], reason('governance', 'RISK_EFFECT', `The gravest effect is "${gravest}".`)],
    [
      REVERSIBILITY_POINTS[hardest ?? 'irreversible'],
      reason('governance', 'RISK_REVERSIBILITY', `An effect is ${hardest ?? 'irreversible'}.`),
    ],
    [onlyReads ? 0 : RECOVERY_POINTS[dryRun.recoveryClass], reason('governance', 'RISK_RECOVERY')],
    [costPoints(effects), reason('governance', 'RISK_COST', costDetail(effects))],
    [
      request.credential?.environment === 'PRODUCTION' ? PRODUCTION_POINTS : 0,
      reason('governance', 'RISK_PRODUCTION'),
    ],
    [
      paths.length > 0 ? PROTECTED_PATH_POINTS : 0,
      reason('governance', 'RISK_PROTECTED_PATH', `It touches ${paths.join(', ')}.`),
    ],
  ];
  const scored = parts.filter(([points]) => points > 0);
  const sum = scored.reduce((total, [points]) => total + points, 0);
  return {
    score: Math.min(HIGHEST_SCORE, sum),
    reasons: scored.map(([points, why]) => ({ ...why, detail: `+${points}: ${why.detail}` })),
  };
};
