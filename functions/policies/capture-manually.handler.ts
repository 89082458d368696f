import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { storeCapture, storeRaw } from '#shared/policies/bodies.aws.ts';
import { startCheck } from '#shared/policies/check-executions.aws.ts';
import { readSource } from '#shared/policies/policies.aws.ts';
import { acceptUpload, putUpload, readUpload } from '#shared/policies/uploads.aws.ts';
import { captureManually } from './capture-manually.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['capture-manually'], process.env);
const db = documentClient();
const s3 = new S3Client({});

const deps = {
  now: Date.now,
  readPerson: readPerson(db, env.REGISTRY_TABLE),
  readSource: readSource(db, env.POLICIES_TABLE),
  putUpload: putUpload(db, env.POLICIES_TABLE),
  readUpload: readUpload(db, env.POLICIES_TABLE),
  acceptUpload: acceptUpload(db, env.POLICIES_TABLE),
  storeRaw: storeRaw(s3, env.ARTIFACTS_BUCKET),
  storeCapture: storeCapture(s3, env.ARTIFACTS_BUCKET),
  startCheck: startCheck(new SFNClient({}), env.POLICY_CHECK_STATE_MACHINE_ARN),
};

export const handler = httpHandler((request) => captureManually(request, deps));
