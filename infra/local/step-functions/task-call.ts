import type { Resource } from './definition.ts';
import type { NewEvent } from './execution.ts';
import type { Json, Outcome } from './journal-record.ts';
import type { World } from './visit.ts';

/** Calls what a Task names. Never rejects: a failure is an outcome with AWS's error name. */
export async function call(world: World, resource: Resource, payload: Json): Promise<Outcome> {
  try {
    if (resource.kind === 'startExecution') return await startAnother(world, payload);
    if (resource.kind === 'function') return await invoke(world, resource.arn, payload, (result) => result);
    const { FunctionName: name, Payload = {} } = (payload ?? {}) as { FunctionName?: Json; Payload?: Json };
    if (typeof name !== 'string') return { error: 'States.Runtime', cause: 'Arguments has no FunctionName.' };
    return await invoke(world, name, Payload, (result) => ({
      ExecutedVersion: '$LATEST',
      Payload: result,
      SdkHttpMetadata: { HttpStatusCode: 200 },
      StatusCode: 200,
    }));
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    const cause = error instanceof Error ? error.message : String(error);
    if (resource.kind === 'startExecution')
      return { error: `StepFunctions.${name || 'SdkClientException'}`, cause };
    return { error: name.endsWith('Exception') ? `Lambda.${name}` : 'Lambda.SdkClientException', cause };
  }
}

async function invoke(
  world: World,
  name: string,
  payload: Json,
  shape: (result: Json) => Json,
): Promise<Outcome> {
  const answer = await world.host.invoke(name, payload);
  const result = (answer.payload ?? null) as Json;
  if (answer.functionError === undefined) return { output: shape(result) };
  const errorType = (result as { errorType?: unknown } | null)?.errorType;
  return {
    error: typeof errorType === 'string' && errorType !== '' ? errorType : 'Lambda.Unknown',
    cause: JSON.stringify(result),
  };
}

async function startAnother(world: World, payload: Json): Promise<Outcome> {
  const {
    StateMachineArn: stateMachineArn,
    Input = {},
    Name: name,
  } = (payload ?? {}) as { [key: string]: Json };
  if (typeof stateMachineArn !== 'string')
    return { error: 'States.Runtime', cause: 'Arguments has no StateMachineArn.' };
  const { executionArn, startDate } = await world.startExecution({
    stateMachineArn,
    input: JSON.stringify(Input),
    ...(typeof name === 'string' ? { name } : {}),
  });
  return {
    output: { ExecutionArn: executionArn, StartDate: startDate, SdkHttpMetadata: { HttpStatusCode: 200 } },
  };
}

export interface TaskEvents {
  scheduled(
    region: string,
    payload: Json,
    timeout: number | undefined,
    heartbeat: number | undefined,
  ): NewEvent[];
  submitted(output: string): NewEvent;
  succeeded(output: string): NewEvent;
  failed(error: string, cause: string | undefined): NewEvent;
  timedOut(error: string, cause: string | undefined): NewEvent;
}

const truncated = { truncated: false };

/** The history has other names for a function that is the Resource itself than for an integration. */
export function taskEvents(resource: Resource): TaskEvents {
  if (resource.kind === 'function') {
    return {
      scheduled: (_region, payload, timeoutInSeconds) => [
        {
          type: 'LambdaFunctionScheduled',
          lambdaFunctionScheduledEventDetails: {
            resource: resource.arn,
            input: JSON.stringify(payload),
            inputDetails: truncated,
            timeoutInSeconds,
          },
        },
        { type: 'LambdaFunctionStarted' },
      ],
      submitted: (output) => ({ type: 'TaskSubmitted', taskSubmittedEventDetails: { output } }),
      succeeded: (output) => ({
        type: 'LambdaFunctionSucceeded',
        lambdaFunctionSucceededEventDetails: { output, outputDetails: truncated },
      }),
      failed: (error, cause) => ({
        type: 'LambdaFunctionFailed',
        lambdaFunctionFailedEventDetails: { error, cause },
      }),
      timedOut: (error, cause) => ({
        type: 'LambdaFunctionTimedOut',
        lambdaFunctionTimedOutEventDetails: { error, cause },
      }),
    };
  }
  const what =
    resource.kind === 'startExecution'
      ? { resourceType: 'states', resource: 'startExecution' }
      : { resourceType: 'lambda', resource: resource.callback ? 'invoke.waitForTaskToken' : 'invoke' };
  return {
    scheduled: (region, payload, timeoutInSeconds, heartbeatInSeconds) => [
      {
        type: 'TaskScheduled',
        taskScheduledEventDetails: {
          ...what,
          region,
          parameters: JSON.stringify(payload),
          timeoutInSeconds,
          heartbeatInSeconds,
        },
      },
      { type: 'TaskStarted', taskStartedEventDetails: what },
    ],
    submitted: (output) => ({
      type: 'TaskSubmitted',
      taskSubmittedEventDetails: { ...what, output, outputDetails: truncated },
    }),
    succeeded: (output) => ({
      type: 'TaskSucceeded',
      taskSucceededEventDetails: { ...what, output, outputDetails: truncated },
    }),
    failed: (error, cause) => ({ type: 'TaskFailed', taskFailedEventDetails: { ...what, error, cause } }),
    timedOut: (error, cause) => ({
      type: 'TaskTimedOut',
      taskTimedOutEventDetails: { ...what, error, cause },
    }),
  };
}
