import { createHash } from 'node:crypto';
import { ProblemError } from '../operators/problems.ts';

/**
 * Counters of the public page. Only decisions that are posted and look-ups that miss are counted, and a counter
 * only ever refuses more of the same: opening a good link never writes and is never refused.
 */
export interface Limit {
  readonly name: string;
  readonly most: number;
  readonly windowSeconds: number;
}

export const LIMITS = {
  postsPerLink: { name: 'post-link', most: 20, windowSeconds: 300 },
  postsPerSource: { name: 'post-source', most: 60, windowSeconds: 300 },
  missesPerSource: { name: 'miss-source', most: 30, windowSeconds: 300 },
} as const satisfies Record<string, Limit>;

/** Adds one unless the counter has reached `most`. `expiresAtEpoch` (seconds) lets the table forget it. */
export type CountUp = (key: string, most: number, expiresAtEpoch: number) => Promise<'counted' | 'over'>;

/** Key of a counter. What is counted is hashed: addresses and links do not belong into tables. */
export const counterKey = (limit: Limit, what: string, now: number): string => {
  const digest = createHash('sha256')
    .update(`autopack.limit.v1\n${limit.name}\n${what}`)
    .digest('hex')
    .slice(0, 40);
  return `limit#${limit.name}#${digest}#${Math.floor(now / (limit.windowSeconds * 1000))}`;
};

/** @throws ProblemError TOO_MANY_REQUESTS over the limit. */
export const spend = async (limit: Limit, what: string, now: number, countUp: CountUp): Promise<void> => {
  const expiresAtEpoch = Math.ceil(now / 1000) + 2 * limit.windowSeconds;
  if ((await countUp(counterKey(limit, what, now), limit.most, expiresAtEpoch)) === 'over')
    throw new ProblemError(
      'TOO_MANY_REQUESTS',
      `That was too often. Try again in ${limit.windowSeconds / 60} minutes.`,
    );
};
