import { createServer } from 'node:https';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { reply } from '../providers/raw-server.ts';
import { selfSigned } from '../providers/self-signed.ts';
import { type Answer, closeSites, look, page, site, sourceOf } from './site.ts';

afterEach(closeSites);

const TERMS = Buffer.from('<h1>Terms</h1><p>Sellers must not list apples.</p>');
const cut = (body: Buffer, to: number): Buffer => body.subarray(0, to);
const head = (...lines: string[]): Buffer => Buffer.from(['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n'));
const drip =
  (first: string, drop: string): Answer =>
  (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(drop), 5);
    socket.on('close', () => clearInterval(timer));
  };

/** Each is a reply that must never count as the page. */
const LIES: readonly (readonly [name: string, code: string, answer: Answer])[] = [
  ['a body shorter than announced', 'TRUNCATED', Buffer.concat([head('Content-Length: 500'), TERMS])],
  ['a body longer than announced', 'TRUNCATED', Buffer.concat([head('Content-Length: 20'), TERMS])],
  [
    'a body longer than announced, saying that it closes',
    'TRUNCATED',
    Buffer.concat([head('Content-Length: 20', 'Connection: close'), TERMS]),
  ],
  [
    'a chunked body without its end',
    'TRUNCATED',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n',
  ],
  [
    'a chunk that is none',
    'TRUNCATED',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\nabc',
  ],
  [
    'a reset in the middle',
    'TRUNCATED',
    (socket) => {
      socket.write(Buffer.concat([head('Content-Length: 500'), TERMS]));
      // Only in a turn after the one in which the client could read what came before.
      setTimeout(() => setImmediate(() => setImmediate(() => socket.resetAndDestroy())), 20);
    },
  ],
  [
    'gzip cut short, rightly announced',
    'TRUNCATED',
    page(cut(gzipSync(TERMS), 30), ['Content-Encoding: gzip']),
  ],
  [
    'brotli cut short, rightly announced',
    'TRUNCATED',
    page(cut(brotliCompressSync(TERMS), 20), ['Content-Encoding: br']),
  ],
  ['gzip that is none', 'DECODING', page(TERMS, ['Content-Encoding: gzip'])],
  ['brotli that is none', 'DECODING', page(TERMS, ['Content-Encoding: br'])],
  ['an encoding nobody asked for', 'DECODING', page(TERMS, ['Content-Encoding: zstd'])],
  ['two encodings', 'DECODING', page(gzipSync(gzipSync(TERMS)), ['Content-Encoding: gzip, gzip'])],
  ['something that is not HTTP', 'DECODING', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
  ['two lengths', 'DECODING', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['huge headers', 'TOO_LARGE', page(TERMS, [`X-A: ${'y'.repeat(40_000)}`])],
  ['a body over the limit', 'TOO_LARGE', page(Buffer.alloc(60_001, 'x'))],
  [
    'a body over the limit, without a length',
    'TOO_LARGE',
    Buffer.concat([head(), Buffer.alloc(200_000, 'x')]),
  ],
  ['a gzip bomb', 'TOO_LARGE', page(gzipSync(Buffer.alloc(40_000_000)), ['Content-Encoding: gzip'])],
  [
    'a brotli bomb',
    'TOO_LARGE',
    page(brotliCompressSync(Buffer.alloc(40_000_000)), ['Content-Encoding: br']),
  ],
  ['a slow drip of the body', 'TIMEOUT', drip('HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n', 'x')],
  ['a slow drip of the headers', 'TIMEOUT', drip('HTTP/1.1 200 OK\r\n', 'X-A: b\r\n')],
  ['silence', 'TIMEOUT', () => undefined],
  ['a connection that closes', 'CONNECTION', (socket) => socket.end()],
  ['a redirect to a private address', 'BLOCKED_ADDRESS', to('http://10.0.0.1/terms')],
  ['a redirect to the metadata address', 'BLOCKED_ADDRESS', to('http://169.254.169.254/latest/meta-data/')],
  ['a redirect to an IPv6 address of our net', 'BLOCKED_ADDRESS', to('https://[fd00::1]/terms')],
  ['a redirect to another host', 'REDIRECTED_AWAY', to('https://elsewhere.example.test/terms')],
  ['a redirect to a file', 'REDIRECTED_AWAY', to('file:///etc/passwd')],
  [
    'a redirect with a name and password',
    'REDIRECTED_AWAY',
    to(`https://${'user:secret'}@elsewhere.example.test/terms`),
  ],
  ['a redirect to another page of the host', 'REDIRECTED_AWAY', to('/login?next=/terms')],
  ['a redirect to a page that begins alike', 'REDIRECTED_AWAY', to('/terms-of-gift-cards')],
  ['a redirect to itself', 'TOO_MANY_REDIRECTS', to('/terms')],
  ['a redirect to what is no URL', 'REDIRECTED_AWAY', to('https://[')],
];

function to(location: string): string {
  return reply('302 Found', '', [`Location: ${location}`]);
}

describe('a server that lies', () => {
  test.each(LIES)('%s: %s, with no bytes to read', async (_name, code, answer) => {
    const server = await site({
      '/terms': answer,
      '/login?next=/terms': page('Sign in'),
      '/terms-of-gift-cards': page('Other terms'),
    });
    const limits = { maxBytes: 60_000, totalTimeMs: 400 };
    const { capture, body } = await look(sourceOf(`http://${server.host}/terms`), limits);
    expect(capture.failure?.code).toBe(code);
    expect(capture).toMatchObject({ notModified: false });
    expect(capture.rawSha256).toBeUndefined();
    expect(body).toBeUndefined();
    expect(JSON.stringify(capture)).not.toContain('secret');
  });

  test('a hop on a listed host that leads to a private address is stopped before it is called', async () => {
    const server = await site({ '/terms': to('https://inside.example.test/terms') });
    const source = sourceOf(`http://${server.host}/terms`, { finalHosts: ['inside.example.test'] });
    const { capture } = await look(source, { resolve: async () => ['10.1.2.3'] });
    expect(capture).toMatchObject({
      failure: { code: 'BLOCKED_ADDRESS' },
      finalUrl: 'https://inside.example.test/terms',
    });
  });

  test('a permanent redirect elsewhere is not followed, and says where the page is now', async () => {
    const elsewhere = 'https://new.example.test/terms';
    const server = await site({ '/terms': reply('308 Moved', '', [`Location: ${elsewhere}#top`]) });
    const { capture } = await look(sourceOf(`http://${server.host}/terms`));
    expect(capture).toMatchObject({
      chain: [{ status: 308 }],
      status: 308,
      finalUrl: elsewhere,
      failure: { code: 'REDIRECTED_AWAY' },
    });
    expect(capture.failure?.detail).toBe(
      'the redirect leads to new.example.test, which is not in finalHosts',
    );
    expect(capture.robots).toBe('absent');
  });

  test('a redirect with a name and password is not followed on the own host either', async () => {
    let own = '';
    const server = await site({
      '/terms': (socket) => socket.end(to(`http://${'user:secret'}@${own}/terms`)),
    });
    own = server.host;
    const { capture } = await look(sourceOf(`http://${own}/terms`));
    expect(capture).toMatchObject({ chain: [{ status: 302 }], failure: { code: 'REDIRECTED_AWAY' } });
    expect(JSON.stringify(capture)).not.toContain('secret');
    expect(server.pages()).toHaveLength(1);
  });

  test('where loopback is not allowed nothing on this machine is called', async () => {
    const server = await site({ '/terms': page(TERMS) });
    const { capture } = await look(sourceOf(`http://${server.host}/terms`), { allowLoopback: false });
    expect(capture.failure?.code).toBe('BLOCKED_ADDRESS');
    expect(server.received).toEqual([]);
  });

  test('five redirects on the way to an allowed place are followed, each with its status; a sixth is not', async () => {
    const hops = (count: number): Record<string, Answer> =>
      Object.fromEntries([
        ...Array.from({ length: count }, (_, index) => [
          index === 0 ? '/terms' : `/hop-${index}`,
          reply(index % 2 === 0 ? '301 Moved' : '302 Found', '', [
            `Location: ${index === count - 1 ? '/legal/terms/' : `/hop-${index + 1}`}`,
          ]),
        ]),
        ['/legal/terms/', page(TERMS)],
      ]);
    const five = await site(hops(5));
    const paths = { finalPaths: ['/legal/terms'] };
    const seen = await look(sourceOf(`http://${five.host}/terms`, paths));
    expect(seen.capture.chain.map(({ status }) => status)).toEqual([301, 302, 301, 302, 301, 200]);
    expect(seen.capture.finalUrl).toBe(`http://${five.host}/legal/terms/`);
    expect(seen.capture.failure).toBeUndefined();
    const six = await site(hops(6));
    expect((await look(sourceOf(`http://${six.host}/terms`, paths))).capture.failure?.code).toBe(
      'TOO_MANY_REDIRECTS',
    );
  });
});

describe('a name or certificate that is wrong', () => {
  const NAME = 'policies.example.test';
  const behind = async (
    certificate: ReturnType<typeof selfSigned>,
    ca?: string,
    leadsTo?: (port: number) => string,
  ) => {
    let port = 0;
    const server = createServer(certificate, (request, response) => {
      if (leadsTo !== undefined && request.url !== '/robots.txt')
        response.writeHead(301, { location: leadsTo(port) }).end();
      else response.writeHead(request.url === '/robots.txt' ? 404 : 200).end(TERMS);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as { port: number });
    const seen = await look(sourceOf(`https://${NAME}:${port}/terms`), {
      resolve: async () => ['127.0.0.1'],
      ...(ca === undefined ? {} : { ca }),
    });
    await new Promise((resolve) => server.close(resolve));
    return seen;
  };

  test('a good certificate brings the page', async () => {
    const good = selfSigned(NAME);
    expect((await behind(good, good.cert)).capture).toMatchObject({ status: 200, robots: 'absent' });
  });

  test.each([
    ['one that expired', selfSigned(NAME, '240101000000Z'), 'CERT_HAS_EXPIRED'],
    ['one for another name', selfSigned('other.example.test'), 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('%s is TLS, and the detail says so', async (_what, certificate, why) => {
    const { capture, body } = await behind(certificate, certificate.cert);
    expect(capture).toMatchObject({ robots: 'unreadable', failure: { code: 'TLS' }, chain: [] });
    expect(capture.failure?.detail).toContain(why);
    expect(body).toBeUndefined();
  });

  test('from https nothing leads to http, not even on the same host', async () => {
    const good = selfSigned(NAME);
    const { capture } = await behind(good, good.cert, (port) => `http://${NAME}:${port}/terms`);
    expect(capture).toMatchObject({
      chain: [{ status: 301 }],
      failure: { code: 'REDIRECTED_AWAY', detail: 'the redirect leads from https to http' },
    });
  });

  test('one that nobody vouches for is TLS', async () => {
    expect((await behind(selfSigned(NAME))).capture.failure?.code).toBe('TLS');
  });

  test('a name without an address is DNS; a port where nobody listens is CONNECTION', async () => {
    const nowhere = () => Promise.reject(new Error('ENOTFOUND'));
    const dns = await look(sourceOf(`https://${NAME}/terms`), { resolve: nowhere });
    expect(dns.capture).toMatchObject({ robots: 'unreadable', failure: { code: 'DNS' } });
    const server = await site({});
    await server.close();
    expect((await look(sourceOf(`http://${server.host}/terms`))).capture.failure?.code).toBe('CONNECTION');
  });
});
