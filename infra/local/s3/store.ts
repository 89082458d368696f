import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, openSync, readSync, closeSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeDurably } from '../durable-file.ts';

const VersionMeta = z.object({
  key: z.string(),
  /** `null` in a bucket without versioning. */
  versionId: z.string(),
  /** Grows with each version of a key; the highest is the latest. */
  sequence: z.number().int(),
  etag: z.string(),
  size: z.number().int(),
  lastModified: z.number(),
  /** Reply headers of the object: content type, user metadata, checksums, encryption. */
  headers: z.record(z.string(), z.string()),
});
/** One stored version, without its bytes. */
export type VersionMeta = z.infer<typeof VersionMeta>;

export interface NewObject {
  readonly key: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly now: number;
}

export interface Bucket {
  readonly versioned: boolean;
  latest(key: string): VersionMeta | undefined;
  version(key: string, versionId: string): VersionMeta | undefined;
  /** Every version of every key, latest first within a key, keys in the order of their UTF-8 bytes. */
  all(): VersionMeta[];
  /** Stores one version if `allow` has nothing against what is the latest now. Puts of one key are one by one. */
  put(object: NewObject, allow: (latest: VersionMeta | undefined) => void): Promise<VersionMeta>;
  /** The bytes with the meta that they were stored under: another put may have come in between. */
  read(meta: VersionMeta): Promise<{ readonly meta: VersionMeta; readonly body: Buffer }>;
}

// A file is one line of JSON (the meta), then the bytes: one rename commits both.
const HEADER_LIMIT = 64 * 1024;
const folderName = (key: string): string => createHash('sha256').update(key).digest('hex');
const fileName = (meta: { sequence: number; versionId: string }): string =>
  `${String(meta.sequence).padStart(12, '0')}.${meta.versionId}.object`;

const readMeta = (path: string): VersionMeta => {
  const handle = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEADER_LIMIT);
    const length = readSync(handle, head, 0, HEADER_LIMIT, 0);
    const end = head.subarray(0, length).indexOf(10);
    if (end === -1) throw new Error(`${path} is not an object file`);
    return VersionMeta.parse(JSON.parse(head.toString('utf8', 0, end)));
  } finally {
    closeSync(handle);
  }
};

const byLatest = (left: VersionMeta, right: VersionMeta): number => right.sequence - left.sequence;

/** A bucket in a folder. Files are named by the digest of the key, so that no key can leave the folder. */
export const openBucket = (folder: string, versioned: boolean): Bucket => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const index = new Map<string, VersionMeta[]>();
  for (const digest of readdirSync(folder))
    if (/^[0-9a-f]{64}$/.test(digest)) {
      const versions = readdirSync(join(folder, digest))
        .filter((name) => name.endsWith('.object'))
        .map((name) => readMeta(join(folder, digest, name)))
        .toSorted(byLatest);
      if (versions[0] !== undefined) index.set(versions[0].key, versions);
    }
  const turns = new Map<string, Promise<unknown>>();
  const pathOf = (meta: VersionMeta): string => join(folder, folderName(meta.key), fileName(meta));

  const store = async (object: NewObject, allow: (latest: VersionMeta | undefined) => void) => {
    const known = index.get(object.key) ?? [];
    allow(known[0]);
    const sequence = versioned ? (known[0]?.sequence ?? 0) + 1 : 0;
    const meta: VersionMeta = {
      key: object.key,
      versionId: versioned ? randomBytes(16).toString('hex') : 'null',
      sequence,
      etag: `"${createHash('md5').update(object.body).digest('hex')}"`,
      size: object.body.length,
      lastModified: object.now,
      headers: { ...object.headers },
    };
    const head = `${JSON.stringify(meta)}\n`;
    if (Buffer.byteLength(head) > HEADER_LIMIT) throw new Error('The metadata of the object is too large');
    await mkdir(join(folder, folderName(object.key)), { recursive: true, mode: 0o700 });
    await writeDurably(pathOf(meta), Buffer.concat([Buffer.from(head), object.body]));
    index.set(object.key, [meta, ...known.filter((version) => version.versionId !== meta.versionId)]);
    return meta;
  };

  return {
    versioned,
    latest: (key) => index.get(key)?.[0],
    version: (key, versionId) => index.get(key)?.find((meta) => meta.versionId === versionId),
    all: () =>
      [...index.entries()]
        .toSorted(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
        .flatMap(([, versions]) => versions),
    put(object, allow) {
      const before = turns.get(object.key) ?? Promise.resolve();
      const turn = before.then(() => store(object, allow));
      const settled = turn
        .catch(() => undefined)
        .then(() => {
          if (turns.get(object.key) === settled) turns.delete(object.key);
        });
      turns.set(object.key, settled);
      return turn;
    },
    async read(meta) {
      const content = await readFile(pathOf(meta));
      const end = content.indexOf(10);
      return {
        meta: VersionMeta.parse(JSON.parse(content.toString('utf8', 0, end))),
        body: content.subarray(end + 1),
      };
    },
  };
};
