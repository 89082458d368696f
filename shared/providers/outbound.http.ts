import {
  type IncomingMessage,
  request as httpRequest,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { openSocket, type Resolve, systemResolve } from './connect.http.ts';
import { guardUrl, type Target } from './guard-url.ts';
import { OutboundError } from './outbound-error.ts';
import type { OutgoingRequest, ProviderReply, Send } from './provider.ts';

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

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Reads a body to its end, counting what comes out of the decompression, not what went in. */
const readBody = async (message: IncomingMessage, maxBytes: number): Promise<string> => {
  const broken = (
    code: 'RESPONSE_TRUNCATED' | 'RESPONSE_TOO_LARGE' | 'RESPONSE_INVALID',
    text: string,
    cause?: unknown,
  ) => new OutboundError(code, text, { sent: true, status: message.statusCode, cause });
  const encoding = (message.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decoder = encoding === 'identity' || encoding === '' ? undefined : decoders[encoding]?.();
  if (decoder === undefined && encoding !== 'identity' && encoding !== '') {
    throw broken('RESPONSE_INVALID', 'the reply has an encoding that was not asked for');
  }
  if (decoder !== undefined) {
    message.once('error', (error) => decoder.destroy(error));
    message.pipe(decoder);
  }
  message.on('error', () => undefined);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of (decoder ?? message) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw broken('RESPONSE_TOO_LARGE', `the reply is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof OutboundError) throw error;
    throw broken('RESPONSE_TRUNCATED', 'the reply broke off', error);
  }
  if (!message.complete) throw broken('RESPONSE_TRUNCATED', 'the reply broke off');
  return Buffer.concat(chunks).toString('utf8');
};

const headersOf = (message: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );

/** One request and its reply over a socket that is open. From here on a byte may have left. */
const exchange = (
  socket: Socket,
  target: Target,
  request: OutgoingRequest,
  limits: { readonly maxBytes: number; readonly maxHeaderBytes: number; readonly signal: AbortSignal },
): Promise<ProviderReply> =>
  new Promise((resolve, reject) => {
    if (limits.signal.aborted) {
      socket.destroy();
      reject(new OutboundError('CONNECT_TIMEOUT', 'no time was left to send', { sent: false }));
      return;
    }
    let status: number | undefined;
    const end = (error: OutboundError | undefined, reply?: ProviderReply): void => {
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
      readBody(message, limits.maxBytes).then(
        (text) =>
          end(undefined, { status: message.statusCode ?? 0, headers: headersOf(message), body: text }),
        (error: unknown) => end(error as OutboundError),
      );
    });
    outgoing.on('error', (cause: NodeJS.ErrnoException) => {
      if (status !== undefined) return;
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

/**
 * The one way out (DESIGN §5): only listed hosts, only public addresses, one attempt, nothing followed that could
 * repeat an effect, and a limit on time, headers and bytes. A 3xx is a reply like any other.
 * @throws OutboundError; `sent` says whether a byte of the request may have left.
 */
export const outboundSend = (options: OutboundOptions): Send => {
  const sendOnce = async (request: OutgoingRequest, signal: AbortSignal): Promise<ProviderReply> => {
    checkHeaders(request.headers);
    const target = guardUrl(request.url, options.allowedHosts);
    const socket = await openSocket(target, {
      allowLoopback: options.allowLoopback,
      resolve: options.resolve ?? systemResolve,
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
      ca: options.ca,
      signal,
    });
    return exchange(socket, target, request, {
      maxBytes: options.maxResponseBytes ?? 1_048_576,
      maxHeaderBytes: options.maxHeaderBytes ?? 16_384,
      signal,
    });
  };
  return async (first) => {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), first.timeoutMs);
    try {
      let request = first;
      for (let hops = options.maxReadRedirects ?? 0; ; hops -= 1) {
        const reply = await sendOnce(request, deadline.signal).catch((error: unknown) => {
          // The first hop has left even where a later one is refused.
          const later = request !== first && error instanceof OutboundError;
          throw later
            ? new OutboundError(error.code, error.message, { sent: true, status: error.status, cause: error })
            : error;
        });
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
