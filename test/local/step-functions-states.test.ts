import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  functionArn,
  FunctionError,
  rig,
  START,
  temporaryFolder,
  type Rig,
  type Script,
} from './step-functions-rig.ts';

const lambda = (name: string, Payload: unknown = {}, more: object = {}): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: functionArn(name), Payload },
  ...more,
});
const only = (state: object): object => ({
  StartAt: 'A',
  States: { A: { ...state, ...('Next' in state ? {} : { End: true }) } },
});
const inner = (state: object): object => ({ StartAt: 'I', States: { I: { ...state, End: true } } });
const then = (first: object, second: object): object => ({
  StartAt: 'A',
  States: { A: { ...first, Next: 'B' }, B: { ...second } },
});
const succeed = { Type: 'Succeed' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let local: Rig;
let script: Script = () => null;
beforeAll(async () => {
  folder = await temporaryFolder();
  local = await rig(folder.path, (call) => script(call));
  await local.service.resume();
});
afterAll(async () => {
  await local.stop();
  await folder.remove();
});

let machines = 0;
/** What an execution comes to: output or error, and how many seconds it took. */
async function run(definition: object, input: unknown = {}): Promise<unknown> {
  const arn = await local.create(`M${(machines += 1)}`, definition);
  const startedAt = local.clock.now();
  const told = await local.finish(await local.start(arn, input));
  const took = (local.clock.now() - startedAt) / 1000;
  const end =
    told.status === 'SUCCEEDED' ? (JSON.parse(told.output ?? '') as unknown) : { error: told.error };
  return { status: told.status, end, took };
}

/** A function that fails with these errors one after the other, then answers. */
const failing = (errors: readonly string[], answer: unknown = 'ok'): Script => {
  const left = [...errors];
  return () => {
    const error = left.shift();
    if (error !== undefined) throw new FunctionError(error);
    return answer;
  };
};

const ok = (end: unknown, took = 0): object => ({ status: 'SUCCEEDED', end, took });
const failed = (error: string, took = 0): object => ({ status: 'FAILED', end: { error }, took });

interface Row {
  readonly definition: object;
  readonly input?: unknown;
  readonly script?: Script;
  readonly expected: object;
}

const retry = (more: object): object[] => [{ ErrorEquals: ['Busy'], ...more }];
const never = (): Promise<never> => new Promise(() => undefined);

const rows: Readonly<Record<string, Row>> = {
  'Pass hands its input on': { definition: only({ Type: 'Pass' }), input: { a: 1 }, expected: ok({ a: 1 }) },
  'Output may be a literal, with expressions at any depth': {
    definition: only({ Type: 'Pass', Output: { a: [1, '{% $states.input.x %}'], b: 'plain' } }),
    input: { x: 7 },
    expected: ok({ a: [1, 7], b: 'plain' }),
  },
  'an expression that returns nothing is an error': {
    definition: only({ Type: 'Pass', Output: '{% $states.input.absent %}' }),
    expected: failed('States.QueryEvaluationError'),
  },
  'null is not nothing': { definition: only({ Type: 'Pass', Output: '{% null %}' }), expected: ok(null) },
  'Assign and Output see the variables as they were at entry': {
    definition: then(
      { Type: 'Pass', Assign: { x: 1 } },
      { Type: 'Pass', Assign: { x: 2 }, Output: '{% $x %}', End: true },
    ),
    expected: ok(1),
  },
  'the context tells the execution and the state': {
    definition: only({
      Type: 'Pass',
      Output: {
        input: '{% $states.context.Execution.Input.k %}',
        started: '{% $states.context.Execution.StartTime %}',
        state: '{% $states.context.State.Name %}',
        retries: '{% $states.context.State.RetryCount %}',
      },
    }),
    input: { k: 'v' },
    expected: ok({ input: 'v', started: expect.stringMatching(/^2026-.*Z$/), state: 'A', retries: 0 }),
  },
  "AWS's own functions": {
    definition: only({
      Type: 'Pass',
      Output: {
        range: '{% $range(1, 7, 3) %}',
        partition: '{% $partition([1, 2, 3], 2) %}',
        hash: "{% $hash('a', 'SHA-256') %}",
        parse: '{% $parse(\'{"a":[1]}\').a[0] %}',
        random: '{% $random(1) = $random(1) and $random() < 1 %}',
        uuid: '{% $length($uuid()) %}',
      },
    }),
    expected: ok({
      range: [1, 4, 7],
      partition: [[1, 2], [3]],
      hash: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
      parse: 1,
      random: true,
      uuid: 36,
    }),
  },
  '$eval is refused': {
    definition: only({ Type: 'Pass', Output: "{% $eval('1') %}" }),
    expected: failed('States.QueryEvaluationError'),
  },
  'an expression that never ends is stopped': {
    definition: only({ Type: 'Pass', Output: '{% ($f := function($n) { $f($n + 1) }; $f(1)) %}' }),
    expected: failed('States.QueryEvaluationError'),
  },
  'Choice takes the first rule that holds, with its own Output': {
    definition: {
      StartAt: 'A',
      States: {
        A: {
          Type: 'Choice',
          Choices: [
            { Condition: '{% $states.input.n > 5 %}', Next: 'B', Output: 'big' },
            { Condition: '{% $states.input.n > 1 %}', Next: 'B', Output: 'middle' },
          ],
          Default: 'B',
        },
        B: succeed,
      },
    },
    input: { n: 3 },
    expected: ok('middle'),
  },
  'Choice without a match and without Default': {
    definition: {
      StartAt: 'A',
      States: { A: { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: 'B' }] }, B: succeed },
    },
    expected: failed('States.NoChoiceMatched'),
  },
  'a Condition is a boolean': {
    definition: {
      StartAt: 'A',
      States: {
        A: { Type: 'Choice', Choices: [{ Condition: "{% 'yes' %}", Next: 'B' }], Default: 'B' },
        B: succeed,
      },
    },
    expected: failed('States.QueryEvaluationError'),
  },
  'Wait for seconds': { definition: only({ Type: 'Wait', Seconds: 90 }), expected: ok({}, 90) },
  'Wait for seconds from an expression': {
    definition: only({ Type: 'Wait', Seconds: '{% $states.input.s %}' }),
    input: { s: 2_000_000 },
    expected: ok({ s: 2_000_000 }, 2_000_000),
  },
  'Wait until a moment that $now() tells is over at once': {
    definition: only({ Type: 'Wait', Timestamp: '{% $now() %}' }),
    expected: ok({}),
  },
  'Wait refuses half a second': {
    definition: only({ Type: 'Wait', Seconds: '{% 0.5 %}' }),
    expected: failed('States.QueryEvaluationError'),
  },
  'Fail names its error': {
    definition: {
      StartAt: 'A',
      States: { A: { Type: 'Fail', Error: "{% 'My.' & 'Error' %}", Cause: 'because' } },
    },
    expected: failed('My.Error'),
  },
  'a Lambda task answers under Payload': {
    definition: only(lambda('f', { n: '{% $states.input.n %}' }, { Output: '{% $states.result.Payload %}' })),
    input: { n: 4 },
    script: ({ name, payload }) => ({ name, payload }),
    expected: ok({ name: 'f', payload: { n: 4 } }),
  },
  'a function as Resource answers itself': {
    definition: only({ Type: 'Task', Resource: functionArn('g'), Arguments: { a: 1 } }),
    script: ({ payload }) => ({ got: payload }),
    expected: ok({ got: { a: 1 } }),
  },
  'without Arguments the function gets the input': {
    definition: only({ Type: 'Task', Resource: functionArn('g') }),
    input: { a: 1 },
    script: ({ payload }) => payload,
    expected: ok({ a: 1 }),
  },
  "a function's error carries its own name": {
    definition: only(lambda('f')),
    script: failing(['Custom.Name']),
    expected: failed('Custom.Name'),
  },
  'an error of the Lambda service has its name': {
    definition: only(lambda('f')),
    script: () => {
      throw Object.assign(new Error('slow down'), { name: 'TooManyRequestsException' });
    },
    expected: failed('Lambda.TooManyRequestsException'),
  },
  'Retry waits one second, then twice as long each time, three times': {
    definition: only(lambda('f', {}, { Retry: retry({}) })),
    script: failing(['Busy', 'Busy', 'Busy', 'Busy']),
    expected: failed('Busy', 7),
  },
  'Retry with interval, rate and cap': {
    definition: only(
      lambda(
        'f',
        {},
        { Output: "{% 'done' %}", Retry: retry({ IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 5 }) },
      ),
    ),
    script: failing(['Busy', 'Busy', 'Busy']),
    expected: ok('done', 2 + 5 + 5),
  },
  'full jitter takes a random part of the pause': {
    definition: only(
      lambda(
        'f',
        {},
        { Output: "{% 'done' %}", Retry: retry({ IntervalSeconds: 4, JitterStrategy: 'FULL' }) },
      ),
    ),
    script: failing(['Busy']),
    expected: ok('done', 2),
  },
  'MaxAttempts 0 never retries': {
    definition: only(
      lambda(
        'f',
        {},
        { Retry: [{ ErrorEquals: ['Busy'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }] },
      ),
    ),
    script: failing(['Busy']),
    expected: failed('Busy'),
  },
  'each retrier counts for itself': {
    definition: only(
      lambda(
        'f',
        {},
        {
          Output: '{% $states.context.State.RetryCount %}',
          Retry: [
            { ErrorEquals: ['Busy'], MaxAttempts: 1 },
            { ErrorEquals: ['Other'], MaxAttempts: 1, IntervalSeconds: 10 },
          ],
        },
      ),
    ),
    script: failing(['Busy', 'Other']),
    expected: ok(2, 11),
  },
  'Catch hands on error and cause, and its own Assign and Output': {
    definition: then(
      lambda(
        'f',
        {},
        {
          Catch: [
            {
              ErrorEquals: ['Custom'],
              Assign: { e: '{% $states.errorOutput.Error %}' },
              Output: { cause: '{% $parse($states.errorOutput.Cause).errorMessage %}' },
              Next: 'B',
            },
          ],
        },
      ),
      { Type: 'Pass', Output: '{% [$e, $states.input.cause] %}', End: true },
    ),
    script: failing(['Custom']),
    expected: ok(['Custom', 'no']),
  },
  'a task that is too slow ends in States.Timeout': {
    definition: only(lambda('f', {}, { TimeoutSeconds: 30 })),
    script: never,
    expected: failed('States.Timeout', 30),
  },
  'States.TaskFailed does not stand for a timeout, States.ALL does': {
    definition: then(
      lambda(
        'f',
        {},
        {
          TimeoutSeconds: '{% 10 %}',
          Catch: [
            { ErrorEquals: ['States.TaskFailed'], Next: 'A' },
            { ErrorEquals: ['States.ALL'], Output: '{% $states.errorOutput.Error %}', Next: 'B' },
          ],
        },
      ),
      succeed,
    ),
    script: never,
    expected: ok('States.Timeout', 10),
  },
  'States.ALL does not stand for States.Runtime': {
    definition: then(
      {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Arguments: { Payload: 1 },
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
      },
      succeed,
    ),
    expected: failed('States.Runtime'),
  },
  'a failed evaluation in Output can be caught': {
    definition: then(
      lambda(
        'f',
        {},
        {
          Output: '{% $states.result.absent %}',
          Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Output: 'caught', Next: 'B' }],
        },
      ),
      succeed,
    ),
    expected: ok('caught'),
  },
  'Map keeps the order and gives each item its index': {
    definition: only({
      Type: 'Map',
      Items: '{% $states.input.list %}',
      ItemSelector: { i: '{% $states.context.Map.Item.Index %}', v: '{% $states.context.Map.Item.Value %}' },
      MaxConcurrency: 2,
      ItemProcessor: inner({
        Type: 'Wait',
        Seconds: '{% $states.input.v %}',
        Output: '{% $states.input.i & ":" & $states.input.v %}',
      }),
    }),
    input: { list: [3, 1, 2] },
    expected: ok(['0:3', '1:1', '2:2'], 3),
  },
  'an empty Map is an empty list': {
    definition: only({ Type: 'Map', Items: [], ItemProcessor: inner({ Type: 'Pass' }) }),
    expected: ok([]),
  },
  'a failing item fails the Map and stops its siblings': {
    definition: then(
      {
        Type: 'Map',
        Items: [1, 2],
        ItemProcessor: {
          StartAt: 'P',
          States: {
            P: {
              Type: 'Choice',
              Choices: [{ Condition: '{% $states.input = 2 %}', Next: 'F' }],
              Default: 'W',
            },
            W: { Type: 'Wait', Seconds: 1000, End: true },
            F: { Type: 'Fail', Error: 'Two' },
          },
        },
        Catch: [{ ErrorEquals: ['Two'], Output: 'caught', Next: 'B' }],
      },
      succeed,
    ),
    expected: ok('caught'),
  },
  'Parallel runs all branches on one input, and sees outer variables': {
    definition: then(
      { Type: 'Pass', Assign: { x: 'outer' } },
      {
        Type: 'Parallel',
        Branches: [
          inner({ Type: 'Wait', Seconds: 5 }),
          { StartAt: 'P', States: { P: { Type: 'Pass', Assign: { y: 1 }, Output: '{% $x %}', End: true } } },
        ],
        End: true,
      },
    ),
    input: { a: 1 },
    expected: ok([{ a: 1 }, 'outer'], 5),
  },
  'a branch cannot assign what belongs outside': {
    definition: then(
      { Type: 'Pass', Assign: { x: 1 } },
      {
        Type: 'Parallel',
        Branches: [{ StartAt: 'P', States: { P: { Type: 'Pass', Assign: { x: 2 }, End: true } } }],
        End: true,
      },
    ),
    expected: failed('States.Runtime'),
  },
  'the execution has a timeout of its own': {
    definition: { TimeoutSeconds: 100, ...only({ Type: 'Wait', Seconds: 1000 }) },
    expected: { status: 'TIMED_OUT', end: { error: 'States.Timeout' }, took: 100 },
  },
  'more than 256 KiB is refused': {
    definition: only({ Type: 'Pass', Output: "{% $pad('', 262200, 'x') %}" }),
    expected: failed('States.DataLimitExceeded'),
  },
};

describe('a state machine', () => {
  test.each(Object.entries(rows))('%s', async (_name, row) => {
    script = row.script ?? (() => null);
    expect(await run(row.definition, row.input)).toEqual(row.expected);
  });

  test('runs on its own clock and not on that of the machine', () => {
    expect(local.clock.now()).toBeGreaterThan(START);
    expect(local.log).toEqual([]);
  });
});
