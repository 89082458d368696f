import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { type OutboundOptions, outboundSend } from '#shared/providers/outbound.http.ts';
import { OutboundError } from '#shared/providers/outbound-error.ts';
import type { OutgoingRequest, ProviderReply } from '#shared/providers/provider.ts';
import { withTimePassing } from '../support/patience.ts';
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

const post = (
  host: string,
  more: Partial<OutgoingRequest> = {},
  options: Partial<OutboundOptions> = {},
  scheme = 'http',
): Promise<ProviderReply> =>
  outboundSend({ allowedHosts: [host], allowLoopback: true, ...options })({
    method: 'POST',
    url: `${scheme}://${host}/orders?x=1`,
    headers: { 'content-type': 'application/json', authorization: 'Bearer planted' },
    body: '{"a":"ü"}',
    timeoutMs: 30_000,
    ...more,
  });

const errorOf = async (attempt: Promise<unknown>): Promise<OutboundError> => {
  const error = await attempt.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(OutboundError);
  return error as OutboundError;
};

describe('a request that arrives', () => {
  test('carries exactly the headers and bytes it was given, framed once', async () => {
    const server = await serve({
      onRequest: (socket) => socket.end(reply('201 Created', '{"id":"é"}', ['X-A: 1', 'X-A: 2'])),
    });
    const answer = await post(server.host);
    expect(answer).toMatchObject({ status: 201, body: '{"id":"é"}', headers: { 'x-a': '1, 2' } });
    const [head, body] = Buffer.from(server.received[0] ?? '', 'latin1')
      .toString('utf8')
      .split('\r\n\r\n');
    expect(body).toBe('{"a":"ü"}');
    expect(head?.split('\r\n').toSorted()).toEqual(
      [
        'POST /orders?x=1 HTTP/1.1',
        'content-type: application/json',
        'authorization: Bearer planted',
        `host: ${server.host}`,
        'connection: close',
        'content-length: 10',
      ].toSorted(),
    );
  });

  test.each([
    '301 Moved Permanently',
    '302 Found',
    '303 See Other',
    '307 Temporary Redirect',
    '308 Permanent Redirect',
  ])('is not sent on after a %s: a redirect is a reply', async (status) => {
    const other = await serve({ onRequest: (socket) => socket.end(reply('200 OK')) });
    const server = await serve({
      onRequest: (socket) => socket.end(reply(status, '', [`Location: http://${other.host}/elsewhere`])),
    });
    const options = { allowedHosts: [server.host, other.host], maxReadRedirects: 3 };
    expect((await post(server.host, {}, options)).status).toBe(Number(status.slice(0, 3)));
    expect(other.received).toEqual([]);
  });

  test.each([
    ['gzip', gzipSync],
    ['identity', (text: string) => Buffer.from(text)],
  ] as const)('reads a reply encoded as %s', async (encoding, encode) => {
    const body = encode('{"ok":true}');
    const server = await serve({
      onRequest: (socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
        socket.end(body);
      },
    });
    expect((await post(server.host)).body).toBe('{"ok":true}');
  });
});

