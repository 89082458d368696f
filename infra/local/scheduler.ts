import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deliver } from './deliver.ts';
import { writeDurably } from './durable-file.ts';
import { dueAfter, parseScheduleExpression, type Timetable } from './schedule-expression.ts';
import { createSchedulerApi } from './scheduler-api.ts';
import type { Schedule, ScheduleProperties } from './schedule.ts';
import type { Host, InvokeResult, LocalService } from './service.ts';
import type { StepFunctions } from './step-functions/contract.ts';

export interface Scheduler extends LocalService {
  /** Creates or replaces a schedule; what has already fired is kept. Throws where it asks for more than there is. */
  ensureSchedule(properties: ScheduleProperties): Promise<void>;
  /** Starts ticking, once everything is deployed. What was missed while nothing ran fires once. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface SchedulerTargets {
  /** Starts an execution; used for targets that are state machines. */
  readonly startExecution: StepFunctions['startExecution'];
}

const SUPPORTED = new Set([
  'Name',
  'GroupName',
  'Description',
  'ScheduleExpression',
  'ScheduleExpressionTimezone',
  'State',
  'FlexibleTimeWindow',
  'ActionAfterCompletion',
  'Target',
  'ClientToken',
]);
const SUPPORTED_TARGET = new Set(['Arn', 'RoleArn', 'Input', 'RetryPolicy', 'DeadLetterConfig']);

/** @throws Error that names what the schedule asks for and this scheduler does not do. */
export function checkSchedule(properties: ScheduleProperties): void {
  for (const key of Object.keys(properties)) {
    if (!SUPPORTED.has(key)) throw new Error(`NotImplemented: schedule ${properties.Name} uses ${key}`);
  }
  for (const key of Object.keys(properties.Target)) {
    if (!SUPPORTED_TARGET.has(key))
      throw new Error(`NotImplemented: the target of ${properties.Name} uses ${key}`);
  }
  if (properties.FlexibleTimeWindow.Mode !== 'OFF') {
    throw new Error(`NotImplemented: schedule ${properties.Name} has a flexible time window`);
  }
  if (
    !/:lambda:|:states:/.test(properties.Target.Arn) ||
    properties.Target.Arn.startsWith('arn:aws:scheduler:::')
  ) {
    throw new Error(`NotImplemented: schedule ${properties.Name} has the target ${properties.Target.Arn}`);
  }
  if (!/^[0-9a-zA-Z-_.]{1,64}$/.test(properties.Name))
    throw new Error(`Invalid schedule name ${properties.Name}`);
  timetable(properties, 0);
}

const timetable = (properties: ScheduleProperties, anchor: number): Timetable =>
  parseScheduleExpression(
    properties.ScheduleExpression,
    properties.ScheduleExpressionTimezone ?? 'UTC',
    anchor,
  );

