import type { Tier } from '../actions/action.ts';
import type { EffectType, RecoveryClass, Reversibility } from '../actions/effects.ts';
import type * as z from 'zod';

/**
 * The numbers of the risk score, each with a name (GOV-05). Points add up and stop at 100. A score raises the tier
 * and with it the scrutiny; no score ever opens anything.
 */
export const EFFECT_POINTS: Readonly<Record<EffectType, number>> = {
  read: 0,
  notify: 20,
  write: 20,
  list: 40,
  trade: 40,
  publish: 50,
  payment: 60,
  destructive: 60,
};

export const REVERSIBILITY_POINTS: Readonly<Record<z.infer<typeof Reversibility>, number>> = {
  none: 0,
  reversible: 0,
  compensable: 5,
  irreversible: 20,
};

/** Where only a person can tell what became of a lost reply. Nothing for a request that only reads. */
export const RECOVERY_POINTS: Readonly<Record<RecoveryClass, number>> = {
  keyed: 0,
  upsert: 0,
  resumable: 0,
  lookup: 5,
  none: 10,
};

/** Points for a predicted cost from so many minor units on (of whatever currency); the last one that fits counts. */
export const COST_STEPS: readonly { readonly fromMinorUnits: number; readonly points: number }[] = [
  { fromMinorUnits: 10_000, points: 5 },
  { fromMinorUnits: 100_000, points: 10 },
  { fromMinorUnits: 1_000_000, points: 30 },
];
/** For an effect that is more than a read and does not know its cost. */
export const UNKNOWN_COST_POINTS = 5;
export const PRODUCTION_POINTS = 10;
export const PROTECTED_PATH_POINTS = 40;
export const HIGHEST_SCORE = 100;

/** Scores from here on are at least standard. */
export const STANDARD_FROM = 20;
/** Scores from here on are critical: fresh sign-in, and never unattended whatever a project wrote. */
export const CRITICAL_FROM = 75;

/** The tier of a score. */
export const tierOf = (score: number): Tier =>
  score >= CRITICAL_FROM ? 'critical' : score >= STANDARD_FROM ? 'standard' : 'low';
