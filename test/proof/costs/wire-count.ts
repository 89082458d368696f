import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Consumed, unitsOf } from './meter.ts';

/** One request of the AWS protocols as it was on the wire. */
export interface WireRequest {
  /** `dynamodb:PutItem actions`, `s3:PUT`, `kms:Encrypt`, … */
  readonly what: string;
  readonly status: number;
  readonly tableUnits: number;
  readonly indexUnits: number;
}

const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'dynamodb',
  AWSStepFunctions: 'states',
  TrentService: 'kms',
  secretsmanager: 'secretsmanager',
};

/**
 * A door in front of the local AWS endpoint that counts what goes through. It asks DynamoDB what each request
 * consumed, and answers Step Functions by itself: the test is the machine.
 */
export const countOnTheWire = async (upstream: string, nameOf: (table: string) => string) => {
  const seen: WireRequest[] = [];
  const target = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const [prefix = '', operation = ''] = String(incoming.headers['x-amz-target'] ?? '').split('.');
      const signing =
        /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(incoming.headers.authorization ?? '')?.[1] ??
        'unsigned';
      const service = SERVICES[prefix] ?? signing;
      let body = Buffer.concat(chunks);
      let what = `${service}:${operation === '' ? incoming.method : operation}`;
      if (service === 'dynamodb') {
        const said = JSON.parse(body.toString()) as Record<string, unknown>;
        const tables = [
          said['TableName'],
          ...Object.keys((said['RequestItems'] as object | undefined) ?? {}),
        ];
        const names = tables.filter((table) => typeof table === 'string').map(nameOf);
        what += ` ${names.toSorted().join('+')}`;
        body = Buffer.from(JSON.stringify({ ...said, ReturnConsumedCapacity: 'INDEXES' }));
      }
      if (service === 'states') {
        seen.push({ what, status: 200, tableUnits: 0, indexUnits: 0 });
        outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
        outgoing.end(
          JSON.stringify(operation === 'StartExecution' ? { executionArn: 'arn:x', startDate: 1 } : {}),
        );
        return;
      }
      const headers = { ...incoming.headers, 'content-length': String(body.byteLength) };
      const through = forward(
        { host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers },
        (reply) => {
          const parts: Buffer[] = [];
          reply.on('data', (chunk: Buffer) => parts.push(chunk));
          reply.on('end', () => {
            const answer = Buffer.concat(parts);
            const consumed =
              service === 'dynamodb' && reply.statusCode === 200
                ? (JSON.parse(answer.toString()) as { ConsumedCapacity?: Consumed }).ConsumedCapacity
                : undefined;
            const units = unitsOf(Array.isArray(consumed) ? undefined : consumed);
            seen.push({
              what,
              status: reply.statusCode ?? 0,
              tableUnits: units.table,
              indexUnits: Object.values(units.indexes).reduce((sum, one) => sum + one, 0),
            });
            outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
            outgoing.end(answer);
          });
        },
      );
      through.on('error', () => outgoing.destroy());
      through.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: (): WireRequest[] => seen.splice(0),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