/** EventBridge Scheduler: rate, cron and one-time schedules to Lambda functions and state machines. */
export function createScheduler(host: Host, targets: SchedulerTargets): Scheduler {
  const folder = join(host.dataDir, 'scheduler');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const schedules = new Map<string, Schedule>();
  const timers = new Map<string, () => void>();
  const ensured = new Set<string>();
  let started = false;
  let closed = false;

  const keyOf = (group: string, name: string): string => `${group}/${name}`;
  const fileOf = (key: string): string =>
    join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  const arnOf = (key: string): string => `arn:aws:scheduler:${host.region}:${host.accountId}:schedule/${key}`;

  const loaded = (async () => {
    for (const file of await readdir(folder)) {
      if (!file.endsWith('.json')) continue;
      const schedule = JSON.parse(await readFile(join(folder, file), 'utf8')) as Schedule;
      schedules.set(keyOf(schedule.group, schedule.properties.Name), schedule);
    }
  })();
  loaded.catch(() => undefined);

  let writes: Promise<unknown> = Promise.resolve();
  const inOrder = async (write: () => Promise<void>): Promise<void> => {
    const run = writes.then(write);
    writes = run.catch(() => undefined);
    await run;
  };
  const store = (key: string, schedule: Schedule): Promise<void> => {
    schedules.set(key, schedule);
    return inOrder(async () => {
      const current = schedules.get(key);
      if (current !== undefined) await writeDurably(fileOf(key), JSON.stringify(current));
    });
  };
  const remove = (key: string): Promise<void> => {
    timers.get(key)?.();
    timers.delete(key);
    schedules.delete(key);
    return inOrder(() => rm(fileOf(key), { force: true }));
  };

  const invokeTarget = async (
    schedule: Schedule,
    key: string,
    due: number,
    attempt: number,
  ): Promise<InvokeResult> => {
    const { Target } = schedule.properties;
    // The same tick has the same id after a crash, so a state machine is not started twice for it.
    const executionId = createHash('sha256')
      .update(`${arnOf(key)} ${due}`)
      .digest('hex')
      .slice(0, 32);
    const scheduledTime = `${new Date(due).toISOString().slice(0, 19)}Z`;
    const attributes: Readonly<Record<string, string>> = {
      'schedule-arn': arnOf(key),
      'scheduled-time': scheduledTime,
      'execution-id': executionId,
      'attempt-number': String(attempt),
    };
    const input =
      Target.Input?.replaceAll(
        /<aws\.scheduler\.([a-z-]+)>/g,
        (whole, name: string) => attributes[name] ?? whole,
      ) ??
      JSON.stringify({
        version: '0',
        id: executionId,
        'detail-type': 'Scheduled Event',
        source: 'aws.scheduler',
        account: host.accountId,
        time: scheduledTime,
        region: host.region,
        resources: [arnOf(key)],
        detail: '{}',
      });
    if (Target.Arn.includes(':lambda:')) return host.invoke(Target.Arn, JSON.parse(input));
    try {
      await targets.startExecution({ stateMachineArn: Target.Arn, name: executionId, input });
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ExecutionAlreadyExists')) throw error;
    }
    return { payload: null };
  };

  const fire = async (key: string, due: number): Promise<void> => {
    const schedule = schedules.get(key);
    if (schedule === undefined) return;
    arm(key, due);
    await deliver(host, `schedule ${key}`, schedule.properties.Target.RetryPolicy, (attempt) =>
      invokeTarget(schedule, key, due, attempt),
    );
    const current = schedules.get(key);
    if (current === undefined || closed) return;
    await store(key, { ...current, doneUntil: Math.max(current.doneUntil, due) });
    const finished = timetable(current.properties, current.createdAt).after(due) === undefined;
    if (finished && current.properties.ActionAfterCompletion === 'DELETE') await remove(key);
  };

  /** Waits for the first tick after `since`; of ticks that have passed already only the latest fires. */
  const arm = (key: string, since: number): void => {
    timers.get(key)?.();
    timers.delete(key);
    const schedule = schedules.get(key);
    if (schedule === undefined || !started || closed || schedule.properties.State === 'DISABLED') return;
    const times = timetable(schedule.properties, schedule.createdAt);
    const due = dueAfter(times, since, host.clock.now());
    if (due === undefined) return;
    const cancel = host.clock.at(due, () => {
      void fire(key, due).catch((error: unknown) => host.log(`schedule ${key}: ${String(error)}`));
    });
    timers.set(key, cancel);
  };

  const put = async (properties: ScheduleProperties, origin: Schedule['origin']): Promise<Schedule> => {
    checkSchedule(properties);
    const group = properties.GroupName ?? 'default';
    const key = keyOf(group, properties.Name);
    await loaded;
    const before = schedules.get(key);
    const now = host.clock.now();
    const sameTimes =
      before !== undefined &&
      before.properties.ScheduleExpression === properties.ScheduleExpression &&
      before.properties.ScheduleExpressionTimezone === properties.ScheduleExpressionTimezone;
    const schedule: Schedule = {
      properties,
      group,
      origin,
      createdAt: sameTimes ? before.createdAt : now,
      changedAt: now,
      doneUntil: sameTimes ? before.doneUntil : now,
    };
    await store(key, schedule);
    arm(key, schedule.doneUntil);
    return schedule;
  };

  const api = createSchedulerApi(host, {
    arnOf: (schedule) => arnOf(keyOf(schedule.group, schedule.properties.Name)),
    list: async () => (await loaded, [...schedules.values()]),
    find: async (group, name) => (await loaded, schedules.get(keyOf(group, name))),
    create: (properties) => put(properties, 'api'),
    remove: (group, name) => remove(keyOf(group, name)),
  });

  return {
    signingNames: ['scheduler'],
    handle: api,
    async ensureSchedule(properties) {
      const schedule = await put(properties, 'template');
      ensured.add(keyOf(schedule.group, properties.Name));
    },
    async start() {
      await loaded;
      for (const [key, schedule] of schedules) {
        if (schedule.origin === 'template' && !ensured.has(key)) await remove(key);
      }
      started = true;
      for (const [key, schedule] of schedules) arm(key, schedule.doneUntil);
    },
    async close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
      timers.clear();
      await writes;
    },
  };
}
