import * as z from 'zod';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { flagIsOpen } from '#shared/config/flags.ts';
import { discover, verifyToken } from '#shared/operators/oidc.http.ts';
import { bindPersonSubject, readClient, readPerson } from '#shared/operators/registry.aws.ts';
import { authorize } from './authorize.ts';
import { env as environments } from './env.ts';

const env = parseEnv(environments.authorize, process.env);
const db = documentClient();
const now = (): number => Date.now();

const Event = z.object({
  headers: z.record(z.string(), z.string()).default({}),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
});

const deps = {
  verify: verifyToken(env.OIDC_ISSUER, discover(env.OIDC_ISSUER, now), now),
  readPerson: readPerson(db, env.REGISTRY_TABLE),
  readClient: readClient(db, env.REGISTRY_TABLE),
  bindPersonSubject: bindPersonSubject(db, env.REGISTRY_TABLE),
  rules: {
    audiences: [env.OIDC_CONSOLE_CLIENT_ID, env.OIDC_CLI_CLIENT_ID],
    operatorGroup: env.OPERATOR_GROUP,
  },
  publicRead: flagIsOpen('AUTOPACK_PUBLIC_READ', env),
};

/** Lambda authorizer of the HTTP API, simple responses: the principal travels as JSON text. */
export const handler = async (
  event: unknown,
): Promise<{ isAuthorized: boolean; context?: { principal: string } }> => {
  const request = Event.parse(event);
  const authorization = Object.entries(request.headers).find(
    ([name]) => name.toLowerCase() === 'authorization',
  )?.[1];
  const principal = await authorize({ method: request.requestContext.http.method, authorization }, deps);
  return principal === null
    ? { isAuthorized: false }
    : { isAuthorized: true, context: { principal: JSON.stringify(principal) } };
};
