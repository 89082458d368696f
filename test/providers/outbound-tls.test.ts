import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OutboundOptions, outboundSend } from '#shared/providers/outbound.http.ts';
import type { ProviderReply } from '#shared/providers/provider.ts';
import { selfSigned } from './self-signed.ts';

const NAME = 'api.example.test';
const { key, cert } = selfSigned(NAME);
const seen: { host: string | undefined; sni: unknown; body: string }[] = [];
const server = createServer({ key, cert }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const sni = (request.socket as TLSSocket & { servername?: unknown }).servername;
    seen.push({ host: request.headers.host, sni, body: Buffer.concat(chunks).toString() });
    response.end('over TLS');
  });
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const post = (name: string, options: Partial<OutboundOptions>): Promise<ProviderReply> =>
  outboundSend({
    allowedHosts: [`${name}:${port}`],
    allowLoopback: true,
    resolve: async () => ['127.0.0.1'],
    ...options,
  })({
    method: 'POST',
    url: `https://${name}:${port}/x`,
    headers: { authorization: 'Bearer planted' },
    body: '{}',
    timeoutMs: 30_000,
  });

describe('https to a pinned address', () => {
  test('shows the name, not the number, to TLS and HTTP, and checks the certificate against it', async () => {
    expect(await post(NAME, { ca: cert })).toMatchObject({ status: 200, body: 'over TLS' });
    expect(seen).toEqual([{ host: `${NAME}:${port}`, sni: NAME, body: '{}' }]);
  });

  test.each([
    ['nobody vouches for', NAME, {}],
    ['names another host', 'other.example.test', { ca: cert }],
    ['names no such address', '127.0.0.1', { ca: cert }],
  ])(
    'a certificate that %s ends the handshake before a byte of the request is sent',
    async (_what, name, options) => {
      const before = seen.length;
      await expect(post(name, options)).rejects.toMatchObject({ code: 'TLS_FAILED', sent: false });
      expect(seen).toHaveLength(before);
    },
  );
});
