import { randomUUID } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { applyChange, readAction } from '#shared/actions/ledger.aws.ts';
import { StepInput } from '#shared/actions/step-results.ts';
import { applyApprovalChange, readApproval } from '#shared/approvals/approvals.aws.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { readStanding } from '#shared/credentials/conditions.aws.ts';
import { credentialGate } from '#shared/governance/credential-gate.ts';
import { askGates } from '#shared/governance/gates.ts';
import { askPolicies, policiesGate } from '#shared/governance/policies-gate.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { readSourceReadings } from '#shared/policies/gate-rows.aws.ts';
import { requiredSources } from '#shared/policies/required-sources.ts';
import { env as environments } from './env.ts';
import { evaluateGatesStep } from './evaluate-gates.ts';

const env = parseEnv(environments['evaluate-gates'], process.env);
const db = documentClient();

const deps = {
  now: Date.now,
  newId: randomUUID,
  read: readAction(db, env.ACTIONS_TABLE),
  apply: applyChange(db, env.ACTIONS_TABLE),
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  askGates: askGates([
    credentialGate(readStanding(db, env.CREDENTIALS_TABLE), Date.now),
    policiesGate(askPolicies(readSourceReadings(db, env.POLICIES_TABLE), requiredSources, Date.now)),
  ]),
  readApproval: readApproval(db, env.APPROVALS_TABLE),
  applyApprovalChange: applyApprovalChange(db, env.APPROVALS_TABLE),
  stageIsProduction: env.AUTOPACK_ENV === 'prod',
};

export const handler = async (event: unknown) => evaluateGatesStep(StepInput.parse(event), deps);
