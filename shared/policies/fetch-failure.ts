import type { OutboundCode, OutboundError } from '../providers/outbound-error.ts';
import type { FetchFailure } from './capture.ts';

export interface Failed {
  readonly code: FetchFailure;
  /** One sentence for a person: what happened, never what the page said. */
  readonly detail: string;
}

const CODES: Readonly<Record<OutboundCode, FetchFailure>> = {
  GUARD_URL: 'BLOCKED_ADDRESS',
  GUARD_SCHEME: 'BLOCKED_ADDRESS',
  GUARD_HOST: 'REDIRECTED_AWAY',
  GUARD_ADDRESS: 'BLOCKED_ADDRESS',
  GUARD_HEADER: 'CONNECTION',
  DNS_FAILED: 'DNS',
  CONNECT_FAILED: 'CONNECTION',
  CONNECT_TIMEOUT: 'TIMEOUT',
  TLS_FAILED: 'TLS',
  SEND_TIMEOUT: 'TIMEOUT',
  CONNECTION_LOST: 'CONNECTION',
  RESPONSE_INVALID: 'DECODING',
  RESPONSE_TOO_LARGE: 'TOO_LARGE',
  RESPONSE_TRUNCATED: 'TRUNCATED',
  TOO_MANY_REDIRECTS: 'TOO_MANY_REDIRECTS',
};

/** The code that the machine gave a fault, where it has one: `CERT_HAS_EXPIRED`, `ECONNREFUSED`. */
const causeCode = (error: Error): string | undefined => {
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
};

/** A detail fits the capture and shows nothing that moves a cursor. */
export const detail = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 300);

/** What an error of the guarded client means for a check. */
export const failureOfError = (error: OutboundError): Failed => {
  const cause = causeCode(error);
  // A head that overflows is a matter of size, though the parser calls it malformed.
  const code = cause === 'HPE_HEADER_OVERFLOW' ? 'TOO_LARGE' : CODES[error.code];
  return { code, detail: detail(cause === undefined ? error.message : `${error.message} (${cause})`) };
};

/** What a status that brings no page means. Undefined for 200 and 203, which do. */
export const failureOfStatus = (status: number): Failed | undefined => {
  const failed = (code: FetchFailure, text: string): Failed => ({
    code,
    detail: `the server answered ${status}: ${text}`,
  });
  if (status === 200 || status === 203) return undefined;
  if (status === 206) return failed('TRUNCATED', 'a part of the page, which nobody asked for');
  if (status === 304)
    return failed('HTTP_SERVER_ERROR', 'not modified, to a request that named nothing to compare with');
  if (status >= 300 && status < 400) return failed('HTTP_SERVER_ERROR', 'a redirect that leads nowhere');
  if (status === 404 || status === 410) return failed('HTTP_GONE', 'the page is not there any more');
  if ([401, 403, 407, 451].includes(status))
    return failed('HTTP_FORBIDDEN', 'this client may not read the page');
  if (status === 429) return failed('HTTP_RATE_LIMITED', 'too many requests');
  if (status === 408) return failed('TIMEOUT', 'the server waited too long');
  if (status >= 400 && status < 500) return failed('HTTP_CLIENT_ERROR', 'the request was refused');
  return status >= 500
    ? failed('HTTP_SERVER_ERROR', 'the server has a fault')
    : failed('HTTP_SERVER_ERROR', 'that is not the page');
};
