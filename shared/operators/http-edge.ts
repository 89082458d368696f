import middy from '@middy/core';
import httpSecurityHeaders from '@middy/http-security-headers';
import type * as z from 'zod';
import { parseStrictJson, StrictJsonError } from '../actions/strict-json.ts';
import { type HttpApiEvent, readHttpEvent, requestIdOf } from './http-event.ts';
import type { HttpReply, HttpRequest } from './http.ts';
import type { Principal, Role } from './principal.ts';
import { pagePolicy, problemPage } from './problem-page.ts';
import { type ProblemCode, ProblemError, problemDocument } from './problems.ts';

/** Answer of a Lambda function behind an HTTP API, payload format 2.0. */
export interface HttpApiResult {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly cookies?: string[];
  readonly body: string;
}

export interface EdgeOptions {
  /** People see this route in a browser: errors are pages, not problem documents. */
  readonly page?: boolean;
}

const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

const render = (reply: HttpReply, requestId: string, bodyless: boolean): HttpApiResult => {
  const headers: Record<string, string> = {
    'x-request-id': requestId,
    'cache-control': 'no-store',
    'content-security-policy': reply.html === undefined ? API_POLICY : pagePolicy(reply.html),
  };
  let body = '';
  if (reply.html !== undefined) {
    headers['content-type'] = 'text/html; charset=utf-8';
    body = reply.html;
  } else if (reply.location !== undefined) {
    headers['location'] = reply.location;
  } else if (reply.json !== undefined) {
    headers['content-type'] = 'application/json; charset=utf-8';
    body = JSON.stringify(reply.json);
  }
  Object.assign(headers, reply.headers);
  return {
    statusCode: reply.status,
    headers,
    ...(reply.cookies === undefined ? {} : { cookies: [...reply.cookies] }),
    body: bodyless ? '' : body,
  };
};

/** The SDK marks what may be tried again and what broke on the other side; everything else is our own defect. */
const asProblem = (error: unknown): ProblemError => {
  if (error instanceof ProblemError) return error;
  if (
    error instanceof Error &&
    '$metadata' in error &&
    ('$retryable' in error || Reflect.get(error, '$fault') === 'server')
  ) {
    return new ProblemError('UNAVAILABLE', 'Nothing was decided. Send the same request again in a moment.', {
      cause: error,
    });
  }
  return new ProblemError(
    'INTERNAL',
    'Send the same request again later, and tell your operators the request id.',
    {
      cause: error,
    },
  );
};

const CHALLENGES: Partial<Record<ProblemCode, Readonly<Record<string, string>>>> = {
  UNAUTHENTICATED: { 'www-authenticate': 'Bearer' },
  SIGN_IN_NOT_FRESH: { 'www-authenticate': 'Bearer error="insufficient_user_authentication"' },
  UNAVAILABLE: { 'retry-after': '2' },
};

/** One line per defect: the route and the stack, never headers, cookies, query or body. */
const logDefect = (problem: ProblemError, requestId: string, routeKey: string | undefined): void => {
  if (problem.code !== 'INTERNAL' && problem.code !== 'UNAVAILABLE') return;
  const cause = problem.cause instanceof Error ? problem.cause : undefined;
  console.error(
    JSON.stringify({
      level: 'ERROR',
      code: problem.code,
      requestId,
      routeKey,
      error: cause?.name,
      stack: cause?.stack,
    }),
  );
};

const failure = (
  error: unknown,
  requestId: string,
  routeKey: string | undefined,
  page: boolean,
): HttpReply => {
  const problem = asProblem(error);
  logDefect(problem, requestId, routeKey);
  const document = problemDocument(problem, requestId);
  const headers = { ...CHALLENGES[problem.code] };
  return page
    ? { status: document.status, html: problemPage(document), headers }
    : {
        status: document.status,
        json: document,
        headers: { ...headers, 'content-type': 'application/problem+json' },
      };
};

const securityHeaders = () =>
  httpSecurityHeaders({
    contentSecurityPolicy: false,
    crossOriginEmbedderPolicy: false,
    permissionsPolicy: false,
    reportTo: false,
    reportingEndpoints: false,
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false, preload: false },
  });

/**
 * The Lambda handler of one or more HTTP routes. Every answer has the request id and the security headers;
 * a ProblemError becomes its document (a page where `page` is set), anything else INTERNAL, logged once.
 * HEAD runs as GET and answers without a body.
 */
