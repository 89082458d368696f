import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SESv2Client } from '@aws-sdk/client-sesv2';
import type { SFNClient } from '@aws-sdk/client-sfn';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/contract`;

/** Places that stand in for AWS. Where one differs is in `known-differences.ts`. */
export type PlaceName = 'local host' | 'DynamoDB Local' | 'MiniStack';

/** A place with DynamoDB. */
export interface DataPlace {
  readonly name: PlaceName;
  readonly db: DynamoDBClient;
  stop(): Promise<void>;
}

/** A mail as it was handed over. */
export interface SentMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** A place with everything that the product uses. */
export interface Place extends DataPlace {
  readonly sfn: SFNClient;
  readonly s3: S3Client;
  readonly kms: KMSClient;
  readonly secrets: SecretsManagerClient;
  readonly ses: SESv2Client;
  /** Base address of all services, for what the product has no SDK client of. */
  readonly url: string;
  /** Makes a function from the text of an ES module that exports `handler`. @returns its ARN */
  fn(name: string, source: string): Promise<string>;
  invoke(arn: string, payload: unknown): Promise<unknown>;
  /** An encryption key. @returns its ARN */
  key(): Promise<string>;
  bucket(name: string): Promise<void>;
  sender(address: string): Promise<void>;
  mails(): Promise<readonly SentMail[]>;
  /** An HTTP API with one guarded route, `POST /things/{id}`. @returns its base address */
  api(fn: string, authorizer: string): Promise<string>;
}

/** One behaviour of AWS that the product relies on. */
export interface Case<In = Place> {
  /** A sentence, unique in the suite. */
  readonly id: string;
  readonly run: (place: In) => Promise<void>;
}

let counter = 0;
/** A name that nothing in this run has yet. */
export const fresh = (prefix: string): string => `${prefix}-${process.pid.toString(36)}-${(counter += 1)}`;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks until something is there. */
export const eventually = async <Found>(
  what: string,
  look: () => Promise<Found | undefined>,
  seconds = 60,
): Promise<Found> => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
};

/** The error that a call ends with; an error of its own where it ends well. */
export const refused = async (call: Promise<unknown>): Promise<Error & Record<string, unknown>> => {
  try {
    await call;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('the call was not refused');
};

/** What functions of the suite may use: a call of an AWS JSON service without an SDK. */
export const PRELUDE = `
const aws = async (service, target, body) => {
  const reply = await fetch(process.env.AWS_ENDPOINT_URL, {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/' + service + '/aws4_request, SignedHeaders=host, Signature=0',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-date': '20260101T000000Z',
      'x-amz-target': target,
    },
    body: JSON.stringify(body),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(target + ': ' + text);
  return text === '' ? {} : JSON.parse(text);
};
`;
