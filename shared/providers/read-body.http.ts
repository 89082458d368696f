import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
} from 'node:zlib';
import { OutboundError } from './outbound-error.ts';

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Reads a body to its end as text, counting what comes out of the decompression, not what went in. */
export const readTextBody = async (message: IncomingMessage, maxBytes: number): Promise<string> => {
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

/** A reply with the bytes that came over the wire. Header names are lower case. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Reads a body to its end as it is on the wire, packed or not.
 * @throws OutboundError RESPONSE_TOO_LARGE or RESPONSE_TRUNCATED. `spoiled` is what the parser of HTTP complained
 * about after the head: a chunk that is none, or bytes behind the length that was announced.
 */
export const readWireBody = async (
  message: IncomingMessage,
  maxBytes: number,
  spoiled: () => Error | undefined,
): Promise<Buffer> => {
  const broken = (code: 'RESPONSE_TRUNCATED' | 'RESPONSE_TOO_LARGE', text: string, cause?: unknown) =>
    new OutboundError(code, text, { sent: true, status: message.statusCode, cause });
  message.on('error', () => undefined);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw broken('RESPONSE_TOO_LARGE', `the reply is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof OutboundError) throw error;
    throw broken('RESPONSE_TRUNCATED', 'the reply broke off', error);
  }
  if (!message.complete) throw broken('RESPONSE_TRUNCATED', 'the reply broke off');
  const complaint = spoiled();
  if (complaint !== undefined) {
    throw broken('RESPONSE_TRUNCATED', 'the reply is not as long as it was announced', complaint);
  }
  return Buffer.concat(chunks);
};

type Unpack = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;
const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** What zlib says where the input ends before the stream does. */
const CUT_SHORT = 'Z_BUF_ERROR';

export type DecodedBody =
  | { readonly kind: 'decoded'; readonly bytes: Buffer }
  | {
      readonly kind: 'failed';
      readonly code: 'TRUNCATED' | 'TOO_LARGE' | 'DECODING';
      readonly detail: string;
    };

/**
 * Unpacks a body by its `content-encoding`. Stops as soon as more than `maxBytes` come out, so that a small bomb
 * never becomes a large buffer. Never throws.
 */
export const decodeBody = async (
  body: Buffer,
  contentEncoding: string | undefined,
  maxBytes: number,
): Promise<DecodedBody> => {
  const encoding = (contentEncoding ?? '').trim().toLowerCase();
  // An empty body is empty in every encoding.
  if (encoding === '' || encoding === 'identity' || body.length === 0)
    return { kind: 'decoded', bytes: body };
  const unpack = UNPACK.get(encoding);
  if (unpack === undefined) {
    return {
      kind: 'failed',
      code: 'DECODING',
      detail: `the encoding "${encoding.slice(0, 40)}" was not asked for`,
    };
  }
  try {
    return { kind: 'decoded', bytes: await unpack(body, { maxOutputLength: maxBytes }) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ERR_BUFFER_TOO_LARGE')
      return { kind: 'failed', code: 'TOO_LARGE', detail: `unpacks to more than ${maxBytes} bytes` };
    return code === CUT_SHORT
      ? { kind: 'failed', code: 'TRUNCATED', detail: `the ${encoding} body ends before its end` }
      : { kind: 'failed', code: 'DECODING', detail: `the body is not ${encoding}` };
  }
};
