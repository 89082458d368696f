import { join } from 'node:path';
import type { FunctionSpec, RunnerOptions } from './lambda-runner.ts';

/** What a function sees: what the template gives it and what Lambda adds, nothing of this process. */
export const lambdaEnvironment = (spec: FunctionSpec, options: RunnerOptions): Record<string, string> => {
  const { NODE_OPTIONS: _unused, ...own } = spec.environment;
  return {
    // The user's own AWS configuration and credentials never reach a local function.
    AWS_CONFIG_FILE: join(options.dataDir, 'no-aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(options.dataDir, 'no-aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: options.region,
    AWS_DEFAULT_REGION: options.region,
    AWS_ENDPOINT_URL: options.awsUrl(),
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${spec.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    LAMBDA_TASK_ROOT: spec.folder,
    _HANDLER: spec.handler,
    TZ: ':UTC',
    ...own,
  };
};
