import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseScheduleExpression } from '#infra/local/schedule-expression.ts';
import type { ScheduleProperties } from '#infra/local/schedule.ts';
import { createScheduler, type Scheduler } from '#infra/local/scheduler.ts';
import type { AwsReply } from '#infra/local/service.ts';
import type { StartRequest } from '#infra/local/step-functions/contract.ts';
import {
  ACCOUNT,
  functionArn,
  FunctionError,
  machineArn,
  scriptedInvoke,
  settled,
  START,
  steppedClock,
  type Call,
  type Script,
} from './step-functions-rig.ts';

const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();
const utc = (text: string): number => Date.parse(text);

describe('a schedule expression', () => {
  test.each([
    ['rate(5 minutes)', 'UTC', '2026-11-21T08:02:00Z', '2026-11-21T08:05:00.000Z'],
    ['rate(1 day)', 'UTC', '2026-11-21T08:00:00Z', '2026-11-22T08:00:00.000Z'],
    ['at(2026-12-24T18:30:00)', 'Europe/Berlin', '2026-11-21T08:00:00Z', '2026-12-24T17:30:00.000Z'],
    ['at(2026-11-20T00:00:00)', 'UTC', '2026-11-21T08:00:00Z', undefined],
    ['cron(0 8 * * ? *)', 'UTC', '2026-11-21T08:00:00Z', '2026-11-22T08:00:00.000Z'],
    ['cron(0/15 * * * ? *)', 'UTC', '2026-11-21T08:16:00Z', '2026-11-21T08:30:00.000Z'],
    ['cron(30 9 ? * MON-FRI *)', 'UTC', '2026-11-21T08:00:00Z', '2026-11-23T09:30:00.000Z'],
    ['cron(0 0 L * ? *)', 'UTC', '2027-02-01T00:00:00Z', '2027-02-28T00:00:00.000Z'],
    ['cron(0 12 1 JAN,JUL ? 2028)', 'UTC', '2026-11-21T08:00:00Z', '2028-01-01T12:00:00.000Z'],
    ['cron(0 8 * * ? *)', 'America/New_York', '2026-11-21T08:00:00Z', '2026-11-21T13:00:00.000Z'],
    ['cron(30 2 * * ? *)', 'Europe/Berlin', '2027-03-27T12:00:00Z', '2027-03-29T00:30:00.000Z'],
    ['cron(30 2 * * ? *)', 'Europe/Berlin', '2027-10-31T00:29:00Z', '2027-10-31T00:30:00.000Z'],
    ['cron(30 2 * * ? *)', 'Europe/Berlin', '2027-10-31T00:30:00Z', '2027-11-01T01:30:00.000Z'],
    ['cron(0 0 * * ? 2020)', 'UTC', '2026-11-21T08:00:00Z', undefined],
  ])('%s in %s is due after %s at %s', (expression, zone, after, due) => {
    expect(iso(parseScheduleExpression(expression, zone, START).after(utc(after)))).toBe(due);
  });

  test.each([
    'rate(0 minutes)',
    'rate(5)',
    'cron(* * * * * *)',
    'cron(61 * * * ? *)',
    'cron(0 8 15W * ? *)',
    'at(tomorrow)',
    'every day',
  ])('%s is refused', (expression) => {
    expect(() => parseScheduleExpression(expression, 'UTC', START)).toThrow('Invalid Schedule Expression');
  });
});

let dataDir: string;
let clock: ReturnType<typeof steppedClock>;
let calls: Call[];
let started: StartRequest[];
let script: Script;
let log: string[];
let scheduler: Scheduler;

const open = (): Scheduler =>
  createScheduler(
    {
      dataDir,
      accountId: ACCOUNT,
      region: 'eu-west-1',
      clock,
      awsUrl: () => '',
      invoke: scriptedInvoke((call) => script(call), calls),
      log: (line) => log.push(line),
    },
    {
      startExecution: async (request) => {
        started.push(request);
        return { executionArn: '', startDate: 0 };
      },
    },
  );
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'autopack-scheduler-'));
  [clock, calls, started, log] = [steppedClock(), [], [], []];
  script = () => null;
  scheduler = open();
});
afterEach(async () => {
  await scheduler.close();
  await rm(dataDir, { recursive: true });
});

const schedule = (
  ScheduleExpression: string,
  more: Partial<ScheduleProperties> = {},
): ScheduleProperties => ({
  Name: 'sweep',
  ScheduleExpression,
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: {
    Arn: functionArn('sweep'),
    Input: '{"at":"<aws.scheduler.scheduled-time>","try":"<aws.scheduler.attempt-number>"}',
  },
  ...more,
});
const pass = async (minutes: number): Promise<void> => {
  const until = clock.now() + minutes * 60_000;
  for (let due = clock.next(); due !== undefined && due <= until; due = clock.next()) {
    clock.moveTo(due);
    await settled();
  }
  clock.moveTo(until);
  await settled();
};
const ticks = (): unknown[] => calls.map(({ payload }) => payload['at']);
const reopen = async (minutesDown: number, properties: ScheduleProperties): Promise<void> => {
  await scheduler.close();
  clock = steppedClock(clock.now() + minutesDown * 60_000);
  scheduler = open();
  await scheduler.ensureSchedule(properties);
  await scheduler.start();
};

