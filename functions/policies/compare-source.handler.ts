import { S3Client } from '@aws-sdk/client-s3';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import {
  readCapture,
  readContent,
  readRaw,
  storeCapture,
  storeContent,
  storeDiff,
} from '#shared/policies/bodies.aws.ts';
import {
  readObservation,
  readSource,
  readState,
  recordObservation,
  replaceState,
} from '#shared/policies/policies.aws.ts';
import { noteText } from '#shared/policies/texts.aws.ts';
import { CompareInput, compareSource } from './compare-source.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['compare-source'], process.env);
const db = documentClient();
const s3 = new S3Client({});

const deps = {
  now: Date.now,
  confirmSeconds: env.POLICY_CONFIRM_SECONDS,
  readSource: readSource(db, env.POLICIES_TABLE),
  readState: readState(db, env.POLICIES_TABLE),
  readObservation: readObservation(db, env.POLICIES_TABLE),
  replaceState: replaceState(db, env.POLICIES_TABLE),
  recordObservation: recordObservation(db, { policies: env.POLICIES_TABLE }),
  noteText: noteText(db, env.POLICIES_TABLE),
  readCapture: readCapture(s3, env.ARTIFACTS_BUCKET),
  storeCapture: storeCapture(s3, env.ARTIFACTS_BUCKET),
  readRaw: readRaw(s3, env.ARTIFACTS_BUCKET),
  readContent: readContent(s3, env.ARTIFACTS_BUCKET),
  storeContent: storeContent(s3, env.ARTIFACTS_BUCKET),
  storeDiff: storeDiff(s3, env.ARTIFACTS_BUCKET),
};

export const handler = async (event: unknown) => compareSource(CompareInput.parse(event), deps);
