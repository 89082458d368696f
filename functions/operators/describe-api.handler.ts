import { parseEnv } from '#shared/config/env.ts';
import { VERSION } from '#shared/config/version.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import { describeApi } from './describe-api.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments['describe-api'], process.env);

const deps = {
  version: VERSION,
  stage: env.AUTOPACK_ENV,
  issuer: env.OIDC_ISSUER,
  cliClientId: env.OIDC_CLI_CLIENT_ID,
};

/** GET /health and GET /openapi.json. */
export const handler = httpHandler(async (request) => describeApi(request, deps));
