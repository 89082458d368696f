import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent, request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { AwsReply, AwsRequest } from '#infra/local/service.ts';
import type { Process, Simulation } from '../model/simulation.ts';
import { activity } from './activity.ts';

/** Who answers the protocol of one AWS service. */
export type Answering = (request: AwsRequest) => Promise<AwsReply>;

export type Service = 'dynamodb' | 's3' | 'kms' | 'ses' | 'secretsmanager' | 'states';

/** What becomes of one call on its way; undefined where nothing does. */
export type Disturb = (
  what: string,
  process: Process,
) => 'reply lost' | 'reply lost always' | 'sent twice' | undefined;

/** One run, as the clients see it. */
export interface WireRun {
  readonly sim: Simulation;
  readonly disturb: Disturb;
  /** Services that belong to the run rather than to the machine. */
  readonly services: Partial<Record<Service, Answering>>;
}

export interface Invocation {
  readonly process: Process;
  readonly run: WireRun;
}

/** The invocation in which a line of code runs. SDK clients are shared, as those of a handler are. */
const invocation = new AsyncLocalStorage<Invocation>();
export const inside = <Result>(process: Process, run: WireRun, body: () => Result): Result =>
  invocation.run({ process, run }, body);
export const here = (): Invocation => {
  const found = invocation.getStore();
  if (found === undefined) throw new Error('a call outside of any invocation');
  return found;
};

/** What the SDK hands to its HTTP handler. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}
interface RetryToken {
  getRetryCount(): number;
  getRetryDelay(): number;
}

const MOST_ATTEMPTS = 3;
const RETRY_MS = 100;
const SIGNATURE = {
  'x-amz-date': '20261121T120000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20261121/us-east-1/local/aws4_request, SignedHeaders=host, Signature=local',
};

/** What a client sees of a connection that broke. */
const broken = (): Error => Object.assign(new Error('socket hang up'), { name: 'Error', code: 'ECONNRESET' });

const awsRequest = (request: SdkRequest): AwsRequest => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {}))
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, one ?? '');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const { body } = request;
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array))
    throw new TypeError('the body of a call is text or bytes');
  return {
    target: headers['x-amz-target'],
    method: request.method,
    path: request.path,
    query,
    headers,
    body:
      body instanceof Uint8Array
        ? Buffer.from(body.buffer, body.byteOffset, body.byteLength)
        : Buffer.from(body ?? ''),
  };
};

/** Command and table, or method and kind of object: nothing that differs between two runs. */
const nameOf = (service: Service, { target, method, path, body }: AwsRequest): string => {
  if (service === 's3') return `s3:${method} ${path.includes('/dry-runs/') ? 'dry run' : 'payload'}`;
  if (service === 'ses') return 'ses:SendEmail';
  const command = target?.split('.')[1] ?? method;
  if (service !== 'dynamodb') return `${service}:${command}`;
  const {
    TableName,
    IndexName,
    RequestItems = {},
  } = JSON.parse(body.toString()) as {
    TableName?: string;
    IndexName?: string;
    RequestItems?: object;
  };
  const tables = TableName === undefined ? Object.keys(RequestItems).toSorted() : [TableName];
  return `dynamodb:${command} ${tables.join(' and ')}${IndexName === undefined ? '' : ` ${IndexName}`}`;
};

