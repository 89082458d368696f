import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSource, readState, replaceSource } from '#shared/policies/policies.aws.ts';
import { changeSource } from './change-source.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['change-source'], process.env);
const db = documentClient();

const deps = {
  readPerson: readPerson(db, env.REGISTRY_TABLE),
  readSource: readSource(db, env.POLICIES_TABLE),
  readState: readState(db, env.POLICIES_TABLE),
  replaceSource: replaceSource(db, env.POLICIES_TABLE),
  stageIsProduction: env.AUTOPACK_ENV === 'prod',
  now: Date.now,
};

/** PUT /policies/{source}. */
export const handler = httpHandler((request) => changeSource(request, deps));
