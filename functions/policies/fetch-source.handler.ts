import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { readCapture, storeCapture, storeRaw } from '#shared/policies/bodies.aws.ts';
import { fetchPage } from '#shared/policies/fetch-page.http.ts';
import { readSource, readState } from '#shared/policies/policies.aws.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { env as environments } from './env.ts';
import { fetchSource } from './fetch-source.ts';
import { Check } from './list-due-sources.ts';

const env = parseEnv(environments['fetch-source'], process.env);
const db = documentClient();
const s3 = new S3Client({});

const deps = {
  now: Date.now,
  readSource: readSource(db, env.POLICIES_TABLE),
  readState: readState(db, env.POLICIES_TABLE),
  readCapture: readCapture(s3, env.ARTIFACTS_BUCKET),
  storeCapture: storeCapture(s3, env.ARTIFACTS_BUCKET),
  storeRaw: storeRaw(s3, env.ARTIFACTS_BUCKET),
  fetchPage: fetchPage({
    contact: env.POLICY_CONTACT,
    allowLoopback: providerOverrides(env).allowLoopback,
    robots: new Map(),
  }),
};

const Input = z.strictObject({ check: Check });

export const handler = async (event: unknown) => fetchSource(Input.parse(event).check, deps);
