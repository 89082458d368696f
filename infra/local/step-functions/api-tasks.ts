import { optionalText, text, type Body, type Operation } from './api-body.ts';
import { ApiError, checkJson } from './api-error.ts';
import type { Execution, OpenTask } from './execution.ts';
import type { Json } from './journal-record.ts';
import type { Engine } from './engine.ts';
import { taskEvents } from './task-call.ts';

const events = taskEvents({ kind: 'lambda', callback: true });

/** The callbacks. Each is on the disk before it is acknowledged. */
export function taskOperations(engine: Engine): Readonly<Record<string, Operation>> {
  const find = async (body: Body): Promise<{ readonly task: OpenTask; readonly execution: Execution }> => {
    await engine.loaded;
    const place = engine.tokens.read(text(body, 'taskToken'));
    if (place === undefined) throw new ApiError('InvalidToken', "Invalid Token: 'Invalid token'");
    const { executionArn, path, attempt } = place;
    const execution = engine.live.get(executionArn);
    const task = execution?.findTask(path, attempt, text(body, 'taskToken'));
    if (execution !== undefined && task !== undefined) return { execution, task };
    if (execution !== undefined || (await engine.store.has(executionArn))) {
      throw new ApiError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
    }
    throw new ApiError('TaskDoesNotExist', "Task does not exist: 'Provided task does not exist'");
  };

  return {
    async SendTaskSuccess(body) {
      const output = text(body, 'output');
      checkJson(output, 'InvalidOutput', 'output');
      const { task, execution } = await find(body);
      task.settle({ output: JSON.parse(output) as Json }, [events.succeeded(output)]);
      await execution.commit();
      return {};
    },
    async SendTaskFailure(body) {
      const error = optionalText(body, 'error') ?? 'States.TaskFailed';
      const cause = optionalText(body, 'cause');
      if (error.length > 256 || (cause ?? '').length > 32_768) {
        throw new ApiError('ValidationException', 'error takes 256 and cause 32768 characters.');
      }
      const { task, execution } = await find(body);
      task.settle({ error, cause }, [events.failed(error, cause)]);
      await execution.commit();
      return {};
    },
    async SendTaskHeartbeat(body) {
      const { task, execution } = await find(body);
      task.heartbeat();
      await execution.commit();
      return {};
    },
  };
}