describe('the scheduler', () => {
  test('invokes its function at every tick, with the attributes filled in, and not before the start', async () => {
    await scheduler.ensureSchedule(schedule('rate(1 minute)'));
    await pass(1);
    expect(calls).toEqual([]);
    await scheduler.start();
    await pass(2);
    expect(ticks()).toEqual(['2026-11-21T08:01:00Z', '2026-11-21T08:02:00Z', '2026-11-21T08:03:00Z']);
    expect(calls[0]).toMatchObject({ name: 'sweep', payload: { try: '1' } });
  });

  test('fires once for all ticks that were missed, and keeps its beat over a restart', async () => {
    const properties = schedule('rate(10 minutes)');
    await scheduler.ensureSchedule(properties);
    await scheduler.start();
    await pass(10);
    await reopen(43 + 30 * 24 * 60, properties);
    await pass(0);
    expect(ticks()).toEqual(['2026-11-21T08:10:00Z', '2026-12-21T08:50:00Z']);
    await pass(7);
    expect(ticks().at(-1)).toBe('2026-12-21T09:00:00Z');
  });

  test('a cron of every minute that was off for a month is found quickly', async () => {
    const properties = schedule('cron(* * * * ? *)', { ScheduleExpressionTimezone: 'Europe/Berlin' });
    await scheduler.ensureSchedule(properties);
    await reopen(30 * 24 * 60, properties);
    await pass(0);
    expect(ticks()).toEqual(['2026-12-21T08:00:00Z']);
  });

  test('a tick that failed is tried again as the policy says, a second apart and twice as long each time', async () => {
    script = () => {
      throw new Error('unreachable');
    };
    const Target = { ...schedule('').Target, RetryPolicy: { MaximumRetryAttempts: 2 } };
    await scheduler.ensureSchedule(schedule('at(2026-11-21T08:01:00)', { Target }));
    await scheduler.start();
    await pass(2);
    expect(calls.map(({ payload }) => payload['try'])).toEqual(['1', '2', '3']);
    expect(log.join()).toContain('gave up after 3 attempts: unreachable');
  });

  test('a function that fails is tried three times, as Lambda does', async () => {
    script = () => {
      throw new FunctionError('Broken');
    };
    await scheduler.ensureSchedule(schedule('at(2026-11-21T08:01:00)'));
    await scheduler.start();
    await pass(5);
    expect(calls).toHaveLength(3);
  });

  test('starts a state machine once for a tick, whatever the number of attempts', async () => {
    const Target = { Arn: machineArn('M'), Input: '{"n":1}' };
    await scheduler.ensureSchedule(schedule('rate(1 hour)', { Target }));
    await scheduler.start();
    await pass(120);
    expect(started.map(({ input }) => input)).toEqual(['{"n":1}', '{"n":1}']);
    expect(new Set(started.map(({ name }) => name)).size).toBe(2);
  });

  test('a schedule that left the template does not tick any more', async () => {
    await scheduler.ensureSchedule(schedule('rate(1 minute)'));
    await reopen(0, schedule('rate(1 minute)', { Name: 'other' }));
    await pass(1);
    expect(calls).toHaveLength(1);
  });

  test.each([
    ['a flexible window', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }],
    ['another target', { Target: { Arn: 'arn:aws:sqs:eu-west-1:000000000000:q' } }],
    ['an unknown property', { KmsKeyArn: 'k' }],
  ])('%s is refused loudly', async (_what, more) => {
    await expect(
      scheduler.ensureSchedule(schedule('rate(1 minute)', more as Partial<ScheduleProperties>)),
    ).rejects.toThrow('NotImplemented');
  });

  test('answers the API: create, get, list, delete, and 501 for the rest', async () => {
    const ask = (method: string, path: string, body = ''): Promise<AwsReply> =>
      scheduler.handle({
        target: undefined,
        method,
        path,
        query: new URLSearchParams(),
        headers: {},
        body: Buffer.from(body),
      });
    const { Name: _name, ...body } = schedule('at(2026-11-21T08:01:00)', { ActionAfterCompletion: 'DELETE' });
    await scheduler.start();
    expect((await ask('POST', '/schedules/once', JSON.stringify(body))).status).toBe(200);
    expect((await ask('POST', '/schedules/once', JSON.stringify(body))).status).toBe(409);
    expect(JSON.parse(String((await ask('GET', '/schedules/once')).body))).toMatchObject({
      Name: 'once',
      State: 'ENABLED',
      GroupName: 'default',
    });
    expect(JSON.parse(String((await ask('GET', '/schedules')).body)).Schedules).toHaveLength(1);
    await pass(1);
    expect(calls).toHaveLength(1);
    expect((await ask('GET', '/schedules/once')).status).toBe(404);
    expect((await ask('DELETE', '/schedules/once')).status).toBe(404);
    expect((await ask('PUT', '/schedules/once', '{}')).status).toBe(501);
    expect(log.join()).toContain('NotImplemented: scheduler PUT /schedules/once');
  });
});
