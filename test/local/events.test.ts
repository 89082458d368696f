import { describe, expect, test } from 'vitest';
import { matchesPattern, parsePattern } from '#infra/local/event-pattern.ts';
import { createEvents, statusChangeEvent, type Events } from '#infra/local/events.ts';
import { createStepFunctions } from '#infra/local/step-functions/step-functions.ts';
import {
  ACCOUNT,
  functionArn,
  FunctionError,
  machineArn,
  scriptedInvoke,
  settled,
  steppedClock,
  temporaryFolder,
  type Call,
  type Script,
} from './step-functions-rig.ts';

const ended = {
  source: 'aws.states',
  detail: { status: 'FAILED', stateMachineArn: machineArn('M'), list: ['a', 'b'], nothing: null, n: 3 },
};

describe('an event pattern', () => {
  test.each([
    [{ source: ['aws.states'] }, true],
    [{ source: ['other', 'aws.states'] }, true],
    [{ source: ['other'] }, false],
    [{ detail: { status: ['FAILED', 'ABORTED'] } }, true],
    [{ source: ['aws.states'], detail: { status: ['SUCCEEDED'] } }, false],
    [{ source: [{ prefix: 'aws.' }] }, true],
    [{ source: [{ prefix: 'custom' }] }, false],
    [{ source: [{ suffix: 'states' }] }, true],
    [{ detail: { status: [{ 'anything-but': 'SUCCEEDED' }] } }, true],
    [{ detail: { status: [{ 'anything-but': ['SUCCEEDED', 'FAILED'] }] } }, false],
    [{ detail: { status: [{ 'anything-but': { prefix: 'FA' } }] } }, false],
    [{ detail: { absent: [{ 'anything-but': 'x' }] } }, false],
    [{ detail: { absent: [{ exists: false }] } }, true],
    [{ detail: { status: [{ exists: true }] } }, true],
    [{ detail: { absent: [{ exists: true }] } }, false],
    [{ detail: { list: ['b'] } }, true],
    [{ detail: { list: ['c'] } }, false],
    [{ detail: { nothing: [null], n: [3] } }, true],
    [{ detail: { n: ['3'] } }, false],
    [{ absent: { deeper: ['x'] } }, false],
  ])('%j matches: %s', (pattern, expected) => {
    expect(matchesPattern(parsePattern(pattern), ended)).toBe(expected);
  });

  test.each([
    { source: [{ numeric: ['>', 1] }] },
    { $or: [] },
    { source: [{ 'anything-but': { cidr: 'x' } }] },
    { source: [] },
    { source: 'x' },
    null,
  ])('%j is refused', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow();
  });
});

const bus = (script: Script = () => null) => {
  const calls: Call[] = [];
  const log: string[] = [];
  const clock = steppedClock();
  const host = {
    dataDir: '',
    accountId: ACCOUNT,
    region: 'eu-west-1',
    clock,
    awsUrl: () => '',
    invoke: scriptedInvoke(script, calls),
    log: (line: string) => void log.push(line),
  };
  return { calls, log, clock, host, events: createEvents(host) };
};
const rule = (events: Events, more: object = {}): void =>
  events.ensureRule({
    Name: 'r',
    EventPattern: { source: ['s'] },
    Targets: [{ Id: 't', Arn: functionArn('f') }],
    ...more,
  });

describe('the event bus', () => {
  test('hands a matching event to the target, with the envelope of AWS', async () => {
    const { events, calls } = bus();
    rule(events);
    await events.put({ source: 's', detailType: 'd', detail: { a: 1 } });
    await events.put({ source: 'other', detailType: 'd', detail: {} });
    expect(calls.map(({ payload }) => payload)).toEqual([
      {
        version: '0',
        id: expect.any(String),
        source: 's',
        'detail-type': 'd',
        account: ACCOUNT,
        region: 'eu-west-1',
        time: '2026-11-21T08:00:00Z',
        resources: [],
        detail: { a: 1 },
      },
    ]);
  });

  test('a disabled rule is silent, and a constant input replaces the event', async () => {
    const { events, calls } = bus();
    rule(events, { State: 'DISABLED' });
    await events.put({ source: 's', detailType: 'd', detail: {} });
    rule(events, { Targets: [{ Id: 't', Arn: functionArn('f'), Input: '{"x":1}' }] });
    await events.put({ source: 's', detailType: 'd', detail: {} });
    expect(calls.map(({ payload }) => payload)).toEqual([{ x: 1 }]);
  });

  test('a failing target is tried again and then given up, loudly', async () => {
    const { events, calls, clock, log } = bus(() => {
      throw new FunctionError('Broken');
    });
    rule(events);
    const put = events.put({ source: 's', detailType: 'd', detail: {} });
    for (const _ of [1, 2]) {
      await settled();
      clock.moveTo(clock.now() + 5000);
    }
    await put;
    expect(calls).toHaveLength(3);
    expect(log.join()).toContain('gave up');
  });

  test.each([
    ['another bus', { EventBusName: 'mine' }],
    ['a schedule', { ScheduleExpression: 'rate(1 minute)' }],
    [
      'a target that is not a function',
      { Targets: [{ Id: 't', Arn: 'arn:aws:sqs:eu-west-1:000000000000:q' }] },
    ],
    ['an input transformer', { Targets: [{ Id: 't', Arn: functionArn('f'), InputTransformer: {} }] }],
  ])('%s is NotImplemented', (_what, more) => {
    expect(() => rule(bus().events, more)).toThrow('NotImplemented');
  });

  test('PutEvents takes events over the wire; anything else is 501', async () => {
    const { events, calls } = bus();
    rule(events);
    const ask = (target: string, body: object) =>
      events.handle({
        target,
        method: 'POST',
        path: '/',
        query: new URLSearchParams(),
        headers: {},
        body: Buffer.from(JSON.stringify(body)),
      });
    const Entries = [
      { Source: 's', DetailType: 'd', Detail: '{"a":1}' },
      { Source: 's', DetailType: 'd', Detail: '{' },
    ];
    const reply = JSON.parse(String((await ask('AWSEvents.PutEvents', { Entries })).body)) as {
      FailedEntryCount: number;
      Entries: { EventId?: string }[];
    };
    expect(reply.FailedEntryCount).toBe(1);
    await settled();
    expect(calls.map(({ payload }) => payload['id'])).toEqual([reply.Entries[0]?.EventId]);
    expect((await ask('AWSEvents.PutRule', {})).status).toBe(501);
  });

  test('hears how executions end (EXT-01)', async () => {
    const folder = await temporaryFolder();
    const { events, calls, host } = bus();
    const service = createStepFunctions({ ...host, dataDir: folder.path });
    service.onStatusChange(async (change, at) => void (await events.put(statusChangeEvent(change, at))));
    const EventPattern = {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: { status: ['FAILED', 'ABORTED', 'TIMED_OUT'], stateMachineArn: [machineArn('M')] },
    };
    rule(events, { EventPattern });
    const fail = { QueryLanguage: 'JSONata', StartAt: 'F', States: { F: { Type: 'Fail', Error: 'Bad' } } };
    await service.ensureStateMachine(machineArn('M'), 'M', JSON.stringify(fail));
    await service.resume();
    await service.startExecution({ stateMachineArn: machineArn('M'), name: 'n', input: '{"a":1}' });
    await settled();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.payload).toMatchObject({
      detail: { name: 'n', status: 'FAILED', input: '{"a":1}', output: null, error: 'Bad' },
    });
    await service.close();
    await folder.remove();
  });
});
