import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { logLine } from '#shared/config/log.ts';
import { CURATED_SOURCES } from '#shared/policies/curated-sources.ts';
import { listSources, putSourceIfAbsent, readStates, replaceState } from '#shared/policies/policies.aws.ts';
import { env as environments } from './env.ts';
import { DueInput, listDueSources } from './list-due-sources.ts';

const env = parseEnv(environments['list-due-sources'], process.env);
const db = documentClient();

const unreadable = (pk: string, error: unknown): void =>
  logLine({ level: 'error', event: 'POLICY_ROW_UNREADABLE', pk, error: String(error) });

const deps = {
  now: Date.now,
  curated: CURATED_SOURCES,
  listSources: listSources(db, env.POLICIES_TABLE, unreadable),
  putSourceIfAbsent: putSourceIfAbsent(db, env.POLICIES_TABLE),
  readStates: readStates(db, env.POLICIES_TABLE, unreadable),
  replaceState: replaceState(db, env.POLICIES_TABLE),
  stage: env.AUTOPACK_ENV,
  log: logLine,
};

export const handler = async (event: unknown) => listDueSources(DueInput.parse(event), deps);
