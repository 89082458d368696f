import { App, CfnResource, Duration, Stack, Validations } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule as EventSchedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function as LambdaFunctionResource, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { afterAll, describe, expect, it } from 'vitest';
import { ProtectedTable } from '#infra/constructs/tables.ts';
import { AutopackChecks } from '#infra/rules/own-rules.ts';
import { folder, readReport, removeFolders } from './assembly.ts';

afterAll(removeFolders);

/** Ids of what our rules find in a stack that `plant` fills. */
const found = (plant: (stack: Stack) => void): readonly string[] => {
  const app = new App({ outdir: folder(), analyticsReporting: false, autoSynth: false });
  plant(new Stack(app, 'Planted'));
  Validations.of(app).addPlugins(new AutopackChecks(app));
  try {
    app.synth();
  } catch {
    return readReport(app.outdir)
      .findings.map(({ rule }) => rule)
      .toSorted();
  }
  return [];
};

const fn = (stack: Stack, id: string, { logs = true, destination = false } = {}): LambdaFunctionResource =>
  new LambdaFunctionResource(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {}'),
    ...(logs ? { logGroup: new LogGroup(stack, `${id}Logs`, { retention: RetentionDays.ONE_WEEK }) } : {}),
    ...(destination ? { onFailure: new SqsDestination(new Queue(stack, `${id}Failures`)) } : {}),
  });

const machine = (stack: Stack, states: object): StateMachine =>
  new StateMachine(stack, 'Machine', {
    definitionBody: DefinitionBody.fromString(JSON.stringify({ StartAt: 'Wait', States: states })),
  });

const wait = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Arguments: {},
  End: true,
};

describe('a table', () => {
  it('without recovery, protection and key is found, each by name', () => {
    expect(
      found(
        (stack) =>
          void new TableV2(stack, 'Table', { partitionKey: { name: 'pk', type: AttributeType.STRING } }),
      ),
    ).toEqual([
      'Autopack-TableProtected[key]',
      'Autopack-TableProtected[protection]',
      'Autopack-TableProtected[recovery]',
    ]);
  });

  it('of ours passes, and fails as soon as one of the three is overridden', () => {
    const table = (stack: Stack): ProtectedTable =>
      new ProtectedTable(stack, 'Mine', { dataKey: new Key(stack, 'Key') });
    expect(found((stack) => void table(stack))).toEqual([]);
    for (const [path, value, finding] of [
      ['PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled', false, 'recovery'],
      ['DeletionProtectionEnabled', false, 'protection'],
      ['SSESpecification', undefined, 'key'],
    ] as const)
      expect(
        found((stack) =>
          (table(stack).node.defaultChild as CfnResource).addPropertyOverride(`Replicas.0.${path}`, value),
        ),
      ).toEqual([`Autopack-TableProtected[${finding}]`]);
  });
});

describe('a callback task', () => {
  it('without a timeout is found by its name, in branches and maps too', () => {
    expect(found((stack) => void machine(stack, { Wait: wait }))).toEqual(['Autopack-CallbackTimeout[Wait]']);
    const nested = {
      Wait: {
        Type: 'Parallel',
        Branches: [{ StartAt: 'In a branch', States: { 'In a branch': wait } }],
        Next: 'Each',
      },
      Each: { Type: 'Map', ItemProcessor: { StartAt: 'In a map', States: { 'In a map': wait } }, End: true },
    };
    expect(found((stack) => void machine(stack, nested))).toEqual([
      'Autopack-CallbackTimeout[In a branch]',
      'Autopack-CallbackTimeout[In a map]',
    ]);
  });

  it('with one passes, fixed or computed', () => {
    expect(found((stack) => void machine(stack, { Wait: { ...wait, TimeoutSeconds: 60 } }))).toEqual([]);
    expect(
      found((stack) => void machine(stack, { Wait: { ...wait, TimeoutSecondsPath: '$.seconds' } })),
    ).toEqual([]);
  });
});

describe('an asynchronous invocation', () => {
  const queue = (stack: Stack): Queue => new Queue(stack, 'Letters');
  const every = ScheduleExpression.rate(Duration.minutes(1));

  it.each([
    [
      'a rule',
      (stack: Stack, target: LambdaFunctionResource, deadLetterQueue?: Queue) =>
        void new Rule(stack, 'Rule', {
          schedule: EventSchedule.rate(Duration.hours(1)),
          targets: [new LambdaFunction(target, deadLetterQueue === undefined ? {} : { deadLetterQueue })],
        }),
    ],
    [
      'a schedule',
      (stack: Stack, target: LambdaFunctionResource, deadLetterQueue?: Queue) =>
        void new Schedule(stack, 'Schedule', {
          schedule: every,
          target: new LambdaInvoke(target, deadLetterQueue === undefined ? {} : { deadLetterQueue }),
        }),
    ],
  ])('by %s is found without a dead letter queue and without a failure destination', (_what, invoke) => {
    expect(found((stack) => invoke(stack, fn(stack, 'Target')))).toEqual([
      expect.stringMatching(/^Autopack-FailureDestination\[Target\w+ has no failure destination\]$/),
      'Autopack-FailureDestination[delivery has no dead letter queue]',
    ]);
    expect(found((stack) => invoke(stack, fn(stack, 'Target', { destination: true })))).toHaveLength(1);
    expect(found((stack) => invoke(stack, fn(stack, 'Target'), queue(stack)))).toHaveLength(1);
    expect(found((stack) => invoke(stack, fn(stack, 'Target', { destination: true }), queue(stack)))).toEqual(
      [],
    );
  });

  it('by a custom resource is found without a failure destination', () => {
    const plant = (destination: boolean) => (stack: Stack) =>
      void new CfnResource(stack, 'Rows', {
        type: 'Custom::Rows',
        properties: { ServiceToken: fn(stack, 'Target', { destination }).functionArn },
      });
    expect(found(plant(false))).toEqual([expect.stringMatching(/^Autopack-FailureDestination\[Target/)]);
    expect(found(plant(true))).toEqual([]);
  });
});

describe('a function', () => {
  it('without a log group of its own is found; with one that forgets it passes', () => {
    expect(found((stack) => void fn(stack, 'Silent', { logs: false }))).toEqual([
      'Autopack-LogRetention[no log group with retention]',
    ]);
    expect(found((stack) => void fn(stack, 'Forgetful'))).toEqual([]);
  });

  it('with a log group that keeps everything is found', () => {
    expect(
      found((stack) => {
        const target = fn(stack, 'Hoarder');
        (stack.node.findChild('HoarderLogs').node.defaultChild as CfnResource).addPropertyDeletionOverride(
          'RetentionInDays',
        );
        void target;
      }),
    ).toEqual(['Autopack-LogRetention[no log group with retention]']);
  });
});
