import { randomBytes } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { useKeyring } from '#shared/credentials/use-keyring.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { readSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { listAcknowledgements } from '#shared/policies/acknowledgements.aws.ts';
import { readContent, readDiff } from '#shared/policies/bodies.aws.ts';
import {
  listObservations,
  listSources,
  readSource,
  readState,
  readStates,
} from '#shared/policies/policies.aws.ts';
import { env as environments } from './env.ts';
import { showPolicies } from './show-policies.ts';

const env = parseEnv(environments['show-policies'], process.env);
const db = documentClient();
const s3 = new S3Client({});

const deps = {
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: readPerson(db, env.REGISTRY_TABLE),
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  listSources: listSources(db, env.POLICIES_TABLE),
  readSource: readSource(db, env.POLICIES_TABLE),
  readState: readState(db, env.POLICIES_TABLE),
  readStates: readStates(db, env.POLICIES_TABLE),
  listObservations: listObservations(db, env.POLICIES_TABLE),
  listAcknowledgements: listAcknowledgements(db, env.POLICIES_TABLE),
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  readDiff: readDiff(s3, env.ARTIFACTS_BUCKET),
  readContent: readContent(s3, env.ARTIFACTS_BUCKET),
  useKeyring: useKeyring(new SecretsManagerClient({}), env.KEYRING_SECRET_ARN),
  randomBytes,
  now: Date.now,
};

/** GET /sources, /sources/{source} and /sources/{source}/change. */
export const handler = httpHandler((request) => showPolicies(request, deps), { page: true });
