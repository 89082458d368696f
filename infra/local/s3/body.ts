import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { AwsRequest } from '../service.ts';
import { S3Error } from './xml.ts';

const bits32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
};

/** CRC-32C and CRC-64/NVME, reflected, one table each; the SDKs and the AWS CLI pick between these by release. */
const crc32c = (body: Buffer): Buffer => {
  let crc = 0xffffffff;
  for (const byte of body) crc = (CRC32C[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return bits32(crc ^ 0xffffffff);
};
const CRC32C = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0x82f63b78 ^ (value >>> 1) : value >>> 1;
  return value;
});

const crc64nvme = (body: Buffer): Buffer => {
  let crc = 0xffffffffffffffffn;
  for (const byte of body) crc = (CRC64[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n) ^ (crc >> 8n);
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(crc ^ 0xffffffffffffffffn);
  return buffer;
};
const CRC64 = BigUint64Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? 0x9a6c9329ac4bc9b5n ^ (value >> 1n) : value >> 1n;
  return value;
});

const hash = (algorithm: string) => (body: Buffer) => createHash(algorithm).update(body).digest();

const CHECKSUMS = {
  'x-amz-checksum-crc32': (body: Buffer) => bits32(crc32(body)),
  'x-amz-checksum-crc32c': crc32c,
  'x-amz-checksum-crc64nvme': crc64nvme,
  'x-amz-checksum-sha1': hash('sha1'),
  'x-amz-checksum-sha256': hash('sha256'),
  'content-md5': hash('md5'),
} as const;

const incomplete = (): S3Error =>
  new S3Error(400, 'IncompleteBody', 'The request body terminated unexpectedly.');

/** Takes the aws-chunked framing off: `size[;extension]CRLF data CRLF … 0 CRLF trailer: value CRLF CRLF`. */
const unchunk = (framed: Buffer): { body: Buffer; trailers: Record<string, string> } => {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = framed.indexOf('\r\n', at);
    if (end === -1) throw incomplete();
    const size = /^([0-9a-f]{1,8})(?:;.*)?$/i.exec(framed.toString('latin1', at, end))?.[1];
    if (size === undefined) throw incomplete();
    const length = Number.parseInt(size, 16);
    at = end + 2;
    if (length === 0) break;
    if (at + length + 2 > framed.length) throw incomplete();
    parts.push(framed.subarray(at, at + length));
    at += length + 2;
  }
  const trailers: Record<string, string> = {};
  for (const line of framed.toString('latin1', at).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { body: Buffer.concat(parts), trailers };
};

export interface ReceivedBody {
  readonly body: Buffer;
  /** Checksums that the client sent and that fit, by header name. */
  readonly checksums: Readonly<Record<string, string>>;
}

/**
 * The object bytes of a PUT, free of transfer framing and checked against every checksum that came with them.
 * @throws S3Error BadDigest, IncompleteBody.
 */
export const receiveBody = (request: AwsRequest): ReceivedBody => {
  const { headers } = request;
  const chunked =
    (headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-') ||
    (headers['content-encoding'] ?? '').split(',').some((coding) => coding.trim() === 'aws-chunked');
  const { body, trailers } = chunked ? unchunk(request.body) : { body: request.body, trailers: {} };
  const decodedLength = headers['x-amz-decoded-content-length'];
  if (chunked && decodedLength !== undefined && Number(decodedLength) !== body.length) throw incomplete();

  const sent: Readonly<Record<string, string>> = { ...headers, ...trailers };
  const announced = headers['x-amz-trailer'];
  if (announced !== undefined && sent[announced.trim().toLowerCase()] === undefined) throw incomplete();
  const checksums: Record<string, string> = {};
  for (const [name, compute] of Object.entries(CHECKSUMS)) {
    const value = sent[name];
    if (value === undefined) continue;
    const claimed = Buffer.from(value, 'base64');
    const actual = compute(body);
    if (claimed.length !== actual.length || !timingSafeEqual(claimed, actual))
      throw new S3Error(400, 'BadDigest', `The ${name} you specified did not match the content we received.`);
    if (name !== 'content-md5') checksums[name] = value;
  }
  return { body, checksums };
};
