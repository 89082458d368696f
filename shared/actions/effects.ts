import * as z from 'zod';

/** What an action does in the world. `publish`, `trade`, `list` and `destructive` can never run unattended. */
export const EFFECT_TYPES = [
  'read',
  'notify',
  'write',
  'publish',
  'list',
  'trade',
  'payment',
  'destructive',
] as const;
export type EffectType = (typeof EFFECT_TYPES)[number];

/** The classes that no policy of any project can permit unattended (GOV-04). */
export const NEVER_UNATTENDED: readonly EffectType[] = ['publish', 'list', 'trade', 'payment', 'destructive'];

export const Reversibility = z.enum(['none', 'reversible', 'compensable', 'irreversible']);
export type Reversibility = z.infer<typeof Reversibility>;

/** Cost in integer minor units of an ISO 4217 currency, or the honest word `unknown`. */
export const Cost = z.union([
  z.literal('unknown'),
  z.strictObject({
    minorUnits: z.int().nonnegative(),
    currency: z.string().regex(/^[A-Z]{3}$/),
  }),
]);
export type Cost = z.infer<typeof Cost>;

/** One predicted side effect of a dry run: all four fields, always (DRY-04). */
export const PredictedSideEffect = z.strictObject({
  type: z.enum(EFFECT_TYPES),
  target: z.string().min(1).max(500),
  reversibility: Reversibility,
  cost: Cost,
});
export type PredictedSideEffect = z.infer<typeof PredictedSideEffect>;

/**
 * What can be known after a request whose reply was lost.
 * keyed: the provider accepts one request per key; upsert: a repeat lands on the same object;
 * resumable: a stored handle can be asked; lookup: it can be searched for; none: only a person can tell.
 */
export const RecoveryClass = z.enum(['keyed', 'upsert', 'resumable', 'lookup', 'none']);
export type RecoveryClass = z.infer<typeof RecoveryClass>;
