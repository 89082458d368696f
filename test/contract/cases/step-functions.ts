import assert from 'node:assert/strict';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { type Case, eventually, fresh, type Place, PRELUDE, refused, ROLE } from '../place.ts';

const machine = async ({ sfn }: Place, definition: object): Promise<string> => {
  const made = await sfn.send(
    new CreateStateMachineCommand({
      name: fresh('machine'),
      roleArn: ROLE,
      definition: JSON.stringify({ QueryLanguage: 'JSONata', ...definition }),
    }),
  );
  return String(made.stateMachineArn);
};
const start = async ({ sfn }: Place, stateMachineArn: string, input: unknown = {}, name?: string) =>
  String(
    (
      await sfn.send(
        new StartExecutionCommand({
          stateMachineArn,
          input: JSON.stringify(input),
          ...(name === undefined ? {} : { name }),
        }),
      )
    ).executionArn,
  );
const ended = (place: Place, executionArn: string): Promise<DescribeExecutionCommandOutput> =>
  eventually('the end of the execution', async () => {
    const told = await place.sfn.send(new DescribeExecutionCommand({ executionArn }));
    return told.status === 'RUNNING' ? undefined : told;
  });
const outputOf = (told: DescribeExecutionCommandOutput): unknown => {
  assert.equal(told.status, 'SUCCEEDED', `${told.status}: ${told.error} ${told.cause}`);
  return JSON.parse(told.output ?? 'null');
};

const call = (functionArn: string, rest: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: functionArn, Payload: { from: '{% $states.input %}' } },
  Output: '{% $states.result.Payload %}',
  End: true,
  ...rest,
});
const FAILS = `export const handler = async () => { throw Object.assign(new Error('not now'), { name: 'Contract.Busy' }); };`;

/** A task that waits for a token; its function puts the token into a bucket, from where the case takes it. */
const waiting = async (place: Place, rest: object = {}) => {
  const bucket = fresh('tokens');
  await place.bucket(bucket);
  const teller = await place.fn(
    fresh('teller'),
    `export const handler = async ({ token }) => {
      const reply = await fetch(process.env.AWS_ENDPOINT_URL + '/${bucket}/token', {
        method: 'PUT',
        headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0' },
        body: token,
      });
      if (!reply.ok) throw new Error(await reply.text());
    };`,
  );
  const arn = await machine(place, {
    StartAt: 'Wait',
    States: {
      Wait: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Arguments: { FunctionName: teller, Payload: { token: '{% $states.context.Task.Token %}' } },
        TimeoutSeconds: 60,
        End: true,
        ...rest,
      },
      ...('Catch' in rest
        ? { Caught: { Type: 'Pass', Output: { caught: '{% $states.input.Error %}' }, End: true } }
        : {}),
    },
  });
  const token = (): Promise<string> =>
    eventually('the task token', async () => {
      const found = await place.s3
        .send(new GetObjectCommand({ Bucket: bucket, Key: 'token' }))
        .catch(() => undefined);
      return found?.Body?.transformToString();
    });
  return { arn, token };
};

