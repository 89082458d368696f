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
import { ApiError, checkName } from './api-error.ts';
import { InvalidDefinition } from './definition.ts';
import type { Machine } from './machines.ts';
import type { Engine } from './engine.ts';

const isText = (value: unknown): value is string => typeof value === 'string';

export function machineOperations({ host, machines }: Engine): Readonly<Record<string, Operation>> {
  const find = (arn: string): Machine => {
    const machine = machines.get(arn);
    if (machine !== undefined) return machine;
    if (!/^arn:aws[a-z-]*:states:[^:]+:\d+:stateMachine:[^:]+$/.test(arn)) {
      throw new ApiError('InvalidArn', `Invalid Arn: '${arn}'`);
    }
    throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  };
  const put = async (machine: Omit<Machine, 'definition'>, definition: string): Promise<Machine> => {
    try {
      return await machines.put(machine, definition);
    } catch (error) {
      if (error instanceof InvalidDefinition)
        throw new ApiError('InvalidDefinition', `Invalid State Machine Definition: ${error.message}`);
      throw error;
    }
  };
  const tagsIn = (body: Body): Record<string, string> =>
    Object.fromEntries(
      ((body['tags'] ?? []) as { key: string; value: string }[]).map(({ key, value }) => [key, value]),
    );

  return {
    async CreateStateMachine(body) {
      const name = text(body, 'name');
      const definition = text(body, 'definition');
      const roleArn = text(body, 'roleArn');
      checkName(name);
      if ((optionalText(body, 'type') ?? 'STANDARD') !== 'STANDARD') {
        throw new ApiError(
          'StateMachineTypeNotSupported',
          'NotImplemented: only STANDARD state machines run here.',
        );
      }
      const arn = `arn:aws:states:${host.region}:${host.accountId}:stateMachine:${name}`;
      const before = machines.get(arn);
      if (before !== undefined) {
        if (machines.definitionText(before.definition) === definition && before.roleArn === roleArn) {
          return { stateMachineArn: arn, creationDate: seconds(before.createdAt) };
        }
        throw new ApiError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
      }
      const now = host.clock.now();
      await put({ arn, name, roleArn, createdAt: now, updatedAt: now, tags: tagsIn(body) }, definition);
      return { stateMachineArn: arn, creationDate: seconds(now) };
    },
    async UpdateStateMachine(body) {
      const machine = find(text(body, 'stateMachineArn'));
      const definition = optionalText(body, 'definition') ?? machines.definitionText(machine.definition);
      const roleArn = optionalText(body, 'roleArn') ?? machine.roleArn;
      const now = host.clock.now();
      await put({ ...machine, roleArn, updatedAt: now }, definition);
      return { updateDate: seconds(now) };
    },
    async DescribeStateMachine(body) {
      const machine = find(text(body, 'stateMachineArn'));
      return {
        stateMachineArn: machine.arn,
        name: machine.name,
        status: 'ACTIVE',
        definition: machines.definitionText(machine.definition),
        roleArn: machine.roleArn,
        type: 'STANDARD',
        creationDate: seconds(machine.createdAt),
        loggingConfiguration: { level: 'OFF', includeExecutionData: false },
        tracingConfiguration: { enabled: false },
      };
    },
    async ListStateMachines(body) {
      const after = cursorOf(body, isText) ?? '';
      const found = machines.list().filter(({ name }) => name > after);
      const page = found.slice(0, pageSize(body));
      const last = page.at(-1);
      return {
        stateMachines: page.map(({ arn, name, createdAt }) => ({
          stateMachineArn: arn,
          name,
          type: 'STANDARD',
          creationDate: seconds(createdAt),
        })),
        ...(found.length > page.length && last !== undefined ? { nextToken: cursorText(last.name) } : {}),
      };
    },
    async ListTagsForResource(body) {
      const machine = machines.get(text(body, 'resourceArn'));
      if (machine === undefined)
        throw new ApiError('ResourceNotFound', `Resource not found: '${text(body, 'resourceArn')}'`);
      return { tags: Object.entries(machine.tags).map(([key, value]) => ({ key, value })) };
    },
    async TagResource(body) {
      await machines.tag(text(body, 'resourceArn'), tagsIn(body));
      return {};
    },
  };
}
