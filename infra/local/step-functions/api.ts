import type { AwsReply, AwsRequest } from '../service.ts';
import { awsJson, awsJsonError } from '../service.ts';
import { ApiError } from './api-error.ts';
import { executionOperations } from './api-executions.ts';
import { machineOperations } from './api-machines.ts';
import { taskOperations } from './api-tasks.ts';
import type { Body, Operation } from './api-body.ts';
import type { Engine } from './engine.ts';

const PREFIX = 'AWSStepFunctions.';

/** The AWS JSON 1.0 protocol of Step Functions. What is not in the tables answers 501 and is logged. */
export function createApi(engine: Engine): (request: AwsRequest) => Promise<AwsReply> {
  const operations: Readonly<Record<string, Operation>> = {
    ...machineOperations(engine),
    ...executionOperations(engine),
    ...taskOperations(engine),
  };
  return async (request) => {
    const name = request.target?.startsWith(PREFIX) === true ? request.target.slice(PREFIX.length) : '';
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation === undefined) {
      engine.host.log(`NotImplemented: ${request.target ?? `${request.method} ${request.path}`}`);
      return awsJsonError(
        501,
        'UnknownOperationException',
        `NotImplemented: ${request.target ?? request.method}`,
      );
    }
    let body: unknown;
    try {
      body = JSON.parse(request.body.toString('utf8') || '{}');
    } catch {
      return awsJsonError(400, 'SerializationException', 'The body is not JSON.');
    }
    try {
      return awsJson(await operation(body as Body));
    } catch (error) {
      if (error instanceof ApiError) return awsJsonError(400, error.name, error.message);
      engine.host.log(`Step Functions: ${name}: ${String(error)}`);
      return awsJsonError(
        500,
        'InternalServerException',
        'The local Step Functions failed; its log says why.',
      );
    }
  };
}
