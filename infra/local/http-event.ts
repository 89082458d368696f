import type { RouteMatch } from './http-routes.ts';

export interface ReceivedRequest {
  readonly method: string;
  /** Still percent-encoded. */
  readonly rawPath: string;
  readonly rawQuery: string;
  /** As node:http lists them: name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  readonly atMs: number;
}

export interface ApiIdentity {
  readonly apiId: string;
  readonly accountId: string;
  readonly region: string;
  readonly stage: string;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Time of the access log format: `21/Nov/2026:08:15:30 +0000`. */
const logTime = (atMs: number): string => {
  const at = new Date(atMs).toISOString();
  return `${at.slice(8, 10)}/${MONTHS[Number(at.slice(5, 7)) - 1] ?? ''}/${at.slice(0, 4)}:${at.slice(11, 19)} +0000`;
};

const joined = (pairs: Iterable<readonly [string, string]>): Record<string, string> => {
  const result: Record<string, string> = {};
  for (const [name, value] of pairs)
    result[name] = Object.hasOwn(result, name) ? `${result[name] as string},${value}` : value;
  return result;
};

/** Bodies of these types arrive as text; all others as base64. */
const isText = (contentType: string | undefined): boolean =>
  contentType === undefined ||
  /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded|[\w.-]+\+(json|xml)))/i.test(contentType);

/** Members that requests to authorizers and to integrations have in common, payload format 2.0. */
const common = (request: ReceivedRequest, api: ApiIdentity, match: RouteMatch): Record<string, unknown> => {
  const pairs = request.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), request.rawHeaders[index + 1] ?? ''] as const] : [],
  );
  const cookies = pairs.filter(([name]) => name === 'cookie').flatMap(([, value]) => value.split('; '));
  const headers = joined(pairs.filter(([name]) => name !== 'cookie'));
  const query = joined(new URLSearchParams(request.rawQuery));
  const host = headers['host'] ?? '127.0.0.1';
  return {
    version: '2.0',
    routeKey: match.route.key,
    rawPath: decodePath(request.rawPath),
    rawQueryString: request.rawQuery,
    ...(cookies.length > 0 ? { cookies } : {}),
    headers,
    ...(Object.keys(query).length > 0 ? { queryStringParameters: query } : {}),
    ...(Object.keys(match.parameters).length > 0 ? { pathParameters: match.parameters } : {}),
    requestContext: {
      accountId: api.accountId,
      apiId: api.apiId,
      domainName: host,
      domainPrefix: host.split('.')[0],
      http: {
        method: request.method,
        path: decodePath(request.rawPath),
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey: match.route.key,
      stage: api.stage,
      time: logTime(request.atMs),
      timeEpoch: request.atMs,
    },
  };
};

/** API Gateway hands the path on decoded. */
const decodePath = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

/** Event of a Lambda proxy integration, payload format 2.0. `authorizer` is the context that the authorizer gave. */
export const integrationEvent = (
  request: ReceivedRequest,
  api: ApiIdentity,
  match: RouteMatch,
  authorizer: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> => {
  const event = common(request, api, match);
  const contentType = (event['headers'] as Record<string, string>)['content-type'];
  const text = isText(contentType);
  return {
    ...event,
    requestContext: {
      ...(event['requestContext'] as object),
      ...(authorizer === undefined ? {} : { authorizer: { lambda: authorizer } }),
    },
    ...(request.body.byteLength > 0 ? { body: request.body.toString(text ? 'utf8' : 'base64') } : {}),
    isBase64Encoded: request.body.byteLength > 0 && !text,
  };
};

/** Values of the identity sources in order, or undefined where one is missing (401 without asking the authorizer). */
export const identityOf = (
  sources: readonly string[],
  event: Record<string, unknown>,
): string[] | undefined => {
  const values: string[] = [];
  for (const source of sources) {
    const [, kind = '', name = ''] = /^\$request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
    const value =
      kind === 'header'
        ? (event['headers'] as Record<string, string>)[name.toLowerCase()]
        : kind === 'querystring'
          ? (event['queryStringParameters'] as Record<string, string> | undefined)?.[name]
          : undefined;
    if (value === undefined || value === '') return undefined;
    values.push(value);
  }
  return values;
};

/** Event of a REQUEST authorizer, payload format 2.0. */
export const authorizerEvent = (
  request: ReceivedRequest,
  api: ApiIdentity,
  match: RouteMatch,
  routeArn: string,
  sources: readonly string[],
): { readonly event: Record<string, unknown>; readonly identity: string[] | undefined } => {
  const event = common(request, api, match);
  const identity = identityOf(sources, event);
  return {
    event: {
      ...event,
      type: 'REQUEST',
      routeArn,
      ...(identity === undefined ? {} : { identitySource: identity }),
    },
    identity,
  };
};
