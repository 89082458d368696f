import { randomUUID } from 'node:crypto';
import { Agent, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { isForeignOrigin, isLoopbackHost, listen, type Listener } from './listener.ts';
import { awsRequest } from './loopback.ts';
import type { AwsReply, AwsRequest, LocalService, LocalSite } from './service.ts';

export interface Endpoint extends Listener {
  addService(service: LocalService): void;
  addSite(site: LocalSite): void;
  /** From now on DynamoDB requests go to the engine on this port. */
  useDynamo(port: number): void;
}

/** Signing name of a request: from its credential scope, or from the query of a presigned one. */
export const signingNameOf = (
  authorization: string | undefined,
  query: URLSearchParams,
): string | undefined => {
  const credential =
    /Credential=([^,\s]+)/.exec(authorization ?? '')?.[1] ?? query.get('X-Amz-Credential') ?? undefined;
  const scope = credential?.split('/');
  return scope?.at(-1) === 'aws4_request' ? scope.at(-2) : undefined;
};

const notImplemented = (what: string): AwsReply => ({
  status: 501,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': 'NotImplemented' },
  body: JSON.stringify({ __type: 'NotImplemented', message: `The local host does not have ${what}` }),
});

const plain = (status: number, message: string): AwsReply => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: message,
});

/**
 * The AWS endpoint of this machine: one loopback port on which each service is found by the signing name of the
 * request, and pages and stand-ins by their "/_" prefix. What nobody answers to is refused loudly with 501.
 */
export const openEndpoint = async (options: {
  readonly port: number;
  log(line: string): void;
}): Promise<Endpoint> => {
  const services = new Map<string, LocalService>();
  const sites: LocalSite[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let dynamoPort: number | undefined;

  const proxy = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const upstream = forward(
      {
        host: '127.0.0.1',
        port: dynamoPort,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
        agent,
      },
      (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      },
    );
    upstream.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy();
      else
        send(incoming, outgoing, {
          status: 503,
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: '{"__type":"ServiceUnavailable","message":"The DynamoDB engine does not answer"}',
        });
    });
    incoming.pipe(upstream);
  };

  const siteOf = (path: string): LocalSite | undefined =>
    sites.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));

  const answer = async (request: AwsRequest, name: string | undefined): Promise<AwsReply> => {
    const site = siteOf(request.path);
    if (site !== undefined) return site.handle(request);
    const service = name === undefined ? undefined : services.get(name);
    if (service !== undefined) return service.handle(request);
    const what =
      name === undefined
        ? `an answer to the unsigned request ${request.method} ${request.path}`
        : `the service ${name} (${request.target ?? `${request.method} ${request.path}`})`;
    options.log(`NotImplemented: ${what}`);
    return notImplemented(what);
  };

  const listener = await listen(options.port, 'AUTOPACK_AWS_PORT', (incoming, outgoing) => {
    if (!isLoopbackHost(incoming.headers.host))
      return send(incoming, outgoing, plain(421, 'This host answers to 127.0.0.1 only.'));
    const url = incoming.url ?? '/';
    const cut = url.indexOf('?');
    const query = new URLSearchParams(cut === -1 ? '' : url.slice(cut + 1));
    const name = signingNameOf(incoming.headers.authorization, query);
    const isSite = siteOf(cut === -1 ? url : url.slice(0, cut)) !== undefined;
    // No page in a browser has any business with the AWS protocols.
    if (!isSite && isForeignOrigin(incoming))
      return send(incoming, outgoing, plain(403, 'Not from a web page.'));
    if (name === 'dynamodb' && dynamoPort !== undefined) return proxy(incoming, outgoing);
    awsRequest(incoming)
      .then((request) => answer(request, name))
      .then(
        (reply) => send(incoming, outgoing, reply),
        (error: unknown) => {
          options.log(
            `${incoming.method} ${url.slice(0, 200)}: ${error instanceof Error ? error.message : String(error)}`,
          );
          send(incoming, outgoing, {
            ...plain(500, ''),
            headers: { 'x-amzn-errortype': 'InternalFailure' },
            body: '{"__type":"InternalFailure"}',
          });
        },
      );
  });

  return {
    ...listener,
    addService(service) {
      for (const name of service.signingNames) {
        if (services.has(name)) throw new Error(`Two local services answer to ${name}`);
        services.set(name, service);
      }
    },
    addSite(site) {
      if (sites.some(({ prefix }) => prefix === site.prefix))
        throw new Error(`Two local sites at ${site.prefix}`);
      sites.push(site);
    },
    useDynamo(port) {
      dynamoPort = port;
    },
    async close() {
      await listener.close();
      agent.destroy();
    },
  };
};

const send = (incoming: IncomingMessage, outgoing: ServerResponse, reply: AwsReply): void => {
  if (reply.hangUp === true) {
    incoming.socket.destroy();
    return;
  }
  const body = Buffer.from(reply.body);
  const bare = incoming.method === 'HEAD' || reply.status === 204 || reply.status === 304;
  outgoing.writeHead(reply.status, {
    ...(bare ? {} : { 'content-length': body.byteLength }),
    'x-amzn-requestid': randomUUID(),
    ...reply.headers,
    ...(reply.cookies === undefined ? {} : { 'set-cookie': [...reply.cookies] }),
  });
  outgoing.end(bare ? undefined : body);
};