describe('a request that provably never left (sent: false)', () => {
  test('because nobody listens', async () => {
    const server = await rawServer({});
    await server.close();
    expect(await errorOf(post(server.host))).toMatchObject({ code: 'CONNECT_FAILED', sent: false });
  });

  test('because the name has no address', async () => {
    const resolve = (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'));
    const error = await errorOf(post('api.example.test', {}, { resolve }, 'https'));
    expect(error).toMatchObject({ code: 'DNS_FAILED', sent: false });
  });

  test('because the name server never answers', async () => {
    const resolve = (): Promise<string[]> => new Promise(() => undefined);
    const error = await errorOf(post('api.example.test', { timeoutMs: 50 }, { resolve }, 'https'));
    expect(error).toMatchObject({ code: 'CONNECT_TIMEOUT', sent: false });
  });

  test('because the peer does not speak TLS', async () => {
    const server = await serve({ onConnect: (socket) => socket.end('220 mail.example.test ESMTP\r\n') });
    const error = await errorOf(post(server.host, {}, {}, 'https'));
    expect(error).toMatchObject({ code: 'TLS_FAILED', sent: false });
    expect(server.received.join('')).not.toContain('planted');
  });

  test('because the peer stays silent during the TLS handshake', async () => {
    const server = await serve({});
    const error = await errorOf(post(server.host, {}, { connectTimeoutMs: 60 }, 'https'));
    expect(error).toMatchObject({ code: 'CONNECT_TIMEOUT', sent: false });
    expect(server.received.join('')).not.toContain('planted');
  });

  test('an address that does not answer is passed over for one that does', async () => {
    const server = await serve({ onRequest: (socket) => socket.end(reply('200 OK')) });
    const host = `api.example.test:${server.port}`;
    const resolve = async (): Promise<string[]> => ['127.0.0.2', '::1', '127.0.0.1'];
    expect((await post(host, {}, { resolve })).status).toBe(200);
    expect(server.received).toHaveLength(1);
  });
});

describe('a request that may have arrived (sent: true)', () => {
  test('the connection is closed without a reply', async () => {
    const server = await serve({ onRequest: (socket) => socket.end() });
    expect(await errorOf(post(server.host))).toMatchObject({ code: 'CONNECTION_LOST', sent: true });
  });

  test('the connection is reset after the request was read', async () => {
    const server = await serve({ onRequest: (socket) => socket.resetAndDestroy() });
    expect(await errorOf(post(server.host))).toMatchObject({ code: 'CONNECTION_LOST', sent: true });
  });

  test('the connection is reset as soon as it is open: who knows', async () => {
    const server = await serve({ onConnect: (socket) => socket.resetAndDestroy() });
    const error = await errorOf(post(server.host));
    expect(['CONNECTION_LOST', 'CONNECT_FAILED']).toContain(error.code);
    expect(error.sent).toBe(error.code === 'CONNECTION_LOST');
  });

  test('no reply comes in time', async () => {
    const server = await serve({});
    const arrived = (): boolean => server.received[0]?.includes('POST /orders') === true;
    const error = await errorOf(withTimePassing(arrived, 30_000, () => post(server.host)));
    expect(error).toMatchObject({ code: 'SEND_TIMEOUT', sent: true, status: undefined });
    expect(server.received[0]).toContain('POST /orders');
  });

  test('the reply drips so slowly that the time is over (slow loris)', async () => {
    let drops = 0;
    const server = await serve({
      onRequest: (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
        const drip = setInterval(() => socket.write('x', () => (drops += 1)), 5);
        socket.on('close', () => clearInterval(drip));
      },
    });
    const error = await errorOf(
      withTimePassing(
        () => drops > 9,
        30_000,
        () => post(server.host),
      ),
    );
    expect(error).toMatchObject({ sent: true, status: 200 });
  });

  test('the headers of the reply drip for ever', async () => {
    let drops = 0;
    const server = await serve({
      onRequest: (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => socket.write('X-A: b\r\n', () => (drops += 1)), 5);
        socket.on('close', () => clearInterval(drip));
      },
    });
    const attempt = withTimePassing(
      () => drops > 9,
      30_000,
      () => post(server.host),
    );
    expect(await errorOf(attempt)).toMatchObject({
      code: 'SEND_TIMEOUT',
      sent: true,
    });
  });

  test('the reply is larger than allowed', async () => {
    const server = await serve({ onRequest: (socket) => socket.end(reply('200 OK', 'x'.repeat(5_000))) });
    const error = await errorOf(post(server.host, {}, { maxResponseBytes: 4_999 }));
    expect(error).toMatchObject({ code: 'RESPONSE_TOO_LARGE', sent: true, status: 200 });
    expect((await post(server.host, {}, { maxResponseBytes: 5_000 })).body).toHaveLength(5_000);
  });

  test('the reply grows when it is unpacked (gzip bomb)', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const server = await serve({
      onRequest: (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
        socket.end(bomb);
      },
    });
    const error = await errorOf(post(server.host, {}, { maxResponseBytes: 100_000 }));
    expect(error).toMatchObject({ code: 'RESPONSE_TOO_LARGE', sent: true });
  });

  test('the headers of the reply are larger than allowed', async () => {
    const server = await serve({
      onRequest: (socket) => socket.end(reply('200 OK', '', [`X-A: ${'y'.repeat(20_000)}`])),
    });
    expect(await errorOf(post(server.host))).toMatchObject({ code: 'RESPONSE_INVALID', sent: true });
  });

  test.each([
    [
      'a body shorter than announced',
      'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort',
      'RESPONSE_TRUNCATED',
    ],
    [
      'a chunked body without its end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n',
      'RESPONSE_TRUNCATED',
    ],
    [
      'a broken gzip stream',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd',
      'RESPONSE_TRUNCATED',
    ],
    [
      'an encoding nobody asked for',
      'HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 4\r\n\r\nabcd',
      'RESPONSE_INVALID',
    ],
    ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'RESPONSE_INVALID'],
    ['a head that breaks off', 'HTTP/1.1 200 O', 'CONNECTION_LOST'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'RESPONSE_INVALID',
    ],
    [
      'a switch of protocols',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      'CONNECTION_LOST',
    ],
  ])('the reply is %s', async (_name, text, code) => {
    const server = await serve({ onRequest: (socket) => socket.end(text) });
    expect(await errorOf(post(server.host))).toMatchObject({ code, sent: true });
  });

  test('nothing is sent twice, whatever goes wrong', async () => {
    const server = await serve({ onRequest: (socket) => socket.destroy() });
    await errorOf(post(server.host));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.received.filter((text) => text !== '')).toHaveLength(1);
  });

  test('an error says nothing of the headers that were sent', async () => {
    const server = await serve({ onRequest: (socket) => socket.destroy() });
    const error = await errorOf(post(server.host));
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain('planted');
  });
});
