import type { Timestamp } from '../actions/identity.ts';
import { clip } from './class-reasons.ts';
import type { Notice, SourceState } from './source-state.ts';

const MOST_NOTICES = 50;
const DETAIL = 200;

/**
 * Puts a notice on the list of what people are to be told. The same id is told once; the oldest fall off the end of a
 * list that nobody empties.
 */
export const notify = (
  state: SourceState,
  notice: Pick<Notice, 'noticeId' | 'kind' | 'at'> & { readonly detail: string },
): SourceState =>
  state.notices.some((one) => one.noticeId === notice.noticeId)
    ? state
    : {
        ...state,
        notices: [...state.notices, { ...notice, detail: clip(notice.detail, DETAIL) }].slice(-MOST_NOTICES),
      };

/** Ids are deterministic: a repeat of the same step makes the same id. */
export const changeNotice = (changeId: string): string => `change#${changeId}`;
/** Told once more, where the same change comes back after people thought it was gone. */
export const changeAgainNotice = (changeId: string, at: Timestamp): string => `change#${changeId}#${at}`;
/** The acknowledgement of the first of two people counts for nothing any more. */
export const voidNotice = (changeId: string): string => `void#${changeId}`;
