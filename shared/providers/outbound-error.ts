/** Why a request got no complete reply. `GUARD_*`: our own rules refused it before anything was opened. */
export const OUTBOUND_CODES = [
  'GUARD_URL',
  'GUARD_SCHEME',
  'GUARD_HOST',
  'GUARD_ADDRESS',
  'GUARD_HEADER',
  'DNS_FAILED',
  'CONNECT_FAILED',
  'CONNECT_TIMEOUT',
  'TLS_FAILED',
  'SEND_TIMEOUT',
  'CONNECTION_LOST',
  'RESPONSE_INVALID',
  'RESPONSE_TOO_LARGE',
  'RESPONSE_TRUNCATED',
  'TOO_MANY_REDIRECTS',
] as const;
export type OutboundCode = (typeof OUTBOUND_CODES)[number];

/**
 * A request that got no complete reply. `sent` is false only where no byte of the request can have left: a refusal
 * of ours, a failed name lookup, a refused connection, a failed TLS handshake. `status` is set where the status line
 * had arrived before the body broke off.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly code: OutboundCode;
  readonly sent: boolean;
  readonly status: number | undefined;

  constructor(
    code: OutboundCode,
    message: string,
    options: { sent: boolean; status?: number | undefined; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.sent = options.sent;
    this.status = options.status;
  }
}
