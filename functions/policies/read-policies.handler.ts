import { S3Client } from '@aws-sdk/client-s3';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readContent, readDiff } from '#shared/policies/bodies.aws.ts';
import {
  listObservations,
  listSources,
  readSource,
  readState,
  readStates,
} from '#shared/policies/policies.aws.ts';
import { env as environments } from './env.ts';
import { readPolicies } from './read-policies.ts';

const env = parseEnv(environments['read-policies'], process.env);
const db = documentClient();
const s3 = new S3Client({});

const deps = {
  listSources: listSources(db, env.POLICIES_TABLE),
  readSource: readSource(db, env.POLICIES_TABLE),
  readState: readState(db, env.POLICIES_TABLE),
  readStates: readStates(db, env.POLICIES_TABLE),
  listObservations: listObservations(db, env.POLICIES_TABLE),
  readDiff: readDiff(s3, env.ARTIFACTS_BUCKET),
  readContent: readContent(s3, env.ARTIFACTS_BUCKET),
  now: Date.now,
};

/** GET /policies, /policies/health, /policies/{source} and what is below it. */
export const handler = httpHandler((request) => readPolicies(request, deps));
