import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  PublishStateMachineVersionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StatusChange } from '#infra/local/step-functions/contract.ts';
import {
  functionArn,
  FunctionError,
  rig,
  settled,
  temporaryFolder,
  type Rig,
  type Script,
} from './step-functions-rig.ts';

const callback = (more: object = {}): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Arguments: { FunctionName: functionArn('ask'), Payload: { token: '{% $states.context.Task.Token %}' } },
  TimeoutSeconds: 1000,
  End: true,
  ...more,
});
const waiting = { StartAt: 'Ask', States: { Ask: callback() } };
const pass = { StartAt: 'P', States: { P: { Type: 'Pass', End: true } } };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let local: Rig;
let script: Script;
beforeEach(async () => {
  script = () => null;
  folder = await temporaryFolder();
  local = await rig(folder.path, (call) => script(call));
  await local.service.resume();
});
afterEach(async () => {
  await local.stop();
  await folder.remove();
});

const token = (call = 0): string => String(local.calls[call]?.payload['token']);
const succeed = (taskToken: string, output = '{}'): Promise<unknown> =>
  local.sfn.send(new SendTaskSuccessCommand({ taskToken, output }));

/** A crash as far as the files can tell: the old process is gone, a new one reads the folder. */
async function restart(): Promise<void> {
  const { clock } = local;
  await local.stop();
  local = await rig(folder.path, (call) => script(call), clock);
}

describe('starting', () => {
  test('the same name and input answer the running execution; anything else is refused, for good', async () => {
    const machine = await local.create('M', waiting);
    const first = await local.start(machine, { a: 1 }, 'one');
    expect(await local.start(machine, { a: 1 }, 'one')).toBe(first);
    await expect(local.start(machine, { a: 2 }, 'one')).rejects.toThrow(
      expect.objectContaining({ name: 'ExecutionAlreadyExists' }),
    );
    await settled();
    expect(local.calls).toHaveLength(1);
    await succeed(token());
    await settled();
    await expect(local.start(machine, { a: 1 }, 'one')).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
    await restart();
    await expect(local.start(machine, { a: 1 }, 'one')).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
  });

  test('ten starts of one name at once run it once', async () => {
    const machine = await local.create('M', waiting);
    const arns = await Promise.all(Array.from({ length: 10 }, () => local.start(machine, {}, 'one')));
    await settled();
    expect([new Set(arns).size, local.calls.length]).toEqual([1, 1]);
  });

  test.each([
    ['a name with a space', 'a b', '{}', 'InvalidName'],
    ['a name that is too long', 'x'.repeat(81), '{}', 'InvalidName'],
  ])('%s is refused', async (_what, name, _input, error) => {
    const machine = await local.create('M', pass);
    await expect(local.start(machine, {}, name)).rejects.toMatchObject({ name: error });
  });

  test('an unknown machine is refused', async () => {
    const machine = await local.create('M', pass);
    await expect(local.start(`${machine}x`)).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
  });
});

describe('machines', () => {
  test.each([
    ['a transition to nowhere', { StartAt: 'P', States: { P: { Type: 'Pass', Next: 'Q' } } }],
    [
      'an expression that does not parse',
      { StartAt: 'P', States: { P: { Type: 'Pass', Output: '{% 1 + %}', End: true } } },
    ],
    ['JSONPath', { QueryLanguage: 'JSONPath', ...pass }],
    [
      'an integration that is not here',
      { StartAt: 'P', States: { P: { ...callback(), Resource: 'arn:aws:states:::sqs:sendMessage' } } },
    ],
  ])('%s is an InvalidDefinition', async (_what, definition) => {
    await expect(local.create('M', definition)).rejects.toMatchObject({ name: 'InvalidDefinition' });
  });

  test('an update leaves running executions on the definition that they began with', async () => {
    const machine = await local.create('M', {
      StartAt: 'Ask',
      States: { Ask: callback({ Output: "{% 'old' %}" }) },
    });
    const running = await local.start(machine);
    await settled();
    const taskToken = token();
    const definition = JSON.stringify({ QueryLanguage: 'JSONata', ...pass });
    await local.sfn.send(new UpdateStateMachineCommand({ stateMachineArn: machine, definition }));
    await restart();
    await local.service.resume();
    await succeed(taskToken);
    await settled();
    expect((await local.describe(running)).output).toBe('"old"');
    expect(
      (await local.sfn.send(new DescribeStateMachineCommand({ stateMachineArn: machine }))).definition,
    ).toBe(definition);
    expect((await local.finish(await local.start(machine, { new: 1 }))).output).toBe('{"new":1}');
  });

  test('are listed, and what is not implemented says so loudly', async () => {
    const machine = await local.create('M', pass);
    const { stateMachines } = await local.sfn.send(new ListStateMachinesCommand({}));
    expect(stateMachines?.map(({ stateMachineArn }) => stateMachineArn)).toEqual([machine]);
    const publish = local.sfn.send(new PublishStateMachineVersionCommand({ stateMachineArn: machine }));
    await expect(publish).rejects.toMatchObject({
      name: 'UnknownOperationException',
      $metadata: { httpStatusCode: 501 },
    });
    expect(local.log.join()).toContain('NotImplemented: AWSStepFunctions.PublishStateMachineVersion');
  });
});

