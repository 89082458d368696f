import type { HttpApiEvent } from '#shared/operators/http-event.ts';
import type { Principal } from '#shared/operators/principal.ts';

export interface EventParts {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly principal?: Principal;
}

/** An HTTP API event, payload format 2.0, as the gateway makes it. */
export const httpEvent = (parts: EventParts): HttpApiEvent => ({
  routeKey: `${parts.method ?? 'GET'} ${parts.path ?? '/'}`,
  rawPath: parts.path ?? '/',
  rawQueryString: parts.query ?? '',
  headers: parts.headers ?? {},
  ...(parts.cookies === undefined ? {} : { cookies: parts.cookies }),
  ...(parts.params === undefined ? {} : { pathParameters: parts.params }),
  ...(parts.body === undefined ? {} : { body: parts.body }),
  isBase64Encoded: false,
  requestContext: {
    requestId: 'gateway-1',
    http: { method: parts.method ?? 'GET', path: parts.path ?? '/', sourceIp: '192.0.2.1' },
    ...(parts.principal === undefined
      ? {}
      : { authorizer: { lambda: { principal: JSON.stringify(parts.principal) } } }),
  },
});
