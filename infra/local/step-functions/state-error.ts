/** A failure as the machine sees it: a name that Retry and Catch compare, and a cause for people. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly error: string;
  readonly detail: string | undefined;
  constructor(error: string, detail?: string) {
    super(detail === undefined ? error : `${error}: ${detail}`);
    this.error = error;
    this.detail = detail;
  }
}

/** The branch or the execution is over; whatever still runs in it stops without a trace. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** What neither States.ALL nor States.TaskFailed stands for. */
const TERMINAL = new Set(['States.Runtime', 'States.DataLimitExceeded']);

/** Whether a list of ErrorEquals covers an error. */
export function matchesError(errorEquals: readonly string[], error: string): boolean {
  return errorEquals.some((word) => {
    if (word === error) return true;
    if (TERMINAL.has(error)) return false;
    if (word === 'States.ALL') return true;
    if (word === 'States.TaskFailed') return error !== 'States.Timeout';
    return word === 'States.Timeout' && error === 'States.HeartbeatTimeout';
  });
}

const MAX_DATA_BYTES = 262_144;

/** @throws StateError `States.DataLimitExceeded` over 256 KiB. */
export function withinLimit(text: string, where: string): string {
  if (Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new StateError(
      'States.DataLimitExceeded',
      `${where} exceeds the limit of ${MAX_DATA_BYTES} bytes.`,
    );
  }
  return text;
}
