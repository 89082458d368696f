import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { executionName } from './hashes.ts';
import type { ActionId } from './identity.ts';
import type { ReadExecution, ReadExecutionInput, StartExecution } from './ledger.ts';

const inputOf = (id: ActionId): string => JSON.stringify({ project: id.project, key: id.key });

/** Starts a generation. The name is a digest, so a repeat is answered `exists` (running or ended). */
export const startExecution =
  (sfn: SFNClient, stateMachineArn: string): StartExecution =>
  async (id, generation) => {
    try {
      await sfn.send(
        new StartExecutionCommand({
          stateMachineArn,
          name: executionName(id, generation),
          input: inputOf(id),
        }),
      );
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      throw error;
    }
  };

/** Whether the execution of a generation runs, ended, or never was. */
export const readExecution =
  (sfn: SFNClient, stateMachineArn: string): ReadExecution =>
  async (id, generation) => {
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${executionName(id, generation)}`;
    try {
      const { status } = await sfn.send(
        // The definition is encrypted with our key; the status alone needs no right to decrypt it.
        new DescribeExecutionCommand({ executionArn, includedData: 'METADATA_ONLY' }),
      );
      return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return 'absent';
      throw error;
    }
  };

/** The input that an execution was started with; undefined where it is not known any more. */
export const readExecutionInput =
  (sfn: SFNClient): ReadExecutionInput =>
  async (executionArn) => {
    try {
      const { input } = await sfn.send(
        new DescribeExecutionCommand({ executionArn, includedData: 'ALL_DATA' }),
      );
      return input;
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  };
