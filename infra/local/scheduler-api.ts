import type { Schedule, ScheduleProperties } from './schedule.ts';
import type { AwsReply, AwsRequest, Host } from './service.ts';

/** What the wire protocol needs of the scheduler. */
export interface ScheduleBook {
  arnOf(schedule: Schedule): string;
  list(): Promise<readonly Schedule[]>;
  find(group: string, name: string): Promise<Schedule | undefined>;
  create(properties: ScheduleProperties): Promise<Schedule>;
  remove(group: string, name: string): Promise<void>;
}

const reply = (status: number, value: unknown, code?: string): AwsReply => ({
  status,
  headers: {
    'content-type': 'application/json',
    ...(code === undefined ? {} : { 'x-amzn-errortype': code }),
  },
  body: JSON.stringify(value),
});
const failure = (status: number, code: string, message: string): AwsReply =>
  reply(status, { Message: message }, code);

/** ListSchedules, GetSchedule, CreateSchedule and DeleteSchedule of the REST JSON protocol. */
export function createSchedulerApi(
  host: Host,
  book: ScheduleBook,
): (request: AwsRequest) => Promise<AwsReply> {
  const seconds = (ms: number): number => ms / 1000;
  const summary = (schedule: Schedule): Record<string, unknown> => ({
    Arn: book.arnOf(schedule),
    Name: schedule.properties.Name,
    GroupName: schedule.group,
    State: schedule.properties.State ?? 'ENABLED',
    CreationDate: seconds(schedule.createdAt),
    LastModificationDate: seconds(schedule.changedAt),
  });

  const list = async (query: URLSearchParams): Promise<AwsReply> => {
    const group = query.get('ScheduleGroup');
    const prefix = query.get('NamePrefix') ?? '';
    const state = query.get('State');
    const limit = Number(query.get('MaxResults') ?? 100);
    const after = query.get('NextToken') ?? '';
    const found = (await book.list())
      .filter((one) => group === null || one.group === group)
      .filter((one) => one.properties.Name.startsWith(prefix))
      .filter((one) => state === null || (one.properties.State ?? 'ENABLED') === state)
      .toSorted((a, b) => (book.arnOf(a) < book.arnOf(b) ? -1 : 1))
      .filter((one) => book.arnOf(one) > after);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return reply(200, {
      Schedules: page.map((one) => ({ ...summary(one), Target: { Arn: one.properties.Target.Arn } })),
      ...(found.length > page.length && last !== undefined ? { NextToken: book.arnOf(last) } : {}),
    });
  };

  const one = async (request: AwsRequest, name: string): Promise<AwsReply | undefined> => {
    const group = request.query.get('groupName') ?? 'default';
    if (request.method === 'POST') {
      const properties = { ...(JSON.parse(request.body.toString('utf8')) as ScheduleProperties), Name: name };
      if ((await book.find(properties.GroupName ?? 'default', name)) !== undefined) {
        return failure(409, 'ConflictException', `Schedule ${name} already exists.`);
      }
      try {
        return reply(200, { ScheduleArn: book.arnOf(await book.create(properties)) });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return message.startsWith('NotImplemented')
          ? failure(501, 'UnknownOperationException', message)
          : failure(400, 'ValidationException', message);
      }
    }
    if (request.method !== 'GET' && request.method !== 'DELETE') return undefined;
    const schedule = await book.find(group, name);
    if (schedule === undefined)
      return failure(404, 'ResourceNotFoundException', `Schedule ${name} does not exist.`);
    if (request.method === 'GET') {
      const { properties } = schedule;
      return reply(200, {
        ...properties,
        ScheduleExpressionTimezone: properties.ScheduleExpressionTimezone ?? 'UTC',
        ActionAfterCompletion: properties.ActionAfterCompletion ?? 'NONE',
        ...summary(schedule),
      });
    }
    await book.remove(group, name);
    return reply(200, {});
  };

  return async (request) => {
    if (request.method === 'GET' && request.path === '/schedules') return list(request.query);
    const name = /^\/schedules\/([^/]+)$/.exec(request.path)?.[1];
    const answer = name === undefined ? undefined : await one(request, decodeURIComponent(name));
    if (answer !== undefined) return answer;
    host.log(`NotImplemented: scheduler ${request.method} ${request.path}`);
    return failure(501, 'UnknownOperationException', `NotImplemented: ${request.method} ${request.path}`);
  };
}
