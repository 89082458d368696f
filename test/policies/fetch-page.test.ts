import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { reply } from '../providers/raw-server.ts';
import { closeSites, CONTACT, look, NOW, page, site, sourceOf } from './site.ts';

afterEach(closeSites);

const TERMS = '<h1>Terms</h1><p>Sellers must not list äpples.</p>';
const headerOf = (head: string | undefined, name: string): string | undefined =>
  head
    ?.split('\r\n')
    .find((line) => line.toLowerCase().startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim();

describe('a page that is there', () => {
  test.each([
    ['as it is', (body: Buffer) => body, []],
    ['gzip', gzipSync, ['Content-Encoding: gzip']],
    ['brotli', brotliCompressSync, ['Content-Encoding: br']],
  ] as const)('comes as bytes with their hash, sent %s', async (_how, pack, headers) => {
    const server = await site({
      '/terms': page(pack(Buffer.from(TERMS)), [
        'Content-Type: text/html; charset=utf-8',
        'ETag: W/"a-1"',
        'Set-Cookie: session=planted',
        ...headers,
      ]),
    });
    const { capture, body } = await look(sourceOf(`http://${server.host}/terms#section-2`));
    expect(Buffer.from(body ?? []).toString('utf8')).toBe(TERMS);
    expect(capture).toMatchObject({
      source: 'some-terms',
      reading: 1,
      fetchedAt: new Date(NOW).toISOString(),
      fetcher: 'http',
      url: `http://${server.host}/terms#section-2`,
      finalUrl: `http://${server.host}/terms`,
      chain: [{ url: `http://${server.host}/terms`, status: 200 }],
      status: 200,
      rawSha256: createHash('sha256').update(TERMS).digest('hex'),
      rawBytes: Buffer.byteLength(TERMS),
      notModified: false,
      robots: 'absent',
    });
    expect(capture.failure).toBeUndefined();
    expect(capture.headers).toMatchObject({ etag: 'W/"a-1"', 'content-type': 'text/html; charset=utf-8' });
    expect(JSON.stringify(capture)).not.toContain('planted');
  });

  test('is asked for by name, with a contact, in one fixed language, without cookies', async () => {
    const server = await site({ '/terms': page(TERMS, ['Set-Cookie: wall=1']) });
    const source = sourceOf(`http://${server.host}/terms`, { language: 'de', region: 'AT', format: 'pdf' });
    await look(source);
    await look(source);
    const [first, second] = server.pages();
    expect(headerOf(first, 'user-agent')).toBe(`Autopack-policy-monitor/1 (+mailto:${CONTACT})`);
    expect(headerOf(first, 'accept-language')).toBe('de-AT,de;q=0.9');
    expect(headerOf(first, 'accept')).toBe('application/pdf,*/*;q=0.1');
    expect(headerOf(second, 'cookie')).toBeUndefined();
    expect(second).toBe(first);
  });

  test('a charset that lies changes no byte: who reads the page has to see the lie', async () => {
    const latin1 = Buffer.from('Café – no', 'latin1');
    const server = await site({ '/terms': page(latin1, ['Content-Type: text/html; charset=utf-8']) });
    const { body, capture } = await look(sourceOf(`http://${server.host}/terms`));
    expect(Buffer.from(body ?? []).equals(latin1)).toBe(true);
    expect(capture.headers['content-type']).toBe('text/html; charset=utf-8');
  });

  test('an empty one is a capture of no bytes, which the reader refuses', async () => {
    const server = await site({ '/terms': page('') });
    const { body, capture } = await look(sourceOf(`http://${server.host}/terms`));
    expect(body).toHaveLength(0);
    expect(capture).toMatchObject({ status: 200, rawBytes: 0 });
  });

  test('a wall for robots is what we see: one request, no second identity', async () => {
    const server = await site({
      '/terms': (socket, head) =>
        socket.end(/user-agent: mozilla/i.test(head) ? page(TERMS) : page('Are you human?')),
    });
    const { body } = await look(sourceOf(`http://${server.host}/terms`));
    expect(Buffer.from(body ?? []).toString()).toBe('Are you human?');
    expect(server.pages()).toHaveLength(1);
  });
});

describe('conditional requests', () => {
  const validators = {
    etag: 'W/"odd, but theirs"',
    lastModified: 'Tue, 15 Nov 1994 12:45:26 GMT',
    raw: 'a'.repeat(64),
  };

  test("carry the server's own validators, byte for byte, and a 304 to them is one", async () => {
    const server = await site({ '/terms': 'HTTP/1.1 304 Not Modified\r\nETag: W/"x"\r\n\r\n' });
    const { capture, body } = await look(sourceOf(`http://${server.host}/terms`), {}, { validators });
    expect(headerOf(server.pages()[0], 'if-none-match')).toBe(validators.etag);
    expect(headerOf(server.pages()[0], 'if-modified-since')).toBe(validators.lastModified);
    expect(capture).toMatchObject({ status: 304, notModified: true });
    expect(capture.failure).toBeUndefined();
    expect(body).toBeUndefined();
  });

  test.each([
    ['there are none', undefined],
    ['they cannot be sent as they are', { etag: '"a\r\nX-Evil: 1"', raw: 'a'.repeat(64) }],
  ])('a server that says 304 to everything is refused where %s', async (_what, own) => {
    const server = await site({ '/terms': 'HTTP/1.1 304 Not Modified\r\n\r\n' });
    const { capture, body } = await look(
      sourceOf(`http://${server.host}/terms`),
      {},
      own === undefined ? {} : { validators: own },
    );
    expect(server.pages()[0]).not.toMatch(/if-none-match|if-modified-since|evil/i);
    expect(capture).toMatchObject({ notModified: false, failure: { code: 'HTTP_SERVER_ERROR' } });
    expect(body).toBeUndefined();
  });
});

describe('statuses', () => {
  test.each([
    [404, 'HTTP_GONE'],
    [410, 'HTTP_GONE'],
    [401, 'HTTP_FORBIDDEN'],
    [403, 'HTTP_FORBIDDEN'],
    [451, 'HTTP_FORBIDDEN'],
    [429, 'HTTP_RATE_LIMITED'],
    [400, 'HTTP_CLIENT_ERROR'],
    [418, 'HTTP_CLIENT_ERROR'],
    [408, 'TIMEOUT'],
    [500, 'HTTP_SERVER_ERROR'],
    [503, 'HTTP_SERVER_ERROR'],
    [202, 'HTTP_SERVER_ERROR'],
    [204, 'HTTP_SERVER_ERROR'],
    [206, 'TRUNCATED'],
    [300, 'HTTP_SERVER_ERROR'],
    [302, 'HTTP_SERVER_ERROR'],
  ])('%i without a page is %s', async (status, code) => {
    const server = await site({ '/terms': reply(`${status} Some Words`, '') });
    const { capture, body } = await look(sourceOf(`http://${server.host}/terms`));
    expect(capture).toMatchObject({ status, failure: { code } });
    expect(body).toBeUndefined();
  });

  test.each([
    ['120', 120],
    ['0', 0],
    [new Date(NOW + 90_500).toUTCString(), 90],
    [new Date(NOW - 90_000).toUTCString(), 0],
    ['99999999999', 30 * 86_400],
    ['soon', undefined],
    ['1.5', undefined],
    ['-5', undefined],
  ])('Retry-After: %s', async (text, seconds) => {
    const server = await site({ '/terms': reply('429 Too Many', '', [`Retry-After: ${text}`]) });
    expect((await look(sourceOf(`http://${server.host}/terms`))).capture.retryAfterSeconds).toBe(seconds);
  });
});

describe('robots.txt', () => {
  const rules = (text: string): string => reply('200 OK', text);

  test('is asked once per run and host, and kept to', async () => {
    const server = await site({
      '/robots.txt': rules(
        '\uFEFFUser-agent: *\nDisallow: /\n\nUser-agent: autopack-policy-monitor\nDisallow: /private\n',
      ),
      '*': page(TERMS),
    });
    const robots = new Map();
    const open = await look(sourceOf(`http://${server.host}/terms`), { robots });
    const shut = await look(sourceOf(`http://${server.host}/private/terms`), { robots });
    expect(open.capture).toMatchObject({ robots: 'allowed', status: 200 });
    expect(shut.capture).toMatchObject({
      robots: 'disallowed',
      chain: [],
      failure: { code: 'ROBOTS_DISALLOWED' },
    });
    expect(shut.body).toBeUndefined();
    expect(server.received).toHaveLength(2);
  });

  test.each([
    [404, 'absent', undefined],
    [403, 'absent', undefined],
    [429, 'unreadable', 'HTTP_RATE_LIMITED'],
    [503, 'unreadable', 'HTTP_SERVER_ERROR'],
  ])('answered with %i it is %s', async (status, robots, code) => {
    const server = await site({
      '/robots.txt': reply(`${status} X`, '', ['Retry-After: 60']),
      '/terms': page(TERMS),
    });
    const { capture } = await look(sourceOf(`http://${server.host}/terms`));
    expect(capture).toMatchObject({ robots });
    expect(capture.failure?.code).toBe(code);
    expect(server.pages()).toHaveLength(code === undefined ? 1 : 0);
    expect(capture.retryAfterSeconds).toBe(code === undefined ? undefined : 60);
  });

  test.each([
    ['that drips', 'TIMEOUT', (host: string) => host],
    ['that leads elsewhere', 'REDIRECTED_AWAY', (host: string) => host],
    ['that leads round in a ring', 'TOO_MANY_REDIRECTS', (host: string) => host],
  ])('one %s forbids the page: %s', async (what, code) => {
    const server = await site({
      '/robots.txt': (socket) => {
        if (what === 'that drips') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nUser');
        else if (what === 'that leads elsewhere')
          socket.end(reply('302 Found', '', ['Location: https://elsewhere.example.test/robots.txt']));
        else socket.end(reply('302 Found', '', ['Location: /robots.txt']));
      },
      '/terms': page(TERMS),
    });
    const { capture } = await look(sourceOf(`http://${server.host}/terms`), { totalTimeMs: 300 });
    expect(capture).toMatchObject({ robots: 'unreadable', failure: { code } });
    expect(server.pages()).toEqual([]);
  });

  test('with half a million stars means what one star does', async () => {
    const stars = `User-agent: *\nDisallow: /${'*'.repeat(500_000)}x\n`;
    const server = await site({ '/robots.txt': rules(stars), '*': page(TERMS) });
    const { capture } = await look(sourceOf(`http://${server.host}/${'a'.repeat(900)}`));
    expect(capture.robots).toBe('allowed');
  });

  test('of a host on the way counts too', async () => {
    const other = await site({ '/robots.txt': rules('User-agent: *\nDisallow: /terms'), '*': page(TERMS) });
    const server = await site({
      '/terms': reply('301 Moved', '', [`Location: http://${other.host}/terms`]),
    });
    const source = sourceOf(`http://${server.host}/terms`, { finalHosts: [other.host] });
    expect((await look(source)).capture).toMatchObject({
      robots: 'disallowed',
      chain: [{ status: 301 }],
      failure: { code: 'ROBOTS_DISALLOWED' },
    });
    expect(other.pages()).toEqual([]);
  });
});
