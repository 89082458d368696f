import * as z from 'zod';
import { ProjectId, Subject } from '../actions/identity.ts';
import type { HttpRequest } from './http.ts';
import { type Principal, Role } from './principal.ts';
import { ProblemError } from './problems.ts';

/** Largest body that is read, in bytes after base64 is undone (API-18). */
export const MAX_BODY_BYTES = 1_000_000;

/** The parts of an HTTP API event (payload format 2.0) that Autopack reads. */
export interface HttpApiEvent {
  readonly routeKey?: string;
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly cookies?: readonly string[];
  readonly pathParameters?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: {
    readonly requestId?: string;
    readonly http?: { readonly method?: string; readonly path?: string; readonly sourceIp?: string };
    readonly authorizer?: { readonly lambda?: { readonly principal?: unknown } | null };
  };
}

const OWN_REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The client's X-Request-ID where it is harmless to print, else the gateway's (API-17). */
export const requestIdOf = (event: HttpApiEvent): string => {
  const own = lowerCaseHeaders(event)['x-request-id'];
  return own !== undefined && OWN_REQUEST_ID.test(own) ? own : (event.requestContext?.requestId ?? 'unknown');
};

const PrincipalDocument = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('person'),
    subject: Subject,
    email: z.email(),
    name: z.string(),
    projects: z.array(ProjectId),
    roles: z.array(Role),
    authTimeMs: z.number(),
  }),
  z.strictObject({
    kind: z.literal('client'),
    subject: Subject,
    name: z.string(),
    projects: z.array(ProjectId),
    roles: z.array(Role),
    owner: Subject,
  }),
  z.strictObject({ kind: z.literal('public'), subject: z.literal('system:public') }),
]);

/** The principal that the authorizer put into the event; null on routes without one. */
const principalOf = (event: HttpApiEvent): Principal | null => {
  const text = event.requestContext?.authorizer?.lambda?.principal;
  return typeof text === 'string' ? PrincipalDocument.parse(JSON.parse(text)) : null;
};

const lowerCaseHeaders = (event: HttpApiEvent): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(event.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  return headers;
};

/** The first of several cookies with one name wins: browsers send the most specific first. */
const cookiesOf = (event: HttpApiEvent): Record<string, string> => {
  const cookies: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const cookie of event.cookies ?? []) {
    const split = cookie.indexOf('=');
    if (split <= 0) continue;
    const name = cookie.slice(0, split).trim();
    if (!Object.hasOwn(cookies, name)) cookies[name] = cookie.slice(split + 1).trim();
  }
  return cookies;
};

const queryOf = (event: HttpApiEvent): Record<string, string> => {
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(event.rawQueryString ?? '')) {
    if (Object.hasOwn(query, name))
      throw new ProblemError('INVALID_INPUT', `${name}: is there twice in the address`, { field: name });
    query[name] = value;
  }
  return query;
};

/** No parameter of ours can hold "%", so what still has an escape came from a gateway that does not decode. */
const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

const paramsOf = (event: HttpApiEvent): Record<string, string> => {
  const params: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(event.pathParameters ?? {})) {
    if (value !== undefined) params[name] = decoded(value);
  }
  return params;
};

const bodyOf = (event: HttpApiEvent): string | undefined => {
  if (event.body === undefined || event.body === null) return undefined;
  const bytes = Buffer.from(event.body, event.isBase64Encoded === true ? 'base64' : 'utf8');
  if (bytes.byteLength > MAX_BODY_BYTES)
    throw new ProblemError(
      'PAYLOAD_TOO_LARGE',
      `The body has ${bytes.byteLength} bytes; ${MAX_BODY_BYTES} are allowed.`,
    );
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ProblemError('INVALID_JSON', 'The body is not UTF-8 text. Nothing was written.');
  }
};

/**
 * An event of the gateway as use cases see it. HEAD is shown as GET: whoever runs it may not change anything.
 * @throws ProblemError PAYLOAD_TOO_LARGE, INVALID_JSON (bytes that are not text) or INVALID_INPUT (query).
 */
export const readHttpEvent = (event: HttpApiEvent, requestId: string): HttpRequest => {
  const http = event.requestContext?.http;
  const method = http?.method ?? 'GET';
  return {
    method: method === 'HEAD' ? 'GET' : method,
    isHead: method === 'HEAD',
    path: event.rawPath ?? http?.path ?? '/',
    params: paramsOf(event),
    query: queryOf(event),
    headers: lowerCaseHeaders(event),
    cookies: cookiesOf(event),
    body: bodyOf(event),
    requestId,
    principal: principalOf(event),
    sourceIp: http?.sourceIp ?? '',
  };
};
