import { randomUUID } from 'node:crypto';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { readStanding } from '#shared/credentials/conditions.aws.ts';
import { confirmChange, createChange, listChanges, readChange } from '#shared/governance/changes.aws.ts';
import { readProjectConfig } from '#shared/governance/project-config.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { readPerson } from '#shared/operators/registry.aws.ts';
import { changeProject } from './change-project.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['change-project'], process.env);
const db = documentClient();

const deps = {
  now: Date.now,
  newId: randomUUID,
  readProjectConfig: readProjectConfig(db, env.REGISTRY_TABLE),
  createChange: createChange(db, env.REGISTRY_TABLE),
  readChange: readChange(db, env.REGISTRY_TABLE),
  listChanges: listChanges(db, env.REGISTRY_TABLE),
  confirmChange: confirmChange(db, { registry: env.REGISTRY_TABLE, credentials: env.CREDENTIALS_TABLE }),
  readStanding: readStanding(db, env.CREDENTIALS_TABLE),
  readPerson: readPerson(db, env.REGISTRY_TABLE),
  stageIsProduction: env.AUTOPACK_ENV === 'prod',
};

export const handler = httpHandler((request) => changeProject(request, deps));
