import type { AwsReply } from '../service.ts';
import type { Bucket, VersionMeta } from './store.ts';
import { element, S3Error, xmlReply } from './xml.ts';

const instant = (ms: number): string => new Date(ms).toISOString();

const pageSize = (query: URLSearchParams): number => {
  const text = query.get('max-keys') ?? '1000';
  if (!/^\d{1,9}$/.test(text))
    throw new S3Error(400, 'InvalidArgument', 'Provided max-keys not an integer or within integer range');
  return Math.min(Number(text), 1000);
};

const before = (left: string, right: string): boolean =>
  Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;

const cursorOf = (query: URLSearchParams): string | undefined => {
  const token = query.get('continuation-token');
  if (token === null) return query.get('start-after') ?? undefined;
  const last = Buffer.from(token, 'base64url').toString();
  if (last === '' || Buffer.from(last).toString('base64url') !== token)
    throw new S3Error(400, 'InvalidArgument', 'The continuation token provided is incorrect');
  return last;
};

/** ListObjectsV2: prefix, delimiter, paging, in the order of the keys' UTF-8 bytes. */
export const listObjects = (name: string, bucket: Bucket, query: URLSearchParams): AwsReply => {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const limit = pageSize(query);
  const after = cursorOf(query);
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text;

  const seen = new Set<string>();
  const entries: { readonly id: string; readonly xml: string }[] = [];
  let last = '';
  let truncated = false;
  for (const meta of latestOfEach(bucket)) {
    if (!meta.key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : meta.key.indexOf(delimiter, prefix.length);
    const group = cut === -1 ? undefined : meta.key.slice(0, cut + delimiter.length);
    const id = group ?? meta.key;
    if (seen.has(id) || (after !== undefined && !before(after, id))) continue;
    if (entries.length >= limit) {
      truncated = limit > 0;
      break;
    }
    seen.add(id);
    last = id;
    entries.push({
      id,
      xml:
        group === undefined
          ? `<Contents>${element('Key', encode(meta.key))}${element('LastModified', instant(meta.lastModified))}${element('ETag', meta.etag)}${element('Size', meta.size)}${element('StorageClass', 'STANDARD')}</Contents>`
          : `<CommonPrefixes>${element('Prefix', encode(group))}</CommonPrefixes>`,
    });
  }
  return xmlReply(
    'ListBucketResult',
    [
      element('Name', name),
      element('Prefix', encode(prefix)),
      element('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
      element('MaxKeys', limit),
      element('KeyCount', entries.length),
      element('IsTruncated', truncated),
      element('EncodingType', query.get('encoding-type') ?? undefined),
      element('ContinuationToken', query.get('continuation-token') ?? undefined),
      element('StartAfter', query.get('start-after') ?? undefined),
      element('NextContinuationToken', truncated ? Buffer.from(last).toString('base64url') : undefined),
      ...entries.map((entry) => entry.xml),
    ].join(''),
  );
};

const latestOfEach = (bucket: Bucket): VersionMeta[] => {
  let key: string | undefined;
  return bucket.all().filter((meta) => {
    const first = meta.key !== key;
    key = meta.key;
    return first;
  });
};

/** ListObjectVersions on one page; a local bucket is small, so a longer list is refused rather than cut off. */
export const listVersions = (name: string, bucket: Bucket, query: URLSearchParams): AwsReply => {
  const prefix = query.get('prefix') ?? '';
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text;
  let key: string | undefined;
  const versions = bucket
    .all()
    .map((meta) => {
      const latest = meta.key !== key;
      key = meta.key;
      return { meta, latest };
    })
    .filter(({ meta }) => meta.key.startsWith(prefix));
  if (versions.length > pageSize(query))
    throw new S3Error(
      501,
      'NotImplemented',
      'The local host lists at most one page of versions; narrow the prefix',
    );
  return xmlReply(
    'ListVersionsResult',
    [
      element('Name', name),
      element('Prefix', encode(prefix)),
      element('MaxKeys', pageSize(query)),
      element('IsTruncated', false),
      element('EncodingType', query.get('encoding-type') ?? undefined),
      ...versions.map(
        ({ meta, latest }) =>
          `<Version>${element('Key', encode(meta.key))}${element('VersionId', meta.versionId)}${element('IsLatest', latest)}${element('LastModified', instant(meta.lastModified))}${element('ETag', meta.etag)}${element('Size', meta.size)}${element('StorageClass', 'STANDARD')}</Version>`,
      ),
    ].join(''),
  );
};
