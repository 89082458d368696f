import { epochMs } from '../actions/identity.ts';
import type { PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';

const DAY_MS = 86_400_000;
const STEPS = [90, 75, 50] as const;
export type SlackStep = (typeof STEPS)[number];

/**
 * The share of the age budget (in percent) that a warning is due for, or null: nothing reached, or warned already.
 * The caller stores what it warned of in `slackWarned`; `observe` sets that back to 0 when freshness moves.
 * @param now epoch milliseconds
 */
export const slackWarning = (
  state: Pick<SourceState, 'verifiedAt' | 'slackWarned'>,
  source: Pick<PolicySource, 'maxAgeDays'>,
  now: number,
): SlackStep | null => {
  if (state.verifiedAt === null) return null;
  const used = ((now - epochMs(state.verifiedAt)) / (source.maxAgeDays * DAY_MS)) * 100;
  const step = STEPS.find((one) => used >= one);
  return step === undefined || step <= state.slackWarned ? null : step;
};
