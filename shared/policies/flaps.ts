import { epochMs, type Timestamp } from '../actions/identity.ts';
import { notify } from './notices.ts';
import type { SourceState } from './source-state.ts';

const DAY_MS = 86_400_000;
/** More returns between known states than this within a day make a page unstable. */
export const FLAPS_PER_DAY = 6;
const QUIET_MS = 7 * DAY_MS;
const MOST_FLAPS = 200;

const within = (flaps: readonly Timestamp[], at: number): number =>
  flaps.filter((flap) => epochMs(flap) <= at && at - epochMs(flap) < DAY_MS).length;

/** Returns between known states in the 24 hours before `at`. */
export const flapsPerDay = (state: Pick<SourceState, 'flaps'>, at: Timestamp): number =>
  within(state.flaps, epochMs(at));

/** Counts a return. People are told once of a page that became unstable, and not again before it was calm for a week. */
export const countFlap = (state: SourceState, at: Timestamp): SourceState => {
  const now = epochMs(at);
  const unstableBefore = state.flaps.some(
    (flap) => now - epochMs(flap) < QUIET_MS && within(state.flaps, epochMs(flap)) > FLAPS_PER_DAY,
  );
  const next = { ...state, flaps: [...state.flaps, at].slice(-MOST_FLAPS) };
  return within(next.flaps, now) > FLAPS_PER_DAY && !unstableBefore
    ? notify(next, {
        noticeId: `unstable#${at}`,
        kind: 'UNSTABLE',
        at,
        detail: `It went back and forth ${within(next.flaps, now)} times within 24 hours.`,
      })
    : next;
};
