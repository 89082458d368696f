import { SendTaskSuccessCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type { TellCredentialWait } from './credential-wait.ts';

const GONE = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);

/** Ends the wait for a credential; the machine goes on to Execute, which runs every gate again. */
export const tellCredentialWait =
  (sfn: SFNClient): TellCredentialWait =>
  async (taskToken) => {
    try {
      await sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{"credential":"USABLE"}' }));
      return 'told';
    } catch (error) {
      if (error instanceof Error && GONE.has(error.name)) return 'gone';
      throw error;
    }
  };
