import { SendTaskFailureCommand, SendTaskSuccessCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type { TellWait } from './approval.ts';

// TaskTimedOut stands for both "over" and "answered before": either way this token has nothing to wait for.
const GONE = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);

const isGone = (error: unknown): boolean => error instanceof Error && GONE.has(error.name);

/** Answers the wait of the state machine. The token never leaves this call. */
export const tellWait =
  (sfn: SFNClient): TellWait =>
  async (taskToken, output) => {
    try {
      await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
      return 'told';
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  };

/**
 * Ends a wait with an error name that the machine knows: `Autopack.Transient` is retried, everything else goes
 * to "Close the wait". `cause` must not hold a secret.
 */
export type FailWait = (taskToken: string, error: string, cause: string) => Promise<'told' | 'gone'>;

export const failWait =
  (sfn: SFNClient): FailWait =>
  async (taskToken, error, cause) => {
    try {
      await sfn.send(new SendTaskFailureCommand({ taskToken, error, cause: cause.slice(0, 1000) }));
      return 'told';
    } catch (failure) {
      if (isGone(failure)) return 'gone';
      throw failure;
    }
  };
