import {
  cursorOf,
  cursorText,
  optionalText,
  pageSize,
  seconds,
  text,
  type Body,
  type Operation,
} from './api-body.ts';
import { ApiError } from './api-error.ts';
import type { EndRecord, HistoryEvent, JournalRecord, StartRecord } from './journal-record.ts';
import { statusOf, type Engine } from './engine.ts';

const STATUSES = new Set(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);

interface Listed {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: string;
  readonly startDate: number;
  readonly stopDate: number | null;
}
type Cursor = readonly [startDate: number, executionArn: string];

const isCursor = (value: unknown): value is Cursor =>
  Array.isArray(value) && typeof value[0] === 'number' && typeof value[1] === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Latest start first. */
const byStart = (a: Listed, b: Listed): number =>
  b.startDate - a.startDate ||
  (a.executionArn < b.executionArn ? -1 : a.executionArn > b.executionArn ? 1 : 0);

export function executionOperations(engine: Engine): Readonly<Record<string, Operation>> {
  const { host, machines, store, live } = engine;

  const recordsOf = async (arn: string): Promise<readonly JournalRecord[]> => {
    await engine.loaded;
    // Only what is on the disk is told.
    await live.get(arn)?.commit();
    const records = await store.read(arn);
    if (records !== undefined) return records;
    if (!/^arn:aws[a-z-]*:states:[^:]+:\d+:execution:[^:]+:[^:]+$/.test(arn)) {
      throw new ApiError('InvalidArn', `Invalid Arn: '${arn}'`);
    }
    throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
  };

  const list = async (body: Body): Promise<object> => {
    await engine.loaded;
    const machineArn = text(body, 'stateMachineArn');
    const status = optionalText(body, 'statusFilter');
    if (machines.get(machineArn) === undefined) {
      throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${machineArn}'`);
    }
    if (status !== undefined && !STATUSES.has(status)) {
      throw new ApiError('ValidationException', `statusFilter does not know ${status}.`);
    }
    const cursor = cursorOf(body, isCursor);
    const all = new Map<string, Listed>();
    if (status !== 'RUNNING') for (const entry of await store.closed()) all.set(entry.executionArn, entry);
    for (const { start, progress } of live.values())
      all.set(start.executionArn, statusOf(start, progress.end));
    const after =
      cursor === undefined ? undefined : ({ startDate: cursor[0], executionArn: cursor[1] } as Listed);
    const found = [...all.values()]
      .filter((one) => one.stateMachineArn === machineArn && (status === undefined || one.status === status))
      .filter((one) => after === undefined || byStart(after, one) < 0)
      .toSorted(byStart);
    const page = found.slice(0, pageSize(body));
    const last = page.at(-1);
    return {
      executions: page.map((one) => ({
        executionArn: one.executionArn,
        stateMachineArn: one.stateMachineArn,
        name: one.name,
        status: one.status,
        startDate: seconds(one.startDate),
        ...(one.stopDate === null ? {} : { stopDate: seconds(one.stopDate) }),
      })),
      ...(found.length > page.length && last !== undefined
        ? { nextToken: cursorText([last.startDate, last.executionArn]) }
        : {}),
    };
  };

  return {
    async StartExecution(body) {
      const name = optionalText(body, 'name');
      const input = optionalText(body, 'input');
      const stateMachineArn = text(body, 'stateMachineArn');
      const request = {
        stateMachineArn,
        ...(name === undefined ? {} : { name }),
        ...(input === undefined ? {} : { input }),
      };
      const { executionArn, startDate } = await engine.start(request);
      return { executionArn, startDate: seconds(startDate) };
    },
    async DescribeExecution(body) {
      const records = await recordsOf(text(body, 'executionArn'));
      const start = records[0] as StartRecord;
      const end = records.findLast((record): record is EndRecord => record.kind === 'end');
      const { stopDate, startDate, output, error, cause, ...rest } = statusOf(start, end);
      return {
        ...rest,
        startDate: seconds(startDate),
        inputDetails: { included: true },
        ...(stopDate === null ? {} : { stopDate: seconds(stopDate) }),
        ...(output === null ? {} : { output, outputDetails: { included: true } }),
        ...(error === null ? {} : { error }),
        ...(cause === null ? {} : { cause }),
        redriveCount: 0,
        redriveStatus: end === undefined || end.status === 'SUCCEEDED' ? 'NOT_REDRIVABLE' : 'REDRIVABLE',
      };
    },
    ListExecutions: list,
    async StopExecution(body) {
      await engine.loaded;
      const arn = text(body, 'executionArn');
      const execution = live.get(arn);
      if (execution !== undefined) {
        const stoppedAt = await engine.stop(
          execution,
          optionalText(body, 'error'),
          optionalText(body, 'cause'),
        );
        return { stopDate: seconds(stoppedAt) };
      }
      const end = (await recordsOf(arn)).findLast((record) => record.kind === 'end');
      return { stopDate: seconds(end?.at ?? host.clock.now()) };
    },
    async GetExecutionHistory(body) {
      const records = await recordsOf(text(body, 'executionArn'));
      const events = records.flatMap((record): readonly HistoryEvent[] => record.events);
      if (body['reverseOrder'] === true) events.reverse();
      const from = cursorOf(body, isNumber) ?? 0;
      const size = pageSize(body);
      return {
        events: events
          .slice(from, from + size)
          .map((event) => ({ ...event, timestamp: seconds(event.timestamp) })),
        ...(events.length > from + size ? { nextToken: cursorText(from + size) } : {}),
      };
    },
  };
}
