import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Capture } from './capture.ts';
import { PageContent } from './content.ts';
import {
  type CheckId,
  type ContentKey,
  contentName,
  type DiffFormat,
  type ReadCapture,
  type ReadContent,
  type ReadDiff,
  type ReadRaw,
  type StoreCapture,
  type StoreContent,
  type StoreDiff,
  type StoreRaw,
} from './ports.ts';

const rawKey = (sha256: string): string => `policies/raw/${sha256}`;
const contentKey = (key: ContentKey): string => `policies/content/${contentName(key)}.json`;
const diffKey = (changeId: string, format: DiffFormat): string => `policies/diffs/${changeId}.${format}`;
const captureKey = ({ source, slot, reading }: CheckId): string =>
  `policies/captures/${source}/${slot}-${reading}.json`;

const hasStatus = (error: unknown, status: number): boolean =>
  typeof error === 'object' &&
  error !== null &&
  '$metadata' in error &&
  (error.$metadata as { httpStatusCode?: number }).httpStatusCode === status;

/** How often a put is tried that met another put of the same key. */
const PUTS = 4;

/**
 * Puts an object unless one is there. 412 is S3's "exists"; 409 is a race of two first puts of which this one may
 * have to be repeated.
 */
const putOnce = async (
  s3: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
  body: string | Uint8Array,
  contentType: string,
): Promise<boolean> => {
  for (let put = 1; ; put += 1) {
    try {
      await s3.send(
        new PutObjectCommand({ ...place, Body: body, ContentType: contentType, IfNoneMatch: '*' }),
      );
      return true;
    } catch (error) {
      if (hasStatus(error, 412)) return false;
      if (!hasStatus(error, 409) || put === PUTS) throw error;
    }
  }
};

const read = async (
  s3: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
): Promise<Uint8Array | undefined> => {
  try {
    const { Body } = await s3.send(new GetObjectCommand(place));
    return await Body?.transformToByteArray();
  } catch (error) {
    // Without ListBucket a missing object is a 403.
    if (hasStatus(error, 404) || hasStatus(error, 403)) return undefined;
    throw error;
  }
};
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');

/** The type says nothing about the bytes: nobody is meant to open a stranger's page from the bucket in a browser. */
export const storeRaw =
  (s3: S3Client, bucket: string): StoreRaw =>
  async (sha256Hex, bytes) => {
    await putOnce(s3, { Bucket: bucket, Key: rawKey(sha256Hex) }, bytes, 'application/octet-stream');
  };

export const readRaw =
  (s3: S3Client, bucket: string): ReadRaw =>
  async (sha256Hex) => {
    const bytes = await read(s3, { Bucket: bucket, Key: rawKey(sha256Hex) });
    if (bytes === undefined) throw new Error(`RAW_MISSING: ${rawKey(sha256Hex)}`);
    return bytes;
  };

export const storeContent =
  (s3: S3Client, bucket: string): StoreContent =>
  async (content) => {
    const place = { Bucket: bucket, Key: contentKey(content) };
    await putOnce(s3, place, JSON.stringify(content), 'application/json');
  };

export const readContent =
  (s3: S3Client, bucket: string): ReadContent =>
  async (key) => {
    const text = textOf(await read(s3, { Bucket: bucket, Key: contentKey(key) }));
    return text === undefined ? undefined : PageContent.parse(JSON.parse(text));
  };

const DIFF_TYPES: Readonly<Record<DiffFormat, string>> = {
  json: 'application/json',
  md: 'text/markdown; charset=utf-8',
  // Shown inside our own page only, never as a page of its own.
  html: 'text/plain; charset=utf-8',
};

export const storeDiff =
  (s3: S3Client, bucket: string): StoreDiff =>
  async (changeId, format, text) => {
    await putOnce(s3, { Bucket: bucket, Key: diffKey(changeId, format) }, text, DIFF_TYPES[format]);
  };

export const readDiff =
  (s3: S3Client, bucket: string): ReadDiff =>
  async (changeId, format) =>
    textOf(await read(s3, { Bucket: bucket, Key: diffKey(changeId, format) }));

export const readCapture =
  (s3: S3Client, bucket: string): ReadCapture =>
  async (id) => {
    const text = textOf(await read(s3, { Bucket: bucket, Key: captureKey(id) }));
    return text === undefined ? undefined : Capture.parse(JSON.parse(text));
  };

export const storeCapture =
  (s3: S3Client, bucket: string): StoreCapture =>
  async (capture) => {
    const place = { Bucket: bucket, Key: captureKey(capture) };
    if (await putOnce(s3, place, JSON.stringify(capture), 'application/json')) return capture;
    const stored = await readCapture(s3, bucket)(capture);
    if (stored === undefined) throw new Error(`CAPTURE_MISSING: ${place.Key}`);
    return stored;
  };
