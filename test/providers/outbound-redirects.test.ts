import { afterEach, describe, expect, test } from 'vitest';
import { outboundSend } from '#shared/providers/outbound.http.ts';
import { OutboundError } from '#shared/providers/outbound-error.ts';
import type { ProviderReply } from '#shared/providers/provider.ts';
import { type RawServer, rawServer, reply } from './raw-server.ts';

const open: RawServer[] = [];
const serve = async (behaviour: Parameters<typeof rawServer>[0]): Promise<RawServer> => {
  const server = await rawServer(behaviour);
  open.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});
const errorOf = async (attempt: Promise<unknown>): Promise<OutboundError> => {
  const error = await attempt.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(OutboundError);
  return error as OutboundError;
};

describe('reads that may follow redirects', () => {
  const get = (host: string, hosts: readonly string[], maxReadRedirects: number): Promise<ProviderReply> =>
    outboundSend({ allowedHosts: hosts, allowLoopback: true, maxReadRedirects })({
      method: 'GET',
      url: `http://${host}/`,
      headers: { accept: 'text/html', authorization: 'Bearer planted', 'x-own': 'planted too' },
      body: null,
      timeoutMs: 30_000,
    });

  test('leave every credential behind at another origin, and keep it at the same one', async () => {
    const other = await serve({ onRequest: (socket) => socket.end(reply('200 OK', 'there')) });
    const server = await serve({
      onRequest: (socket, head) =>
        socket.end(
          head.startsWith('GET /next')
            ? reply('302 Found', '', [`Location: http://${other.host}/#part`])
            : reply('302 Found', '', ['Location: /next']),
        ),
    });
    expect((await get(server.host, [server.host, other.host], 2)).body).toBe('there');
    expect(server.received[1]).toContain('planted');
    expect(other.received[0]).toContain('accept: text/html');
    expect(other.received[0]).not.toContain('planted');
  });

  test('check every hop: a listed host cannot hand on to one that is not', async () => {
    const server = await serve({
      onRequest: (socket) => socket.end(reply('302 Found', '', ['Location: http://169.254.169.254/latest/'])),
    });
    expect(await errorOf(get(server.host, [server.host], 3))).toMatchObject({
      code: 'GUARD_HOST',
      sent: true,
    });
    const listed = await errorOf(get(server.host, [server.host, '169.254.169.254'], 3));
    expect(listed).toMatchObject({ code: 'GUARD_ADDRESS', sent: true });
  });

  test('end after so many hops', async () => {
    const server = await serve({
      onRequest: (socket) => socket.end(reply('302 Found', '', ['Location: /again'])),
    });
    expect(await errorOf(get(server.host, [server.host], 2))).toMatchObject({ code: 'TOO_MANY_REDIRECTS' });
    expect(server.received).toHaveLength(3);
    expect((await get(server.host, [server.host], 0)).status).toBe(302);
  });
});
