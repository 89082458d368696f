import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { listStandings } from '#shared/credentials/list-credentials.aws.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { env as environments } from './env.ts';
import { readCredentials } from './read-credentials.ts';

const env = parseEnv(environments['read-credentials'], process.env);
const db = documentClient();
const deps = { listStandings: listStandings(db, env.CREDENTIALS_TABLE), now: Date.now };

/** GET /projects/{project}/credentials and /credentials/health. */
export const handler = httpHandler((request) => readCredentials(request, deps));
