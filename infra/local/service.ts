/**
 * Seams of the local host. A service speaks one AWS wire protocol; the endpoint (`endpoint.ts`) finds it by the
 * signing name of the request and never looks inside.
 */
export interface AwsRequest {
  /** X-Amz-Target of the JSON protocols, as `AWSStepFunctions.StartExecution`. */
  readonly target: string | undefined;
  readonly method: string;
  /** Path with the query cut off, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface AwsReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Cookies, one `Set-Cookie` header each. */
  readonly cookies?: readonly string[];
  /** The endpoint breaks the connection instead of answering: a stand-in's fault on demand. */
  readonly hangUp?: boolean;
}

export interface LocalService {
  /** SigV4 signing names that it answers to: `states`, `s3`, `ses`, … */
  readonly signingNames: readonly string[];
  handle(request: AwsRequest): Promise<AwsReply>;
  close?(): Promise<void>;
}

/** Pages and stand-ins that are not AWS: mounted on the AWS port under a path that starts with "/_". */
export interface LocalSite {
  readonly prefix: `/_${string}`;
  handle(request: AwsRequest): Promise<AwsReply>;
}

export interface Clock {
  now(): number;
  /** Calls back once at or after `atMs`. Answers a cancel function. Never keeps the process alive by itself. */
  at(atMs: number, callback: () => void): () => void;
}

export interface InvokeResult {
  /** Parsed JSON answer, or the error document `{ errorType, errorMessage }` where `functionError` is set. */
  readonly payload: unknown;
  readonly functionError?: 'Unhandled' | 'Handled';
}

/** What services need of their host. */
export interface Host {
  readonly dataDir: string;
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  /** Base URL of the AWS endpoint, known once it listens. */
  awsUrl(): string;
  /** By function ARN or name; waits for the answer, honours the function's timeout. */
  invoke(functionArn: string, payload: unknown): Promise<InvokeResult>;
  log(line: string): void;
}

/** Error reply of the AWS JSON protocols. */
export const awsJsonError = (status: number, code: string, message: string): AwsReply => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': code },
  body: JSON.stringify({ __type: code, message }),
});

export const awsJson = (value: unknown): AwsReply => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(value),
});
