import { SFNClient } from '@aws-sdk/client-sfn';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { startCheck } from '#shared/policies/check-executions.aws.ts';
import { readSource } from '#shared/policies/policies.aws.ts';
import { checkNow } from './check-now.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['check-now'], process.env);
const db = documentClient();

const deps = {
  readPerson: readPerson(db, env.REGISTRY_TABLE),
  readSource: readSource(db, env.POLICIES_TABLE),
  startCheck: startCheck(new SFNClient({}), env.POLICY_CHECK_STATE_MACHINE_ARN),
  now: Date.now,
};

/** POST /policies/{source}/check. */
export const handler = httpHandler((request) => checkNow(request, deps));
