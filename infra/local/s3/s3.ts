import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateS3 } from '../ports.ts';
import type { AwsReply, AwsRequest } from '../service.ts';
import { writeDurably } from '../durable-file.ts';
import { receiveBody } from './body.ts';
import { listObjects, listVersions } from './list.ts';
import { type Bucket, openBucket, type VersionMeta } from './store.ts';
import { element, S3Error, s3ErrorReply, xmlReply } from './xml.ts';

const KEPT_HEADERS = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-language',
  'expires',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
];
/** Headers that would change what a PUT means, and that nothing here honours. */
const REFUSED_HEADERS = [
  'x-amz-copy-source',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-legal-hold',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-tagging',
  'x-amz-acl',
  'x-amz-write-offset-bytes',
];

const notImplemented = (what: string): S3Error =>
  new S3Error(501, 'NotImplemented', `The local host does not implement ${what}.`);

const noSuchKey = (): S3Error => new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');

const preconditionFailed = (): S3Error =>
  new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');

const matches = (condition: string, etag: string): boolean =>
  condition === '*' ||
  condition.split(',').some((part) => part.trim().replaceAll('"', '') === etag.replaceAll('"', ''));

/** Throws unless the conditional headers of a PUT hold for what is there. */
const putCondition =
  (headers: AwsRequest['headers']) =>
  (latest: VersionMeta | undefined): void => {
    const none = headers['if-none-match'];
    if (none !== undefined && none !== '*') throw notImplemented('If-None-Match with a value other than *');
    if (none === '*' && latest !== undefined) throw preconditionFailed();
    const match = headers['if-match'];
    if (match === undefined) return;
    if (latest === undefined) throw noSuchKey();
    if (!matches(match, latest.etag)) throw preconditionFailed();
  };

const objectHeaders = (bucket: Bucket, meta: VersionMeta, checksums: boolean): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(meta.headers).filter(([name]) => checksums || !name.startsWith('x-amz-checksum-')),
  ),
  etag: meta.etag,
  'last-modified': new Date(meta.lastModified).toUTCString(),
  'accept-ranges': 'bytes',
  'x-amz-request-id': randomUUID(),
  ...(bucket.versioned ? { 'x-amz-version-id': meta.versionId } : {}),
});

const putObject = async (
  bucket: Bucket,
  key: string,
  request: AwsRequest,
  now: number,
): Promise<AwsReply> => {
  for (const name of REFUSED_HEADERS)
    if (request.headers[name] !== undefined) throw notImplemented(`the header ${name}`);
  if (Buffer.byteLength(key) > 1024) throw new S3Error(400, 'KeyTooLongError', 'Your key is too long');
  const { body, checksums } = receiveBody(request);
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream', ...checksums };
  for (const [name, value] of Object.entries(request.headers))
    if (KEPT_HEADERS.includes(name) || name.startsWith('x-amz-meta-')) headers[name] = value;
  const encoding = (request.headers['content-encoding'] ?? '')
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked');
  if (encoding.length > 0) headers['content-encoding'] = encoding.join(', ');
  const meta = await bucket.put({ key, body, headers, now }, putCondition(request.headers));
  const {
    'last-modified': _,
    'accept-ranges': __,
    'content-type': ___,
    ...reply
  } = objectHeaders(bucket, meta, true);
  return {
    status: 200,
    headers: Object.fromEntries(
      Object.entries(reply).filter(
        ([name]) => name === 'etag' || (name.startsWith('x-amz-') && !name.startsWith('x-amz-meta-')),
      ),
    ),
    body: '',
  };
};

const rangeOf = (header: string | undefined, size: number): { start: number; end: number } | undefined => {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (parts === null || (parts[1] === '' && parts[2] === '')) return undefined;
  const start = parts[1] === '' ? Math.max(0, size - Number(parts[2])) : Number(parts[1]);
  const end = parts[1] === '' || parts[2] === '' ? size - 1 : Math.min(Number(parts[2]), size - 1);
  if (start > end || (parts[1] === '' && Number(parts[2]) === 0))
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
      'content-range': `bytes */${size}`,
    });
  return { start, end };
};

