import type { RenderedRequest } from '../actions/dry-run.ts';
import { ALPACA_HOSTS } from './alpaca/hosts.ts';

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * True where the approved request goes to a stand-in instead of the real provider. Read from the bytes that were
 * approved, not from today's environment: only stand-in credentials may be sent there, and only there.
 */
export const hostIsStandIn = (request: Pick<RenderedRequest, 'operation' | 'url'>): boolean => {
  const { hostname } = new URL(request.url);
  return request.operation.startsWith('alpaca/')
    ? !Object.values(ALPACA_HOSTS).some((host) => host === hostname)
    : LOOPBACK.has(hostname);
};
