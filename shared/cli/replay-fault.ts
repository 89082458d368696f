import { CliError } from './exit.ts';

/** Stable codes of what can be wrong with the input of a replay. */
export type ReplayFaultCode =
  | 'REPLAY_SOURCE_INVALID'
  | 'REPLAY_FOLDER_UNREADABLE'
  | 'REPLAY_FOLDER_EMPTY'
  | 'REPLAY_META_INVALID'
  | 'REPLAY_CAPTURE_UNREADABLE'
  | 'REPLAY_GIT_MISSING'
  | 'REPLAY_GIT_FAILED'
  | 'REPLAY_GIT_NO_HISTORY';

/** Ends a replay: the sentence for people, and code and sentence as JSON where JSON was asked for. */
export const replayFault = (code: ReplayFaultCode, detail: string, cause?: unknown): CliError =>
  new CliError('usage', detail, { problem: { code, detail }, ...(cause === undefined ? {} : { cause }) });
