import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { DryRun } from '../actions/dry-run.ts';
import { actionDigest } from '../actions/hashes.ts';
import type { ReadDryRun, ReadPayload, StoreDryRun, StorePayload } from '../actions/ledger.ts';

const payloadKey = (project: string, hash: string): string => `projects/${project}/payloads/${hash}.json`;
const dryRunKey = (id: { project: string; key: string }): string =>
  `projects/${id.project}/dry-runs/${actionDigest(id)}.json`;

const hasStatus = (error: unknown, status: number): boolean =>
  typeof error === 'object' &&
  error !== null &&
  '$metadata' in error &&
  (error.$metadata as { httpStatusCode?: number }).httpStatusCode === status;

/** Puts an object unless one is there. 412 is S3's "exists", 409 a race of two first puts. */
const putOnce = async (s3: S3Client, bucket: string, key: string, body: string): Promise<boolean> => {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: 'application/json',
        IfNoneMatch: '*',
      }),
    );
    return true;
  } catch (error) {
    if (hasStatus(error, 412) || hasStatus(error, 409)) return false;
    throw error;
  }
};

const read = async (s3: S3Client, bucket: string, key: string): Promise<string | undefined> => {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return await Body?.transformToString('utf-8');
  } catch (error) {
    // Without ListBucket a missing object is a 403.
    if (hasStatus(error, 404) || hasStatus(error, 403)) return undefined;
    throw error;
  }
};

/** Stores canonical JSON by its hash. A second put of the same content is a success. */
export const storePayload =
  (s3: S3Client, bucket: string): StorePayload =>
  async (project, hash, json) => {
    await putOnce(s3, bucket, payloadKey(project, hash), json);
  };

/** Canonical JSON by its hash. @throws Error where it is not there: it is always stored before its row. */
export const readPayload =
  (s3: S3Client, bucket: string): ReadPayload =>
  async (project, hash) => {
    const text = await read(s3, bucket, payloadKey(project, hash));
    if (text === undefined) throw new Error(`PAYLOAD_MISSING: ${payloadKey(project, hash)}`);
    return text;
  };

/** The stored dry run of an action, schema-checked. */
export const readDryRun =
  (s3: S3Client, bucket: string): ReadDryRun =>
  async (id) => {
    const text = await read(s3, bucket, dryRunKey(id));
    return text === undefined ? undefined : DryRun.parse(JSON.parse(text));
  };

/** Stores a dry run unless one is there, and answers the one that is: the first wins. */
export const storeDryRun =
  (s3: S3Client, bucket: string): StoreDryRun =>
  async (dryRun) => {
    if (await putOnce(s3, bucket, dryRunKey(dryRun), JSON.stringify(dryRun))) return dryRun;
    const stored = await readDryRun(s3, bucket)(dryRun);
    if (stored === undefined) throw new Error(`DRY_RUN_MISSING: ${dryRunKey(dryRun)}`);
    return stored;
  };