describe('callbacks', () => {
  test('SendTaskSuccess ends the wait with its output, once', async () => {
    const arn = await local.start(await local.create('M', waiting));
    await settled();
    await succeed(token(), '{"decision":"APPROVED"}');
    await settled();
    expect(await local.describe(arn)).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"decision":"APPROVED"}',
    });
    const taskToken = token();
    await expect(succeed(taskToken)).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await restart();
    await expect(succeed(taskToken)).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  test('SendTaskFailure carries its error name into Catch', async () => {
    const Catch = [{ ErrorEquals: ['My.Refusal'], Output: '{% $states.errorOutput %}', Next: 'Done' }];
    const States = { Ask: callback({ Catch }), Done: { Type: 'Succeed' } };
    const arn = await local.start(await local.create('M', { StartAt: 'Ask', States }));
    await settled();
    await local.sfn.send(
      new SendTaskFailureCommand({ taskToken: token(), error: 'My.Refusal', cause: 'no' }),
    );
    await settled();
    expect((await local.describe(arn)).output).toBe('{"Error":"My.Refusal","Cause":"no"}');
  });

  test('a callback task whose function throws fails at once', async () => {
    script = () => {
      throw new FunctionError('Broken');
    };
    const arn = await local.start(await local.create('M', waiting));
    await settled();
    expect(await local.describe(arn)).toMatchObject({ status: 'FAILED', error: 'Broken' });
    await expect(succeed(token())).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  test('a callback may come before the function has answered', async () => {
    let answer = (): void => undefined;
    script = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const arn = await local.start(await local.create('M', waiting));
    await settled();
    await succeed(token(), '1');
    answer();
    await settled();
    expect((await local.describe(arn)).output).toBe('1');
  });

  test('the token is on the disk before the function is called', async () => {
    const open = join(folder.path, 'step-functions', 'open');
    const found: boolean[] = [];
    script = async ({ payload }) => {
      const [file = ''] = await readdir(open);
      found.push(
        (await readFile(join(open, file), 'utf8')).includes(`"token":"${String(payload['token'])}"`),
      );
    };
    await local.start(await local.create('M', waiting));
    await settled();
    expect(found).toEqual([true]);
  });

  test('heartbeats keep a task alive; the first that is missing ends it', async () => {
    const machine = await local.create('M', {
      StartAt: 'Ask',
      States: { Ask: callback({ HeartbeatSeconds: 10 }) },
    });
    const arn = await local.start(machine);
    await settled();
    for (let beat = 1; beat <= 3; beat += 1) {
      local.clock.moveTo(local.clock.now() + 9000);
      await settled();
      await local.sfn.send(new SendTaskHeartbeatCommand({ taskToken: token() }));
    }
    const last = local.clock.now();
    expect(await local.finish(arn)).toMatchObject({ status: 'FAILED', error: 'States.HeartbeatTimeout' });
    expect(local.clock.now() - last).toBe(10_000);
    const late = local.sfn.send(new SendTaskHeartbeatCommand({ taskToken: token() }));
    await expect(late).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  test.each([
    ['an invented token', (): string => 'AAAA', '{}', 'InvalidToken'],
    [
      'a token with one character changed',
      (): string => `${token().slice(0, 40)}x${token().slice(41)}`,
      '{}',
      'InvalidToken',
    ],
    ['output that is not JSON', (): string => token(), '{', 'InvalidOutput'],
  ])('%s is refused', async (_what, given, output, name) => {
    await local.start(await local.create('M', waiting));
    await settled();
    await expect(succeed(given(), output)).rejects.toMatchObject({ name });
    await succeed(token());
  });

  test('tokens of a branch die with the branch', async () => {
    const branch = (name: string, state: object): object => ({ StartAt: name, States: { [name]: state } });
    const Branches = [branch('Ask', callback()), branch('Late', { Type: 'Wait', Seconds: 5, Next: 'Bad' })];
    Object.assign((Branches[1] as { States: object }).States, { Bad: { Type: 'Fail', Error: 'Bad' } });
    const States = {
      Both: { Type: 'Parallel', Branches, Catch: [{ ErrorEquals: ['Bad'], Next: 'Sleep' }], End: true },
      Sleep: { Type: 'Wait', Seconds: 99, End: true },
    };
    await local.start(await local.create('M', { StartAt: 'Both', States }));
    await settled();
    local.clock.moveTo(local.clock.now() + 5000);
    await settled();
    await expect(succeed(token())).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });
});

describe('looking', () => {
  test('the history has the events of AWS, numbered and linked, forwards, backwards and in pages', async () => {
    const arn = await local.start(await local.create('M', waiting), { a: 1 });
    await settled();
    await succeed(token(), '{"b":2}');
    await settled();
    expect(await local.events(arn)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    const first = await local.sfn.send(new GetExecutionHistoryCommand({ executionArn: arn, maxResults: 5 }));
    const request = { executionArn: arn, maxResults: 5, nextToken: first.nextToken };
    const second = await local.sfn.send(new GetExecutionHistoryCommand(request));
    const all = [...(first.events ?? []), ...(second.events ?? [])];
    expect(all.map(({ id, previousEventId }) => [id, previousEventId])).toEqual(
      all.map((_, n) => [n + 1, n]),
    );
    expect(all[2]?.taskScheduledEventDetails).toMatchObject({
      resourceType: 'lambda',
      timeoutInSeconds: 1000,
    });
    expect(all[7]?.executionSucceededEventDetails?.output).toBe('{"b":2}');
    const back = await local.sfn.send(
      new GetExecutionHistoryCommand({ executionArn: arn, reverseOrder: true, maxResults: 1 }),
    );
    expect(back.events?.[0]?.type).toBe('ExecutionSucceeded');
  });

  test('executions are listed latest first, by status, in pages', async () => {
    const machine = await local.create('M', waiting);
    for (const name of ['a', 'b', 'c', 'd']) {
      await local.start(machine, {}, name);
      local.clock.moveTo(local.clock.now() + 1000);
      await settled();
    }
    await succeed(token(1));
    await settled();
    await restart();
    await local.service.resume();
    const list = async (more: object = {}): Promise<unknown> => {
      const { executions, nextToken } = await local.sfn.send(
        new ListExecutionsCommand({ stateMachineArn: machine, ...more }),
      );
      return [executions?.map(({ name }) => name).join(''), nextToken];
    };
    expect(await list()).toEqual(['dcba', undefined]);
    expect(await list({ statusFilter: 'RUNNING' })).toEqual(['dca', undefined]);
    expect(await list({ statusFilter: 'SUCCEEDED' })).toEqual(['b', undefined]);
    const [page, nextToken] = (await list({ maxResults: 3 })) as [string, string];
    expect([page, await list({ maxResults: 3, nextToken })]).toEqual(['dcb', ['a', undefined]]);
  });

  test('a stopped execution is ABORTED, and its status changes were told in order', async () => {
    const told: StatusChange[] = [];
    local.service.onStatusChange((change) => void told.push(change));
    const arn = await local.start(await local.create('M', waiting), { a: 1 });
    await settled();
    await local.sfn.send(new StopExecutionCommand({ executionArn: arn, error: 'Enough', cause: 'stop' }));
    await settled();
    expect(await local.describe(arn)).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'stop' });
    expect(told.map(({ status }) => status)).toEqual(['RUNNING', 'ABORTED']);
    expect(told[1]).toMatchObject({
      executionArn: arn,
      input: '{"a":1}',
      error: 'Enough',
      stopDate: local.clock.now(),
    });
    await expect(succeed(token())).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });
});

describe('after a restart', () => {
  test('a wait keeps its moment and a token stays good, even before resume (DEP-06)', async () => {
    const States = {
      Ask: callback({ Next: 'Later', End: undefined }),
      Later: { Type: 'Wait', Seconds: 60, End: true },
    };
    const arn = await local.start(await local.create('M', { StartAt: 'Ask', States }));
    await settled();
    const taskToken = token();
    await restart();
    await succeed(taskToken, '"yes"');
    await local.service.resume();
    await settled();
    expect(local.calls).toEqual([]);
    const dueAt = local.clock.now() + 60_000;
    expect(local.clock.next()).toBe(dueAt);
    local.clock.moveTo(dueAt - 1000);
    await restart();
    await local.service.resume();
    await settled();
    expect(local.clock.next()).toBe(dueAt);
    expect((await local.finish(arn)).output).toBe('"yes"');
  });

  test('a call that had no answer is made again with the same payload and token, and that is logged', async () => {
    script = () => new Promise(() => undefined);
    const arn = await local.start(await local.create('M', waiting));
    await settled();
    const before = local.calls[0];
    script = () => null;
    await restart();
    expect(await local.service.resume()).toEqual({ resumed: 1 });
    await settled();
    expect(local.calls).toEqual([before]);
    expect(local.log.join()).toContain('is called again');
    await succeed(token(), '1');
    await settled();
    expect((await local.describe(arn)).output).toBe('1');
  });

  test('what was due while nothing ran happens now, and is not called again', async () => {
    script = () => new Promise(() => undefined);
    const arn = await local.start(await local.create('M', waiting));
    await settled();
    const { clock } = local;
    await local.stop();
    clock.moveTo(clock.now() + 5_000_000);
    local = await rig(folder.path, (call) => script(call), clock);
    await local.service.resume();
    await settled();
    expect(await local.describe(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(local.calls).toEqual([]);
  });

  test('an end that was not announced before the crash is announced', async () => {
    local.service.onStatusChange(({ status }) =>
      status === 'SUCCEEDED' ? new Promise(() => undefined) : undefined,
    );
    const arn = await local.start(await local.create('M', pass));
    await settled();
    await restart();
    const told: string[] = [];
    local.service.onStatusChange(({ status }) => void told.push(status));
    expect(await local.service.resume()).toEqual({ resumed: 0 });
    await settled();
    expect(told).toEqual(['SUCCEEDED']);
    expect((await local.describe(arn)).status).toBe('SUCCEEDED');
    expect(await readdir(join(folder.path, 'step-functions', 'open'))).toEqual([]);
  });

  test('a start looks at no closed execution, and the list has a hundred thousand', async () => {
    const machine = await local.create('M', waiting);
    await local.start(machine, {}, 'open');
    await settled();
    await local.stop();
    const closed = join(folder.path, 'step-functions', 'closed');
    const line = (n: number): string =>
      JSON.stringify({
        executionArn: `${machine.replace('stateMachine', 'execution')}:n${n}`,
        stateMachineArn: machine,
        name: `n${n}`,
        status: 'SUCCEEDED',
        startDate: n,
        stopDate: n,
      });
    // A folder where a file belongs, and files where folders belong: whoever reads them fails.
    const index = join(closed, 'index.jsonl');
    await mkdir(index);
    for (let shard = 0; shard < 256; shard += 1)
      await writeFile(join(closed, shard.toString(16).padStart(2, '0')), '');
    local = await rig(folder.path, () => null, local.clock);
    expect(await local.service.resume()).toEqual({ resumed: 1 });
    await rmdir(index);
    await writeFile(index, Array.from({ length: 100_000 }, (_, n) => line(n)).join('\n'));
    const { executions } = await local.sfn.send(
      new ListExecutionsCommand({ stateMachineArn: machine, maxResults: 2 }),
    );
    expect(executions?.map(({ name }) => name)).toEqual(['open', 'n99999']);
  });
});
