import { createServer, type IncomingMessage } from 'node:http';
import type { AwsReply, AwsRequest } from './service.ts';

export interface Loopback {
  readonly url: string;
  stop(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/** The seam's view of a request that node:http received. */
export const awsRequest = async (request: IncomingMessage): Promise<AwsRequest> => {
  const url = request.url ?? '/';
  const cut = url.indexOf('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return {
    target: headers['x-amz-target'],
    method: request.method ?? 'GET',
    path: cut === -1 ? url : url.slice(0, cut),
    query: new URLSearchParams(cut === -1 ? '' : url.slice(cut + 1)),
    headers,
    body: await readBody(request),
  };
};

/** One handler on a loopback port of its own, for tests and for a stand-in that runs alone. */
export const listenOnLoopback = async (
  handle: (request: AwsRequest) => Promise<AwsReply>,
  port = 0,
): Promise<Loopback> => {
  const server = createServer((incoming, outgoing) => {
    awsRequest(incoming)
      .then(handle)
      .then((reply) => {
        if (reply.hangUp === true) {
          incoming.socket.destroy();
          return;
        }
        const body = Buffer.from(reply.body);
        // A HEAD reply describes a body that it does not carry.
        const length =
          incoming.method === 'HEAD' || reply.status === 204 ? {} : { 'content-length': body.byteLength };
        outgoing.writeHead(reply.status, {
          ...length,
          ...reply.headers,
          ...(reply.cookies === undefined ? {} : { 'set-cookie': [...reply.cookies] }),
        });
        outgoing.end(incoming.method === 'HEAD' ? undefined : body);
      })
      .catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
