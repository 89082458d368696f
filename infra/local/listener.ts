import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';

/** A port is taken; the message says how to choose another one. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
}

export interface Listener {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Whether a Host header names this machine's loopback: a page on a rebound name must not reach us (DNS rebinding). */
export const isLoopbackHost = (host: string | undefined): boolean =>
  host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host);

/** Whether a browser sent the request from a page that is not on this machine. */
export const isForeignOrigin = (request: Pick<IncomingMessage, 'headers'>): boolean => {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  return !/^https?:\/\/(127\.0\.0\.1|localhost)(:\d{1,5})?$/i.test(origin);
};

/**
 * Listens on 127.0.0.1 and nowhere else; port 0 takes any free one.
 * @throws PortInUseError
 */
export const listen = async (port: number, variable: string, handle: RequestListener): Promise<Listener> => {
  const server: Server = createServer({ maxHeaderSize: 32 * 1024, requestTimeout: 60_000 }, handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES'
          ? new PortInUseError(
              `Port ${port} on 127.0.0.1 is ${error.code === 'EACCES' ? 'not allowed' : 'in use'}. Stop what uses it, or set ${variable} to another port (0 takes any free one).`,
            )
          : error,
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 500).unref();
      }),
  };
};
