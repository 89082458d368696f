import { existsSync } from 'node:fs';
import type { RuleProperties } from '../events.ts';
import type { ScheduleProperties } from '../schedule.ts';
import {
  arn,
  generatedName,
  NotImplementedError,
  optionalText,
  recordOf,
  textOf,
  type MakeResource,
} from './context.ts';

const lambdaFunction: MakeResource = (resource, { host, lambda, environment }) => {
  const name = optionalText(resource, 'FunctionName') ?? generatedName(resource, 64);
  const code = recordOf(resource, 'Code');
  const folder = typeof code['S3Key'] === 'string' ? resource.assets.get(code['S3Key']) : undefined;
  if (folder === undefined || !existsSync(folder))
    throw new NotImplementedError(resource.at, 'code that is not an asset of this assembly');
  const runtime = textOf(resource, 'Runtime');
  if (!runtime.startsWith('nodejs')) throw new NotImplementedError(resource.at, `the runtime ${runtime}`);
  const functionArn = arn(host, 'lambda', `function:${name}`);
  const variables = recordOf({ ...resource, properties: recordOf(resource, 'Environment') }, 'Variables');
  lambda.ensureFunction({
    name,
    arn: functionArn,
    folder,
    handler: textOf(resource, 'Handler'),
    timeoutSeconds: Number(resource.properties['Timeout'] ?? 3),
    memoryMb: Number(resource.properties['MemorySize'] ?? 128),
    environment: Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, environment[key] ?? String(value)]),
    ),
  });
  return { ref: name, attributes: { Arn: functionArn } };
};

/** Versions and aliases answer with the one code that there is. */
const pointer =
  (suffix: (resource: Parameters<MakeResource>[0]) => string): MakeResource =>
  (resource, { host }) => {
    const name = textOf(resource, 'FunctionName');
    const base = name.startsWith('arn:') ? name : arn(host, 'lambda', `function:${name}`);
    return { ref: `${base}:${suffix(resource)}`, attributes: { Version: '1', FunctionArn: base } };
  };

const stateMachine: MakeResource = async (resource, { host, stepFunctions }) => {
  const name = optionalText(resource, 'StateMachineName') ?? generatedName(resource, 80);
  const machineArn = arn(host, 'states', `stateMachine:${name}`);
  const text = optionalText(resource, 'DefinitionString');
  const object = resource.properties['Definition'];
  if (text === undefined && object === undefined)
    throw new NotImplementedError(resource.at, 'state machines without DefinitionString or Definition');
  const type = optionalText(resource, 'StateMachineType');
  if (type !== undefined && type !== 'STANDARD')
    throw new NotImplementedError(resource.at, `${type} state machines`);
  const substitutions = recordOf(resource, 'DefinitionSubstitutions');
  const roleArn = optionalText(resource, 'RoleArn');
  await stepFunctions.ensureStateMachine(machineArn, name, text ?? JSON.stringify(object), {
    ...(roleArn === undefined ? {} : { roleArn }),
    substitutions: Object.fromEntries(
      Object.entries(substitutions).map(([token, value]) => [token, String(value)]),
    ),
  });
  return { ref: machineArn, attributes: { Arn: machineArn, Name: name, StateMachineRevisionId: '1' } };
};

const schedule: MakeResource = async (resource, { host, scheduler }) => {
  const name = optionalText(resource, 'Name') ?? generatedName(resource, 64);
  await scheduler.ensureSchedule({ ...resource.properties, Name: name } as unknown as ScheduleProperties);
  const group = optionalText(resource, 'GroupName') ?? 'default';
  return { ref: name, attributes: { Arn: arn(host, 'scheduler', `schedule/${group}/${name}`) } };
};

const rule: MakeResource = (resource, { host, events }) => {
  const name = optionalText(resource, 'Name') ?? generatedName(resource, 64);
  events.ensureRule({ ...resource.properties, Name: name } as RuleProperties);
  return { ref: name, attributes: { Arn: arn(host, 'events', `rule/${name}`) } };
};

export const COMPUTE_TYPES: Readonly<Record<string, MakeResource>> = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::Version': pointer(() => '1'),
  'AWS::Lambda::Alias': pointer((resource) => textOf(resource, 'Name')),
  'AWS::StepFunctions::StateMachine': stateMachine,
  'AWS::Scheduler::Schedule': schedule,
  'AWS::Events::Rule': rule,
};
