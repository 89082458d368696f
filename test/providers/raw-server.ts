import { createServer, type Socket } from 'node:net';

export interface RawServer {
  readonly port: number;
  readonly host: string;
  /** Everything that was received, per connection. */
  readonly received: string[];
  close(): Promise<void>;
}

/**
 * A TCP server that speaks whatever a test wants. `onRequest` is called once per connection, when the head of a
 * request has arrived; `onConnect` as soon as it is open.
 */
export const rawServer = async (behaviour: {
  readonly onRequest?: (socket: Socket, head: string) => void;
  readonly onConnect?: (socket: Socket) => void;
}): Promise<RawServer> => {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const index = received.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    behaviour.onConnect?.(socket);
    let answered = false;
    socket.on('data', (chunk) => {
      received[index] += chunk.toString('latin1');
      if (answered || !received[index]?.includes('\r\n\r\n')) return;
      answered = true;
      behaviour.onRequest?.(socket, received[index] ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    host: `127.0.0.1:${address.port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
};

export const reply = (status: string, body = '', headers: readonly string[] = []): string =>
  [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n');
