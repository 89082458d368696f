import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorizerEvent, integrationEvent, type ApiIdentity, type ReceivedRequest } from './http-event.ts';
import { matchRoute, type ApiRoute, type RouteMatch } from './http-routes.ts';
import { isLoopbackHost, listen, type Listener } from './listener.ts';
import type { InvokeResult } from './service.ts';

/** What the template says about an HTTP API. */
export interface ApiDefinition extends ApiIdentity {
  readonly routes: readonly ApiRoute[];
}

export interface HttpApi extends Listener {
  /** Until the first call every request is answered with 503. */
  serve(definition: ApiDefinition): void;
}

export interface HttpApiOptions {
  readonly port: number;
  now(): number;
  invoke(functionArn: string, payload: unknown): Promise<InvokeResult>;
  log(line: string): void;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string | Buffer;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;

const message = (status: number, text: string): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message: text }),
});

type Verdict =
  | { readonly kind: 'allow'; readonly context: Readonly<Record<string, unknown>> | undefined }
  | { readonly kind: 'deny'; readonly reply: Reply };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const SERVER_ERROR = message(500, 'Internal Server Error');

/** Front of an HTTP API (API Gateway v2) on a loopback port: routes, Lambda authorizer, Lambda proxy integration. */
export const openHttpApi = async (options: HttpApiOptions): Promise<HttpApi> => {
  const verdicts = new Map<string, { readonly until: number; readonly verdict: Verdict }>();
  let definition: ApiDefinition | undefined;

  const authorize = async (
    request: ReceivedRequest,
    api: ApiDefinition,
    match: RouteMatch,
  ): Promise<Verdict> => {
    const { authorizer } = match.route;
    if (authorizer === undefined) return { kind: 'allow', context: undefined };
    const arn = `arn:aws:execute-api:${api.region}:${api.accountId}:${api.apiId}/${api.stage}/${request.method}${request.rawPath}`;
    const { event, identity } = authorizerEvent(request, api, match, arn, authorizer.identitySources);
    if (identity === undefined) return { kind: 'deny', reply: message(401, 'Unauthorized') };
    const caches = authorizer.ttlSeconds > 0 && identity.length > 0;
    const cacheKey = JSON.stringify([authorizer.id, identity]);
    const cached = caches ? verdicts.get(cacheKey) : undefined;
    if (cached !== undefined && cached.until > options.now()) return cached.verdict;
    const result = await options.invoke(authorizer.functionArn, event);
    if (
      result.functionError !== undefined ||
      !isRecord(result.payload) ||
      typeof result.payload['isAuthorized'] !== 'boolean'
    )
      return { kind: 'deny', reply: SERVER_ERROR };
    const { isAuthorized, context } = result.payload;
    const verdict: Verdict = isAuthorized
      ? { kind: 'allow', context: isRecord(context) ? context : {} }
      : { kind: 'deny', reply: message(403, 'Forbidden') };
    if (caches) {
      if (verdicts.size > 10_000) verdicts.clear();
      verdicts.set(cacheKey, { until: options.now() + authorizer.ttlSeconds * 1000, verdict });
    }
    return verdict;
  };

  const answer = async (request: ReceivedRequest): Promise<Reply> => {
    const api = definition;
    if (api === undefined) return message(503, 'Service Unavailable');
    const match = matchRoute(api.routes, request.method, request.rawPath);
    if (match === undefined) return message(404, 'Not Found');
    const verdict = await authorize(request, api, match);
    if (verdict.kind === 'deny') return verdict.reply;
    const event = integrationEvent(request, api, match, verdict.context);
    const timedOut = Symbol('timed out');
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<typeof timedOut>((resolve) => {
      timer = setTimeout(() => resolve(timedOut), match.route.timeoutMs);
    });
    const result = await Promise.race([options.invoke(match.route.functionArn, event), limit]);
    clearTimeout(timer);
    if (result === timedOut) return message(503, 'Service Unavailable');
    return result.functionError === undefined ? replyOf(result.payload) : SERVER_ERROR;
  };

  const listener = await listen(options.port, 'AUTOPACK_PORT', (incoming, outgoing) => {
    const requestId = randomUUID();
    handle(incoming, requestId, options.now(), answer)
      .catch((error: unknown) => {
        options.log(
          `${incoming.method} ${incoming.url?.slice(0, 200)}: ${error instanceof Error ? error.message : String(error)}`,
        );
        return SERVER_ERROR;
      })
      .then((reply) => send(incoming, outgoing, reply, requestId))
      .catch(() => outgoing.destroy());
  });
  return {
    ...listener,
    serve(next) {
      definition = next;
      verdicts.clear();
    },
  };
};

const handle = async (
  incoming: IncomingMessage,
  requestId: string,
  atMs: number,
  answer: (request: ReceivedRequest) => Promise<Reply>,
): Promise<Reply> => {
  if (!isLoopbackHost(incoming.headers.host))
    return message(421, 'This host answers to 127.0.0.1 and localhost only');
  const body = await readBody(incoming);
  if (body === undefined) return message(413, 'Request Entity Too Large');
  const url = incoming.url ?? '/';
  const cut = url.indexOf('?');
  return answer({
    method: incoming.method ?? 'GET',
    rawPath: cut === -1 ? url : url.slice(0, cut),
    rawQuery: cut === -1 ? '' : url.slice(cut + 1),
    rawHeaders: incoming.rawHeaders,
    body,
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
    requestId,
    atMs,
  });
};

/** The whole body, or undefined beyond the platform's cap; the rest is read and thrown away so that the reply arrives. */
const readBody = async (incoming: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > 4 * MAX_BODY_BYTES) break;
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
};

/** Reply of a function, payload format 2.0; an answer without `statusCode` is a JSON body with status 200. */
const replyOf = (payload: unknown): Reply => {
  if (!isRecord(payload) || payload['statusCode'] === undefined)
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: typeof payload === 'string' ? payload : JSON.stringify(payload),
    };
  const { statusCode, headers, cookies, body, isBase64Encoded } = payload;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return SERVER_ERROR;
  const own = Object.entries(isRecord(headers) ? headers : {}).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ]);
  return {
    status,
    headers: {
      'content-type': 'text/plain;charset=UTF-8',
      ...(Object.fromEntries(own) as Record<string, string>),
    },
    ...(Array.isArray(cookies) ? { cookies: cookies.map(String) } : {}),
    ...(typeof body === 'string'
      ? { body: isBase64Encoded === true ? Buffer.from(body, 'base64') : body }
      : {}),
  };
};

const send = (incoming: IncomingMessage, outgoing: ServerResponse, reply: Reply, requestId: string): void => {
  const body = Buffer.from(reply.body ?? '');
  const { 'set-cookie': single, ...headers } = reply.headers ?? {};
  const cookies = [...(reply.cookies ?? []), ...(single === undefined ? [] : [single])];
  const bare = incoming.method === 'HEAD' || reply.status === 204 || reply.status === 304;
  outgoing.writeHead(reply.status, {
    ...headers,
    'apigw-requestid': requestId,
    ...(bare ? {} : { 'content-length': body.byteLength }),
    ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}),
  });
  outgoing.end(bare ? undefined : body);
};