/** What `action.asl.json` and those who start and answer it rely on. */
export const STEP_FUNCTIONS_CASES: readonly Case[] = [
  {
    id: 'a name starts one execution: the same input again finds it, another input is refused',
    async run(place) {
      const arn = await machine(place, {
        StartAt: 'Rest',
        States: { Rest: { Type: 'Wait', Seconds: 60, End: true } },
      });
      const first = await start(place, arn, { key: 1 }, 'once');
      assert.equal(await start(place, arn, { key: 1 }, 'once'), first);
      assert.equal((await refused(start(place, arn, { key: 2 }, 'once'))).name, 'ExecutionAlreadyExists');
    },
  },
  {
    id: 'an ended execution answers its name with ExecutionAlreadyExists, also for the same input',
    async run(place) {
      const arn = await machine(place, { StartAt: 'Done', States: { Done: { Type: 'Succeed' } } });
      const first = await start(place, arn, { key: 1 }, 'once');
      outputOf(await ended(place, first));
      assert.equal((await refused(start(place, arn, { key: 1 }, 'once'))).name, 'ExecutionAlreadyExists');
    },
  },
  {
    id: 'an execution that is not there is ExecutionDoesNotExist',
    async run(place) {
      const arn = await machine(place, { StartAt: 'Done', States: { Done: { Type: 'Succeed' } } });
      const executionArn = `${arn.replace(':stateMachine:', ':execution:')}:never`;
      const error = await refused(place.sfn.send(new DescribeExecutionCommand({ executionArn })));
      assert.equal(error.name, 'ExecutionDoesNotExist');
    },
  },
  {
    id: 'Arguments, Assign, Output and Choice are JSONata',
    async run(place) {
      const echo = await place.fn(
        fresh('echo'),
        'export const handler = async (event) => ({ got: event.from.n * 2 });',
      );
      const arn = await machine(place, {
        StartAt: 'Double',
        States: {
          Double: call(echo, {
            Assign: {
              first: '{% $states.result.Payload.got %}',
              start: '{% $states.context.Execution.Input.n %}',
            },
            End: undefined,
            Next: 'Big?',
          }),
          'Big?': {
            Type: 'Choice',
            Choices: [{ Condition: '{% $states.input.got > 10 and $exists($first) %}', Next: 'Tell' }],
            Default: 'Small',
          },
          Tell: {
            Type: 'Pass',
            Output: {
              sum: '{% $first + $start %}',
              missing: "{% $exists($states.input.nope) ? 1 : 'none' %}",
            },
            End: true,
          },
          Small: { Type: 'Fail', Error: 'Small' },
        },
      });
      assert.deepEqual(outputOf(await ended(place, await start(place, arn, { n: 7 }))), {
        sum: 21,
        missing: 'none',
      });
    },
  },
  {
    id: 'a caller answers a waiting task with its token',
    async run(place) {
      const { arn, token } = await waiting(place, { Output: '{% $states.result.decision %}' });
      const execution = await start(place, arn);
      const taskToken = await token();
      await place.sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{"decision":"APPROVED"}' }));
      assert.equal(outputOf(await ended(place, execution)), 'APPROVED');
    },
  },
  {
    id: 'a token is answered once: the second answer is refused',
    async run(place) {
      const { arn, token } = await waiting(place);
      const execution = await start(place, arn);
      const taskToken = await token();
      await place.sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
      await ended(place, execution);
      const error = await refused(place.sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{}' })));
      assert.ok(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'].includes(error.name), error.name);
    },
  },
  {
    id: 'a failure that is sent by name is caught by name',
    async run(place) {
      const { arn, token } = await waiting(place, {
        Catch: [{ ErrorEquals: ['Autopack.Transient'], Next: 'Caught' }],
      });
      const execution = await start(place, arn);
      await place.sfn.send(
        new SendTaskFailureCommand({ taskToken: await token(), error: 'Autopack.Transient', cause: 'again' }),
      );
      assert.deepEqual(outputOf(await ended(place, execution)), { caught: 'Autopack.Transient' });
    },
  },
  {
    id: 'a wait that nobody answers ends with States.Timeout, and its token is void',
    async run(place) {
      const { arn, token } = await waiting(place, {
        TimeoutSeconds: 1,
        Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Caught' }],
      });
      const execution = await start(place, arn);
      const taskToken = await token();
      assert.deepEqual(outputOf(await ended(place, execution)), { caught: 'States.Timeout' });
      const error = await refused(place.sfn.send(new SendTaskSuccessCommand({ taskToken, output: '{}' })));
      assert.ok(['TaskTimedOut', 'TaskDoesNotExist'].includes(error.name), error.name);
    },
  },
  {
    id: 'the timeout of a wait may be a JSONata expression',
    async run(place) {
      const { arn } = await waiting(place, {
        TimeoutSeconds: '{% $exists($states.input.waitSeconds) ? $states.input.waitSeconds : 60 %}',
        Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Caught' }],
      });
      const told = await ended(place, await start(place, arn, { waitSeconds: 1 }));
      assert.deepEqual(outputOf(told), { caught: 'States.Timeout' });
    },
  },
  {
    id: 'an error of a function is caught by the name that it has',
    async run(place) {
      const fails = await place.fn(fresh('fails'), FAILS);
      const arn = await machine(place, {
        StartAt: 'Try',
        States: {
          Try: call(fails, { Catch: [{ ErrorEquals: ['Contract.Busy'], Next: 'Caught' }] }),
          Caught: { Type: 'Pass', Output: { caught: '{% $states.input.Error %}' }, End: true },
        },
      });
      assert.deepEqual(outputOf(await ended(place, await start(place, arn))), { caught: 'Contract.Busy' });
    },
  },
  {
    id: 'States.TaskFailed stands for every error of a function, and is retried as often as it says',
    async run(place) {
      const Name = fresh('tries');
      await place.secrets.send(new CreateSecretCommand({ Name, SecretString: 'x' }));
      const fails = await place.fn(
        fresh('fails'),
        `${PRELUDE}
        const on = (operation, body) => aws('secretsmanager', 'secretsmanager.' + operation, body);
        export const handler = async () => {
          const { SecretString } = await on('GetSecretValue', { SecretId: '${Name}' });
          await on('PutSecretValue', { SecretId: '${Name}', SecretString: SecretString + 'x' });
          if (SecretString.length < 3) throw new Error('not yet');
          return SecretString.length;
        };`,
      );
      const arn = await machine(place, {
        StartAt: 'Try',
        States: {
          Try: call(fails, {
            Retry: [
              { ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 },
            ],
          }),
        },
      });
      assert.equal(outputOf(await ended(place, await start(place, arn))), 3);
    },
  },
  {
    id: 'an error that nobody catches fails the execution with its name',
    async run(place) {
      const arn = await machine(place, {
        StartAt: 'No',
        States: { No: { Type: 'Fail', Error: 'Contract.No', Cause: 'why' } },
      });
      const told = await ended(place, await start(place, arn));
      assert.deepEqual([told.status, told.error, told.cause], ['FAILED', 'Contract.No', 'why']);
    },
  },
  {
    id: 'a definition that cannot run is refused',
    async run(place) {
      const error = await refused(
        machine(place, { StartAt: 'Nowhere', States: { Here: { Type: 'Succeed' } } }),
      );
      assert.equal(error.name, 'InvalidDefinition');
    },
  },
];
