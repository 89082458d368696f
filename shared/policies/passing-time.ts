import { epochMs, timestamp } from '../actions/identity.ts';
import { notify } from './notices.ts';
import { remindOfDays } from './scheduled.ts';
import { slackWarning } from './slack.ts';
import type { PolicySource } from './source.ts';
import type { SourceState } from './source-state.ts';

const DAY_MS = 86_400_000;
/** A list of this length is not added to: the oldest would fall off the end untold. */
const MOST_NOTICES = 45;

/** Percent of its allowed age that a verification has used up; undefined where there is none. */
export const ageShare = (
  state: Pick<SourceState, 'verifiedAt'>,
  source: Pick<PolicySource, 'maxAgeDays'>,
  nowMs: number,
): number | undefined =>
  state.verifiedAt === null
    ? undefined
    : ((nowMs - epochMs(state.verifiedAt)) / (source.maxAgeDays * DAY_MS)) * 100;

/**
 * What the mere passing of time makes of a state: warnings on its way to being stale, and the day on which an
 * announced text takes effect, which is also a reason to look again now. Answers the next version, or undefined where
 * there is nothing to write.
 */
export const passTime = (
  state: SourceState,
  source: PolicySource,
  nowMs: number,
): SourceState | undefined => {
  if (state.notices.length >= MOST_NOTICES) return undefined;
  const at = timestamp(nowMs);
  const step = slackWarning(state, source, nowMs);
  const reminded = remindOfDays(state, at);
  if (step === null && reminded === state) return undefined;
  const looked = reminded === state || state.nextCheckAt <= at ? reminded : { ...reminded, nextCheckAt: at };
  const warned =
    step === null
      ? looked
      : notify(
          { ...looked, slackWarned: step },
          {
            noticeId: `slack#${state.verifiedAt}#${step}`,
            kind: 'SLACK',
            at,
            detail: `The last verification has used up ${step} % of the ${source.maxAgeDays} days that are allowed. After that, actions that require this page are refused.`,
          },
        );
  return { ...warned, version: state.version + 1 };
};