/** The door to the engine: real sockets, kept open. */
const engineAt = (port: number) => {
  const agent = new Agent({ keepAlive: true });
  const ask: Answering = (request) =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        {
          host: '127.0.0.1',
          port,
          method: request.method,
          path: request.path,
          headers: { ...request.headers, 'content-length': String(request.body.length) },
          agent,
        },
        (reply) => {
          const chunks: Buffer[] = [];
          reply.on('data', (chunk: Buffer) => chunks.push(chunk));
          reply.on('error', reject);
          reply.on('end', () =>
            resolve({
              status: reply.statusCode ?? 0,
              headers: reply.headers as Record<string, string>,
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(request.body);
    });
  return { ask, close: () => agent.destroy() };
};

/**
 * The SDK clients of the functions over the local services. Every request that leaves a client, retries included,
 * stands at the simulation until the test lets it go: the place is the request handler, after the last middleware.
 * @param change what an attacker of the proof makes of a request on its way
 */
export const wire = (
  enginePort: number,
  local: Readonly<Partial<Record<Service, Answering>>>,
  change: (request: AwsRequest) => AwsRequest = (request) => request,
) => {
  const under = activity();
  const engine = engineAt(enginePort);

  /** Lets a call happen as the run wants it to. `perform` is the real thing. */
  const happen = async <Reply>(
    { process, run }: Invocation,
    what: string,
    perform: () => Promise<Reply>,
  ): Promise<Reply> => {
    const fault = run.disturb(what, process);
    return under.during(async () => {
      const reply = await perform();
      if (fault === 'reply lost' || fault === 'reply lost always') throw broken();
      if (fault === 'sent twice') await perform();
      return reply;
    });
  };

  const handler = (service: Service) => ({
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (sdkRequest: SdkRequest) => {
      const mine = here();
      const { process, run } = mine;
      const request = awsRequest(sdkRequest);
      const what = nameOf(service, request);
      const answering =
        run.services[service] ?? local[service] ?? (service === 'dynamodb' ? engine.ask : undefined);
      if (answering === undefined) throw new Error(`nobody answers for ${service}`);
      under.end();
      try {
        const reply = await run.sim.call(process, what, () =>
          happen(mine, what, () => answering(change(request))),
        );
        const body = Buffer.from(reply.body);
        return {
          response: {
            statusCode: reply.status,
            headers: Object.fromEntries(
              Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
            ),
            body: Readable.from([body]),
          },
        };
      } finally {
        under.begin();
      }
    },
  });

  const token = (count: number): RetryToken => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
  /** The standard strategy of the SDK in simulated time: three attempts, for what the SDK itself calls transient. */
  const retryStrategy = {
    mode: 'standard',
    acquireInitialRetryToken: async () => token(0),
    refreshRetryTokenForRetry: async (last: RetryToken, { errorType }: { errorType: string }) => {
      const count = last.getRetryCount() + 1;
      if (count >= MOST_ATTEMPTS || !['TRANSIENT', 'THROTTLING'].includes(errorType))
        throw new Error('No retry token available');
      const { sim } = here().run;
      under.end();
      await new Promise<void>((resolve) => void sim.at(sim.now() + RETRY_MS * count, resolve));
      under.begin();
      return token(count);
    },
    recordSuccess: () => undefined,
  };
  const config = (service: Service) =>
    ({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:4566',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: handler(service),
      retryStrategy,
      // The local services look at the form of a signature only, and a tenth of the time would go into real ones.
      signer: {
        sign: async (request: { headers: Record<string, string> }) => {
          Object.assign(request.headers, SIGNATURE);
          return request;
        },
      },
    }) as never;

  const clients = {
    dynamodb: new DynamoDBClient(config('dynamodb')),
    s3: new S3Client(config('s3')),
    kms: new KMSClient(config('kms')),
    ses: new SESv2Client(config('ses')),
    secrets: new SecretsManagerClient(config('secretsmanager')),
    sfn: new SFNClient(config('states')),
  };
  for (const client of Object.values(clients))
    (client as DynamoDBClient).middlewareStack.add((next) => (args) => under.during(() => next(args)), {
      step: 'initialize',
      priority: 'high',
      name: 'countCommands',
    });

  return {
    ...clients,
    db: DynamoDBDocumentClient.from(clients.dynamodb, { marshallOptions: { removeUndefinedValues: true } }),
    under,
    happen,
    close: engine.close,
  };
};
export type Wire = ReturnType<typeof wire>;
