import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { httpHandler, readForm } from '#shared/operators/http-edge.ts';
import { discover, exchangeCode, verifyToken } from '#shared/operators/oidc.http.ts';
import { bindPersonSubject, readPerson } from '#shared/operators/registry.aws.ts';
import { createSession, readSession, revokeSession, touchSession } from '#shared/operators/sessions.aws.ts';
import { sessionPrincipal } from '#shared/operators/sessions.ts';
import { useSignIn } from '#shared/operators/sign-ins.aws.ts';
import { env as environments } from './env.ts';
import { finishSignIn, signOut, startSignIn } from './sign-in.ts';

const env = parseEnv(environments['sign-in'], process.env);
const db = documentClient();
const now = (): number => Date.now();
const find = discover(env.OIDC_ISSUER, now);
const people = readPerson(db, env.REGISTRY_TABLE);

const deps = {
  discover: find,
  exchangeCode: exchangeCode(find, env.OIDC_CONSOLE_CLIENT_ID),
  verify: verifyToken(env.OIDC_ISSUER, find, now),
  readPerson: people,
  bindPersonSubject: bindPersonSubject(db, env.REGISTRY_TABLE),
  useSignIn: useSignIn(db, env.REGISTRY_TABLE),
  createSession: createSession(db, env.REGISTRY_TABLE),
  revokeSession: revokeSession(db, env.REGISTRY_TABLE),
  signedIn: sessionPrincipal({
    readSession: readSession(db, env.REGISTRY_TABLE),
    readPerson: people,
    touchSession: touchSession(db, env.REGISTRY_TABLE),
  }),
  clientId: env.OIDC_CONSOLE_CLIENT_ID,
  operatorGroup: env.OPERATOR_GROUP,
  publicUrl: env.PUBLIC_URL.replace(/\/$/, ''),
  newToken: () => randomBytes(32).toString('base64url'),
  now,
};

const SignOutForm = z.strictObject({ csrf: z.string().max(100) });

/** GET /sign-in, GET /signed-in and POST /sign-out. */
export const handler = httpHandler(
  (request) => {
    if (request.method === 'POST') return signOut(request, readForm(request, SignOutForm).csrf, deps);
    return request.path === '/signed-in' ? finishSignIn(request, deps) : startSignIn(request, deps);
  },
  { page: true },
);
