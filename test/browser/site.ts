import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { World } from '../approvals/world.ts';

/** The handlers of a world behind a real HTTP server on loopback, for a real browser. */
export const serve = async (at: World): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const cookies = Object.fromEntries(
        (request.headers.cookie ?? '').split('; ').flatMap((pair) => {
          const cut = pair.indexOf('=');
          return cut < 1 ? [] : [[pair.slice(0, cut), pair.slice(cut + 1)]];
        }),
      );
      const headers = Object.fromEntries(
        Object.entries(request.headers).flatMap(([name, value]) =>
          typeof value === 'string' && name !== 'cookie' ? [[name, value]] : [],
        ),
      );
      void at
        .http(request.url ?? '/', {
          method: request.method ?? 'GET',
          cookies,
          headers,
          ...(body === '' ? {} : { body, type: headers['content-type'] ?? '' }),
        })
        .then((reply) => {
          response.writeHead(reply.statusCode, {
            ...reply.headers,
            ...(reply.cookies === undefined ? {} : { 'set-cookie': reply.cookies }),
          });
          response.end(reply.body);
        });
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};