export const httpHandler = (
  run: (request: HttpRequest) => Promise<HttpReply>,
  options: EdgeOptions = {},
): ((event: unknown, context?: unknown) => Promise<HttpApiResult>) => {
  const page = options.page ?? false;
  const handle = middy()
    .use(securityHeaders())
    .handler(async (received: unknown): Promise<HttpApiResult> => {
      const event = received as HttpApiEvent;
      const requestId = requestIdOf(event);
      const bodyless = event.requestContext?.http?.method === 'HEAD';
      try {
        return render(await run(readHttpEvent(event, requestId)), requestId, bodyless);
      } catch (error) {
        return render(failure(error, requestId, event.routeKey, page), requestId, bodyless);
      }
    });
  return async (event, context) => {
    const result = (await handle(event, (context ?? {}) as never)) as HttpApiResult;
    // The gateway's payload has lower-case names; the middleware writes mixed case.
    const headers = Object.fromEntries(
      Object.entries(result.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { ...result, headers };
  };
};

const mediaType = (request: HttpRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

const fieldOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    '',
  );

/**
 * Parses a value from outside with a schema.
 * @throws ProblemError INVALID_INPUT that names the first field that does not fit.
 */
export const parseInput = <Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what = 'The body',
): z.output<Schema> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = fieldOf([...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])]);
  const reason = unknown === undefined ? (issue?.message ?? 'does not fit') : 'there is no such field';
  throw new ProblemError(
    'INVALID_INPUT',
    field === '' ? `${what} does not fit: ${reason}` : `${field}: ${reason}`,
    field === '' ? {} : { field },
  );
};

/**
 * The JSON body, read strictly and parsed with a schema.
 * @throws ProblemError UNSUPPORTED_MEDIA_TYPE, INVALID_JSON or INVALID_INPUT.
 */
export const readJson = <Schema extends z.ZodType>(
  request: HttpRequest,
  schema: Schema,
): z.output<Schema> => {
  if (mediaType(request) !== 'application/json')
    throw new ProblemError('UNSUPPORTED_MEDIA_TYPE', 'Send the body with Content-Type: application/json.');
  let value: unknown;
  try {
    value = parseStrictJson(request.body ?? '');
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw new ProblemError(
      'INVALID_JSON',
      `${error.message}. Nothing was written.`,
      error.path === '' ? {} : { field: error.path },
    );
  }
  return parseInput(schema, value);
};

/**
 * The fields of a posted form. A field that is there twice is refused.
 * @throws ProblemError UNSUPPORTED_MEDIA_TYPE or INVALID_INPUT.
 */
export const readForm = <Schema extends z.ZodType>(
  request: HttpRequest,
  schema: Schema,
): z.output<Schema> => {
  if (mediaType(request) !== 'application/x-www-form-urlencoded')
    throw new ProblemError('UNSUPPORTED_MEDIA_TYPE', 'This address takes the form of its own page.');
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(request.body ?? '')) {
    if (fields.has(name)) throw new ProblemError('INVALID_INPUT', `${name}: is there twice`, { field: name });
    fields.set(name, value);
  }
  return parseInput(schema, Object.fromEntries(fields), 'The form');
};

/** @throws ProblemError UNAUTHENTICATED where nobody was established. */
export const requirePrincipal = (request: HttpRequest): Principal => {
  if (request.principal === null)
    throw new ProblemError('UNAUTHENTICATED', 'Send a token of the issuer as "Authorization: Bearer …".');
  return request.principal;
};

/**
 * Another project does not exist for who is not in it.
 * @throws ProblemError NOT_FOUND.
 */
export const requireProject = (principal: Principal, project: string): void => {
  if (principal.kind === 'public' || principal.projects.includes(project)) return;
  throw new ProblemError('NOT_FOUND', 'There is nothing here, or it is not yours to see.');
};

/** @throws ProblemError UNAUTHENTICATED for the public reader, FORBIDDEN for a principal without the role. */
export const requireRole = (principal: Principal, role: Role): void => {
  if (principal.kind === 'public')
    throw new ProblemError('UNAUTHENTICATED', 'Reading is open here; this needs a token.');
  if (!principal.roles.includes(role))
    throw new ProblemError(
      'FORBIDDEN',
      `This needs the role "${role}". An operator can give it in the registry.`,
    );
};
