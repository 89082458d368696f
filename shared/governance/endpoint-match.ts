import { hostIsListed } from '../providers/guard-url.ts';
import type { RenderedRequest } from '../actions/dry-run.ts';
import type { EndpointDefinition } from './project-config.ts';

/** Encoded separators and dots could mean another path to the server than to us, so nothing covers them. */
const AMBIGUOUS = /%2f|%5c|%2e|%25|%00|\\|\/\//i;

const covers = (prefix: string, path: string): boolean => {
  const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
  return path === prefix || `${path}/` === folder || path.startsWith(folder);
};

/**
 * The definition that covers a request: same host and port, a listed method, and the longest path prefix on whole
 * segments. Undefined where none does, which makes the request destructive.
 */
export const matchEndpoint = (
  endpoints: readonly EndpointDefinition[],
  request: Pick<RenderedRequest, 'method' | 'url'>,
): EndpointDefinition | undefined => {
  if (!URL.canParse(request.url)) return undefined;
  const url = new URL(request.url);
  if (AMBIGUOUS.test(url.pathname)) return undefined;
  return endpoints
    .filter(
      (endpoint) =>
        endpoint.methods.includes(request.method) &&
        hostIsListed(url, [endpoint.host]) &&
        covers(endpoint.pathPrefix, url.pathname),
    )
    .toSorted((a, b) => b.pathPrefix.length - a.pathPrefix.length)[0];
};
