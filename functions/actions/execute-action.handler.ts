import { randomUUID } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import { readAgreement } from '#shared/actions/agreement.aws.ts';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { StepInput } from '#shared/actions/step-results.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { putCondition, readStanding } from '#shared/credentials/conditions.aws.ts';
import { openCredential } from '#shared/credentials/credentials.aws.ts';
import { noteUse } from '#shared/credentials/note-use.ts';
import { credentialGate } from '#shared/governance/credential-gate.ts';
import { askGates } from '#shared/governance/gates.ts';
import { askPolicies, policiesGate } from '#shared/governance/policies-gate.ts';
import { readSourceReadings } from '#shared/policies/gate-rows.aws.ts';
import { requiredSources } from '#shared/policies/required-sources.ts';
import { findOperation } from '#shared/providers/catalogue.ts';
import { outboundSend } from '#shared/providers/outbound.http.ts';
import { providerOverrides } from '#shared/providers/overrides.ts';
import { env as environments } from './env.ts';
import { executeAction } from './execute-action.ts';

const env = parseEnv(environments['execute-action'], process.env);
const overrides = providerOverrides(env);
const db = documentClient();

const deps = {
  now: Date.now,
  newId: randomUUID,
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  readAgreement: readAgreement(db, { approvals: env.APPROVALS_TABLE, registry: env.REGISTRY_TABLE }),
  askGates: askGates([
    credentialGate(readStanding(db, env.CREDENTIALS_TABLE), Date.now),
    policiesGate(askPolicies(readSourceReadings(db, env.POLICIES_TABLE), requiredSources, Date.now)),
  ]),
  resolveCredential: openCredential(new SecretsManagerClient({})),
  noteUse: noteUse({
    now: Date.now,
    readStanding: readStanding(db, env.CREDENTIALS_TABLE),
    putCondition: putCondition(db, env.CREDENTIALS_TABLE),
  }),
  findOperation,
  sendTo: (dryRun: { request: { url: string } }) =>
    outboundSend({
      allowedHosts: [new URL(dryRun.request.url).host],
      allowLoopback: overrides.allowLoopback,
    }),
  stageIsProduction: env.AUTOPACK_ENV === 'prod',
  leaseMs: env.LEASE_SECONDS * 1000,
  leastLagMs: env.PROVIDER_LAG_SECONDS * 1000,
};

export const handler = async (event: unknown, context: Context) =>
  executeAction(StepInput.parse(event), { ...deps, remainingMs: () => context.getRemainingTimeInMillis() });
