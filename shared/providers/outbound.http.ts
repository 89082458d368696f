import {
  type IncomingMessage,
  request as httpRequest,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import type { Socket } from 'node:net';
import { openSocket, type Resolve, systemResolve } from './connect.http.ts';
import { guardUrl, type Target } from './guard-url.ts';
import { OutboundError } from './outbound-error.ts';
import type { OutgoingRequest, ProviderReply, Send } from './provider.ts';
import { readTextBody, readWireBody, type WireReply } from './read-body.http.ts';

export interface OutboundOptions {
  /** Exact hosts, `host` or `host:port`. */
  readonly allowedHosts: readonly string[];
  /** Loopback may be called, over http too. Never in production. */
  readonly allowLoopback: boolean;
  readonly resolve?: Resolve;
  readonly connectTimeoutMs?: number;
  readonly maxResponseBytes?: number;
  readonly maxHeaderBytes?: number;
  /**
   * How many redirects a GET or HEAD may follow; every hop passes the guard again and credentials stay with their
   * origin. 0 unless said otherwise: a lookup that is led elsewhere proves nothing about the thing asked for.
   */
  readonly maxReadRedirects?: number;
  readonly ca?: string;
}

/** Headers that say how a message is framed belong to this client alone. */
const FRAMING = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'proxy-authorization',
  'proxy-connection',
]);
/** What a redirected read takes to another origin. */
const HARMLESS_HEADERS = new Set(['accept', 'accept-encoding', 'accept-language', 'user-agent']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

const checkHeaders = (headers: Readonly<Record<string, string>>): void => {
  for (const [name, value] of Object.entries(headers)) {
    try {
      if (FRAMING.has(name.toLowerCase())) throw new Error('framing');
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (cause) {
      throw new OutboundError('GUARD_HEADER', `the header "${name.slice(0, 60)}" cannot be sent`, {
        sent: false,
        cause,
      });
    }
  }
};

const headersOf = (message: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );

/** What a body is read into, and how. `spoiled` says what the parser of HTTP complained about after the head. */
type ReadBody<Body> = (
  message: IncomingMessage,
  maxBytes: number,
  spoiled: () => Error | undefined,
) => Promise<Body>;
type Reply<Body> = Omit<ProviderReply, 'body'> & { readonly body: Body };

/** One request and its reply over a socket that is open. From here on a byte may have left. */
const exchange = <Body>(
  socket: Socket,
  target: Target,
  request: OutgoingRequest,
  limits: { readonly maxBytes: number; readonly maxHeaderBytes: number; readonly signal: AbortSignal },
  read: ReadBody<Body>,
): Promise<Reply<Body>> =>
  new Promise((resolve, reject) => {
    if (limits.signal.aborted) {
      socket.destroy();
      reject(new OutboundError('CONNECT_TIMEOUT', 'no time was left to send', { sent: false }));
      return;
    }
    let status: number | undefined;
    let spoiled: Error | undefined;
    const end = (error: OutboundError | undefined, reply?: Reply<Body>): void => {
      limits.signal.removeEventListener('abort', late);
      socket.destroy();
      if (reply !== undefined) resolve(reply);
      else reject(error);
    };
    const late = (): void =>
      end(new OutboundError('SEND_TIMEOUT', 'no complete reply in time', { sent: true, status }));
    limits.signal.addEventListener('abort', late, { once: true });
    const body = request.body === null ? undefined : Buffer.from(request.body, 'utf8');
    const needsLength = body !== undefined || !['GET', 'HEAD', 'DELETE'].includes(request.method);
    const outgoing = httpRequest({
      createConnection: () => socket,
      method: request.method,
      path: `${target.url.pathname}${target.url.search}`,
      setHost: false,
      maxHeaderSize: limits.maxHeaderBytes,
      headers: {
        ...request.headers,
        host: target.url.host,
        connection: 'close',
        ...(needsLength ? { 'content-length': String(body?.length ?? 0) } : {}),
      },
    });
    outgoing.once('response', (message) => {
      status = message.statusCode;
      read(message, limits.maxBytes, () => spoiled).then(
        (content) =>
          end(undefined, { status: message.statusCode ?? 0, headers: headersOf(message), body: content }),
        (error: unknown) => end(error as OutboundError),
      );
    });
    outgoing.on('error', (cause: NodeJS.ErrnoException) => {
      if (status !== undefined) {
        spoiled ??= cause;
        return;
      }
      const code = cause.code?.startsWith('HPE_') === true ? 'RESPONSE_INVALID' : 'CONNECTION_LOST';
      end(
        new OutboundError(
          code,
          code === 'CONNECTION_LOST' ? 'the connection was lost' : 'the reply is not HTTP',
          { sent: true, cause },
        ),
      );
    });
    outgoing.once('close', () => {
      if (status === undefined)
        end(new OutboundError('CONNECTION_LOST', 'the connection was closed', { sent: true }));
    });
    outgoing.end(body);
  });

/** The next hop of a redirected read, or undefined where the reply is the answer. */
const nextHop = (request: OutgoingRequest, reply: ProviderReply): OutgoingRequest | undefined => {
  const location = reply.headers['location'];
  if (!REDIRECTS.has(reply.status) || location === undefined || !URL.canParse(location, request.url))
    return undefined;
  const next = new URL(location, request.url);
  next.hash = '';
  const sameOrigin = next.origin === new URL(request.url).origin;
  const headers = Object.entries(request.headers).filter(
    ([name]) => sameOrigin || HARMLESS_HEADERS.has(name),
  );
  return { ...request, url: next.href, headers: Object.fromEntries(headers) };
};

const sendOnce = async <Body>(
  options: OutboundOptions,
  request: OutgoingRequest,
  signal: AbortSignal,
  read: ReadBody<Body>,
): Promise<Reply<Body>> => {
  checkHeaders(request.headers);
  const target = guardUrl(request.url, options.allowedHosts);
  const socket = await openSocket(target, {
    allowLoopback: options.allowLoopback,
    resolve: options.resolve ?? systemResolve,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    ca: options.ca,
    signal,
  });
  const limits = {
    maxBytes: options.maxResponseBytes ?? 1_048_576,
    maxHeaderBytes: options.maxHeaderBytes ?? 16_384,
    signal,
  };
  return exchange(socket, target, request, limits, read);
};

/**
 * The same way out for pages: one GET, nothing followed, and the reply as bytes. They are as they came over the wire;
 * `decodeBody` unpacks them. The limit on bytes counts the wire.
 * @throws OutboundError, as `outboundSend`; RESPONSE_TRUNCATED too where bytes follow the length that was announced.
 */
export const outboundRead =
  (options: OutboundOptions) =>
  (
    request: Pick<OutgoingRequest, 'url' | 'headers'> & { readonly signal: AbortSignal },
  ): Promise<WireReply> => {
    const outgoing = { method: 'GET', url: request.url, headers: request.headers, body: null, timeoutMs: 0 };
    return sendOnce(options, outgoing, request.signal, readWireBody);
  };

/**
 * The one way out (DESIGN §5): only listed hosts, only public addresses, one attempt, nothing followed that could
 * repeat an effect, and a limit on time, headers and bytes. A 3xx is a reply like any other.
 * @throws OutboundError; `sent` says whether a byte of the request may have left.
 */
export const outboundSend = (options: OutboundOptions): Send => {
  return async (first) => {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), first.timeoutMs);
    try {
      let request = first;
      for (let hops = options.maxReadRedirects ?? 0; ; hops -= 1) {
        const reply = await sendOnce(options, request, deadline.signal, readTextBody).catch(
          (error: unknown) => {
            // The first hop has left even where a later one is refused.
            const later = request !== first && error instanceof OutboundError;
            throw later
              ? new OutboundError(error.code, error.message, {
                  sent: true,
                  status: error.status,
                  cause: error,
                })
              : error;
          },
        );
        const next = ['GET', 'HEAD'].includes(first.method) ? nextHop(request, reply) : undefined;
        if (next === undefined || (options.maxReadRedirects ?? 0) === 0) return reply;
        if (hops === 0) throw new OutboundError('TOO_MANY_REDIRECTS', 'too many redirects', { sent: true });
        request = next;
      }
    } finally {
      clearTimeout(timer);
    }
  };
};
