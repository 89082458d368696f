import type { Timestamp } from '../actions/identity.ts';
import { clip } from './class-reasons.ts';
import type { PageContent } from './content.ts';
import { notify } from './notices.ts';
import type { ScheduledChange, SourceState } from './source-state.ts';

const MOST_SCHEDULED = 20;

const keyOf = ({ on, phrase }: Pick<ScheduledChange, 'on' | 'phrase'>): string => `${on}\n${phrase}`;

/** Notes the days in the future that a confirmed text names, so that it is looked at again on each of them. */
export const schedule = (state: SourceState, content: PageContent, at: Timestamp): SourceState => {
  const known = new Set(state.scheduled.map(keyOf));
  const added = content.effective
    .map(({ on, phrase }) => ({ on, phrase: clip(phrase, 300) }))
    .filter(
      (one, index, all) =>
        one.on > at &&
        !known.has(keyOf(one)) &&
        all.findIndex((other) => keyOf(other) === keyOf(one)) === index,
    )
    .map((one) => ({ ...one, foundAt: at, reminded: false }));
  if (added.length === 0) return state;
  const scheduled = [...state.scheduled, ...added]
    // What is over leaves first, then what is farthest away.
    .toSorted(
      (left, right) => Number(left.reminded) - Number(right.reminded) || (left.on < right.on ? -1 : 1),
    )
    .slice(0, MOST_SCHEDULED);
  return { ...state, scheduled };
};

/** Tells people, once each, of the announced days that have come. Called by every observation and on the day itself. */
export const remindOfDays = (state: SourceState, now: Timestamp): SourceState => {
  const due = state.scheduled.filter((one) => !one.reminded && one.on <= now);
  if (due.length === 0) return state;
  const marked: SourceState = {
    ...state,
    scheduled: state.scheduled.map((one) => (due.includes(one) ? { ...one, reminded: true } : one)),
  };
  return due.reduce(
    (next, one) =>
      notify(next, { noticeId: `effective#${one.on}`, kind: 'EFFECTIVE_TODAY', at: now, detail: one.phrase }),
    marked,
  );
};

/** The next announced day, on which the page is to be looked at; null where none is known. */
export const nextAnnouncedDay = (state: SourceState): Timestamp | null =>
  state.scheduled
    .filter((one) => !one.reminded)
    .reduce<Timestamp | null>((first, { on }) => (first === null || on < first ? on : first), null);
