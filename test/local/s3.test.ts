import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenOnLoopback, type Loopback } from '#infra/local/loopback.ts';
import { createS3 } from '#infra/local/s3/s3.ts';
import { clientConfig, hostDouble } from './local-host-double.ts';

const host = hostDouble();
let loopback: Loopback;
let s3: S3Client;
const Bucket = 'artifacts-local';

const connect = async (): Promise<void> => {
  const service = createS3(host);
  await service.ensureBucket(Bucket, { versioned: true });
  await service.ensureBucket('plain-local');
  loopback = await listenOnLoopback((request) => service.handle(request));
  s3 = new S3Client(clientConfig(loopback.url));
};

beforeAll(connect);
afterAll(async () => {
  s3.destroy();
  await loopback.stop();
  host.removeData();
});

const text = async (Key: string, more: object = {}): Promise<string> =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body!.transformToString();

const failure = async (promise: Promise<unknown>): Promise<{ name: string; status: number | undefined }> => {
  try {
    await promise;
  } catch (error) {
    const known = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { name: known.name, status: known.$metadata?.httpStatusCode };
  }
  throw new Error('It should have failed');
};

describe('S3 of the local host, driven by the SDK', () => {
  test('exactly one of twenty concurrent first puts wins, and its bytes are what is read', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        s3
          .send(new PutObjectCommand({ Bucket, Key: 'race', Body: `writer ${index}`, IfNoneMatch: '*' }))
          .then(() => index)
          .catch((error: Error) => error.name),
      ),
    );
    const winners = outcomes.filter((outcome) => typeof outcome === 'number');
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'PreconditionFailed')).toHaveLength(19);
    expect(await text('race')).toBe(`writer ${winners[0]}`);
  });

  test('what was acknowledged is there after a restart, with type, metadata and encryption headers', async () => {
    const put = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'projects/demo/payloads/a b+ü%.json',
        Body: '{"a":1}',
        ContentType: 'application/json',
        Metadata: { origin: 'test' },
        ServerSideEncryption: 'aws:kms',
      }),
    );
    s3.destroy();
    await loopback.stop();
    await connect();
    const got = await s3.send(
      new GetObjectCommand({ Bucket, Key: 'projects/demo/payloads/a b+ü%.json', ChecksumMode: 'ENABLED' }),
    );
    expect(await got.Body!.transformToString()).toBe('{"a":1}');
    expect(got).toMatchObject({
      ContentType: 'application/json',
      Metadata: { origin: 'test' },
      ServerSideEncryption: 'aws:kms',
      ETag: put.ETag,
      VersionId: put.VersionId,
      ContentLength: 7,
    });
    expect(got.ChecksumCRC32).toBe(put.ChecksumCRC32);
  });

  test('a stream arrives whole: chunked framing and the checksum trailer are taken off', async () => {
    const body = Buffer.alloc(200_000, 'chunk');
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'stream',
        Body: Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]),
        ContentLength: body.length,
      }),
    );
    expect(await text('stream')).toBe(body.toString());
  });

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a %s of other bytes is refused',
    async (name) => {
      const headers = {
        CRC32: 'AAAAAA==',
        CRC32C: 'AAAAAA==',
        CRC64NVME: 'AAAAAAAAAAA=',
        SHA1: Buffer.alloc(20).toString('base64'),
        SHA256: Buffer.alloc(32).toString('base64'),
      };
      const reply = await fetch(`${loopback.url}/${Bucket}/bad-${name}`, {
        method: 'PUT',
        body: 'bytes',
        headers: { [`x-amz-checksum-${name.toLowerCase()}`]: headers[name] },
      });
      expect(reply.status).toBe(400);
      expect(await reply.text()).toContain('<Code>BadDigest</Code>');
      expect((await failure(text(`bad-${name}`))).name).toBe('NoSuchKey');
    },
  );

  test.each([
    ['crc32', 'y/Q5Jg=='],
    ['crc32c', '4waSgw=='],
    ['crc64nvme', 'rosUhgp5mIg='],
  ])('the check value of %s over "123456789" is the published one', async (name, value) => {
    const reply = await fetch(`${loopback.url}/${Bucket}/check-${name}`, {
      method: 'PUT',
      body: '123456789',
      headers: { [`x-amz-checksum-${name}`]: value },
    });
    expect(reply.status).toBe(200);
  });

  test('If-Match replaces only what was read', async () => {
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'match', Body: 'one' }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'match', Body: 'two', IfMatch: ETag }));
    expect(
      await failure(s3.send(new PutObjectCommand({ Bucket, Key: 'match', Body: 'three', IfMatch: ETag }))),
    ).toEqual({
      name: 'PreconditionFailed',
      status: 412,
    });
    expect(
      await failure(s3.send(new PutObjectCommand({ Bucket, Key: 'absent', Body: 'x', IfMatch: ETag }))),
    ).toEqual({
      name: 'NoSuchKey',
      status: 404,
    });
    expect(await text('match')).toBe('two');
  });

  test('errors carry the names that the SDK knows', async () => {
    expect(await failure(text('nothing'))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await failure(s3.send(new HeadObjectCommand({ Bucket, Key: 'nothing' })))).toEqual({
      name: 'NotFound',
      status: 404,
    });
    expect((await failure(s3.send(new GetObjectCommand({ Bucket: 'nobody-here', Key: 'x' })))).name).toBe(
      'NoSuchBucket',
    );
    expect((await failure(s3.send(new HeadBucketCommand({ Bucket: 'nobody-here' })))).status).toBe(404);
  });

  test('deleting is not implemented, loudly, and removes nothing', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'kept' }));
    const refused = await failure(s3.send(new DeleteObjectCommand({ Bucket, Key: 'kept' })));
    expect(refused).toEqual({ name: 'NotImplemented', status: 501 });
    expect(host.lines.some((line) => line.includes('DELETE'))).toBe(true);
    expect(await text('kept')).toBe('kept');
  });

  test('earlier versions stay readable and are listed latest first', async () => {
    const first = await s3.send(new PutObjectCommand({ Bucket, Key: 'versions/a', Body: 'old' }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'versions/a', Body: 'new' }));
    expect(await text('versions/a', { VersionId: first.VersionId })).toBe('old');
    expect(await text('versions/a')).toBe('new');
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'versions/' }));
    expect(Versions?.map((version) => version.IsLatest)).toEqual([true, false]);
  });

  test('a range is a part of the bytes', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'range', Body: '0123456789' }));
    expect(await text('range', { Range: 'bytes=2-4' })).toBe('234');
    expect(await text('range', { Range: 'bytes=-3' })).toBe('789');
    expect((await failure(text('range', { Range: 'bytes=50-' }))).status).toBe(416);
  });

  test('a listing pages in byte order and folds common prefixes', async () => {
    for (const key of ['b', 'a/2', 'a/1', 'ä', 'c&<>'])
      await s3.send(new PutObjectCommand({ Bucket: 'plain-local', Key: `list/${key}`, Body: key }));
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: import('@aws-sdk/client-s3').ListObjectsV2CommandOutput = await s3.send(
        new ListObjectsV2Command({ Bucket: 'plain-local', Prefix: 'list/', MaxKeys: 2, ContinuationToken }),
      );
      keys.push(...(page.Contents ?? []).map((object) => object.Key!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(keys).toEqual(['list/a/1', 'list/a/2', 'list/b', 'list/c&<>', 'list/ä']);
    const folded = await s3.send(
      new ListObjectsV2Command({ Bucket: 'plain-local', Prefix: 'list/', Delimiter: '/' }),
    );
    expect(folded.CommonPrefixes).toEqual([{ Prefix: 'list/a/' }]);
    expect(folded.KeyCount).toBe(4);
  });

  test('any key comes back as it was put and none leaves the folder', async () => {
    const keyArbitrary = fc.oneof(
      fc.constantFrom(
        '../../escape',
        '..%2f..%2fescape',
        '/lead',
        'a//b',
        'a/./b',
        'a/../../../b',
        'CON',
        'a\\..\\b',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(keyArbitrary, async (key) => {
        const path = `/${Bucket}/${encodeURIComponent(key)}`;
        const put = await fetch(loopback.url + path, { method: 'PUT', body: key });
        expect(put.status).toBe(200);
        expect(await (await fetch(loopback.url + path)).text()).toBe(key);
      }),
      { numRuns: 40 },
    );
    expect(readdirSync(host.dataDir)).toEqual(['s3']);
    expect((await fetch(`${loopback.url}/${Bucket}/%ff`)).status).toBe(400);
  });
});
