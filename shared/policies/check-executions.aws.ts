import { ExecutionAlreadyExists, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { sha256 } from '../actions/canonical-json.ts';
import type { StartCheck } from './ports.ts';

export const startCheck =
  (sfn: SFNClient, stateMachineArn: string): StartCheck =>
  async ({ source, slot, captured }) => {
    const digest = sha256(JSON.stringify([source, slot, captured ?? false]));
    try {
      await sfn.send(
        new StartExecutionCommand({
          stateMachineArn,
          name: `${source.slice(0, 40)}-${digest.slice(0, 32)}`,
          input: JSON.stringify({ source, slot, ...(captured === true ? { captured } : {}) }),
        }),
      );
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      throw error;
    }
  };
