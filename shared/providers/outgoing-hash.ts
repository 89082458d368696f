import type { RenderedRequest } from '../actions/dry-run.ts';
import { requestHash } from '../actions/hashes.ts';
import { isAuthHeader } from './auth-headers.ts';
import type { OutgoingRequest } from './provider.ts';

/**
 * The requestHash, re-computed from the bytes that are about to be handed over (rule 2). Authentication headers that
 * were added are left out; any other header, and any other difference, changes the hash.
 */
export const hashOfOutgoing = (original: RenderedRequest, outgoing: OutgoingRequest): string => {
  const headers = Object.fromEntries(
    Object.entries(outgoing.headers).filter(
      ([name]) => Object.hasOwn(original.headers, name) || !isAuthHeader(name),
    ),
  );
  return requestHash({
    ...original,
    // The hash does not know what comes after "#" and nothing sends it; a difference there still counts as one.
    method: outgoing.method as RenderedRequest['method'],
    url: outgoing.url,
    headers,
    body: outgoing.body,
  });
};
