import { randomUUID } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { StepInput } from '#shared/actions/step-results.ts';
import { readDryRun, readPayload, storeDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { findOperation } from '#shared/providers/catalogue.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { env as environments } from './env.ts';
import { renderAction } from './render-action.ts';

const env = parseEnv(environments['render-action'], process.env);
const db = documentClient();
const s3 = new S3Client({});

const deps = {
  now: Date.now,
  newId: randomUUID,
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  readPayload: readPayload(s3, env.ARTIFACTS_BUCKET),
  readDryRun: readDryRun(s3, env.ARTIFACTS_BUCKET),
  storeDryRun: storeDryRun(s3, env.ARTIFACTS_BUCKET),
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  findOperation,
  baseUrlOverride: providerOverrides(env).baseUrl,
};

export const handler = async (event: unknown) => renderAction(StepInput.parse(event), deps);
