import type { RenderedRequest } from '../actions/dry-run.ts';
import { findDefinition } from '../providers/http/definition.ts';
import type { EndpointDefinition } from './project-config.ts';

/** Encoded separators and dots could mean another path to the server than to us, so nothing covers them. */
const AMBIGUOUS = /%2f|%5c|%2e|%25|%00|\\|\/\//i;

/**
 * The definition that covers a stored request, found from its bytes alone and not from what the render said about
 * them. Undefined where there is none, which makes the request destructive.
 */
export const matchEndpoint = (
  endpoints: readonly EndpointDefinition[],
  request: Pick<RenderedRequest, 'method' | 'url'>,
): EndpointDefinition | undefined => {
  if (!URL.canParse(request.url)) return undefined;
  const url = new URL(request.url);
  return AMBIGUOUS.test(url.pathname)
    ? undefined
    : (findDefinition(endpoints, request.method, url) ?? undefined);
};