const getObject = async (bucket: Bucket, key: string, request: AwsRequest): Promise<AwsReply> => {
  const versionId = request.query.get('versionId');
  const found = versionId === null ? bucket.latest(key) : bucket.version(key, versionId);
  if (found === undefined)
    throw versionId === null || bucket.latest(key) === undefined
      ? noSuchKey()
      : new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.');
  const { meta, body } = await bucket.read(found);
  const { 'if-match': match, 'if-none-match': none } = request.headers;
  if (match !== undefined && !matches(match, meta.etag)) throw preconditionFailed();
  if (none !== undefined && matches(none, meta.etag))
    throw new S3Error(304, 'NotModified', 'Not Modified', { etag: meta.etag });
  const range = rangeOf(request.headers['range'], meta.size);
  const wantsChecksum = request.headers['x-amz-checksum-mode'] === 'ENABLED' && range === undefined;
  const headers = objectHeaders(bucket, meta, wantsChecksum);
  const part = range === undefined ? body : body.subarray(range.start, range.end + 1);
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      'content-length': String(part.length),
      ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${meta.size}` }),
    },
    body: request.method === 'HEAD' ? '' : part,
  };
};

const onBucket = (name: string, bucket: Bucket, request: AwsRequest): AwsReply => {
  const { method, query } = request;
  if (method === 'HEAD') return { status: 200, headers: {}, body: '' };
  if (method === 'GET' && query.get('list-type') === '2') return listObjects(name, bucket, query);
  if (method === 'GET' && query.has('versions')) return listVersions(name, bucket, query);
  if (method === 'GET' && query.has('versioning'))
    return xmlReply('VersioningConfiguration', element('Status', bucket.versioned ? 'Enabled' : undefined));
  throw notImplemented(`${method} on a bucket with ?${[...query.keys()].join('&')}`);
};

const SUB_RESOURCES = new Set(['x-id', 'versionId']);

const onObject = async (bucket: Bucket, key: string, request: AwsRequest, now: number): Promise<AwsReply> => {
  const unknown = [...request.query.keys()].find(
    (name) => !SUB_RESOURCES.has(name) && !/^x-amz-/i.test(name),
  );
  if (unknown !== undefined) throw notImplemented(`the sub-resource ?${unknown}`);
  if (request.method === 'PUT') return putObject(bucket, key, request, now);
  if (request.method === 'GET' || request.method === 'HEAD') return getObject(bucket, key, request);
  throw notImplemented(`${request.method} of an object`);
};

const split = (path: string): { bucket: string; key: string } => {
  const cut = path.indexOf('/', 1);
  try {
    return {
      bucket: decodeURIComponent(cut === -1 ? path.slice(1) : path.slice(1, cut)),
      key: cut === -1 ? '' : decodeURIComponent(path.slice(cut + 1)),
    };
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
};

/** S3 on disk: objects with versions and conditional puts, no delete. Path-style addresses only. */
export const createS3: CreateS3 = (host) => {
  const root = join(host.dataDir, 's3');
  const buckets = new Map<string, Bucket>();
  const settingsFolder = join(root, 'settings');
  const settingsPath = (name: string): string => join(settingsFolder, `${name}.json`);
  const folderOf = (name: string): string => join(root, 'buckets', name);
  mkdirSync(settingsFolder, { recursive: true, mode: 0o700 });
  for (const file of readdirSync(settingsFolder)) {
    if (!file.endsWith('.json')) continue;
    const name = file.slice(0, -'.json'.length);
    const settings: unknown = JSON.parse(readFileSync(settingsPath(name), 'utf8'));
    const versioned =
      typeof settings === 'object' && settings !== null && 'versioned' in settings && settings.versioned;
    buckets.set(name, openBucket(folderOf(name), versioned === true));
  }

  const route = async (request: AwsRequest): Promise<AwsReply> => {
    const { bucket: name, key } = split(request.path);
    if (name === '') {
      if (request.method !== 'GET') throw notImplemented(`${request.method} /`);
      const list = [...buckets.keys()].toSorted().map((each) => `<Bucket>${element('Name', each)}</Bucket>`);
      return xmlReply('ListAllMyBucketsResult', `<Buckets>${list.join('')}</Buckets>`);
    }
    const bucket = buckets.get(name);
    if (bucket === undefined) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
    return key === '' ? onBucket(name, bucket, request) : onObject(bucket, key, request, host.clock.now());
  };

  return {
    signingNames: ['s3'],
    async handle(request) {
      try {
        return await route(request);
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        if (error.code === 'NotImplemented') host.log(`s3: ${error.message}`);
        return s3ErrorReply(error, request.path);
      }
    },
    async ensureBucket(name, options = {}) {
      if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..'))
        throw new Error(`${name} is not a bucket name`);
      const known = buckets.get(name);
      // As on AWS, versioning is never taken back: the versions would become unreachable.
      const versioned = (options.versioned ?? false) || (known?.versioned ?? false);
      if (known?.versioned === versioned) return;
      // Objects that were stored without versions stay readable: they keep the version id "null".
      await writeDurably(settingsPath(name), JSON.stringify({ versioned }));
      buckets.set(name, openBucket(folderOf(name), versioned));
    },
  };
};
