import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outboundSend } from '#shared/providers/outbound.http.ts';
import { OutboundError } from '#shared/providers/outbound-error.ts';
import type { OutgoingRequest } from '#shared/providers/provider.ts';
import { addressKind } from '#shared/providers/public-address.ts';
import { rawServer, reply } from './raw-server.ts';

const request = (url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: 'GET',
  url,
  headers: {},
  body: null,
  timeoutMs: 30_000,
  ...more,
});

/** What came of an attempt: the code of the refusal, never `sent`. */
const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error = await attempt.then(
    () => new Error('it was sent'),
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(OutboundError);
  expect(error).toMatchObject({ sent: false });
  return (error as OutboundError).code;
};

/** Hosts that an attacker could wish for, all of them listed, so that only the address rules stand in the way. */
const LITERALS = [
  ['IPv4 loopback', 'https://127.0.0.1/'],
  ['loopback elsewhere in its net', 'https://127.9.8.7/'],
  ['one decimal number', 'https://2130706433/'],
  ['hexadecimal', 'https://0x7f000001/'],
  ['hexadecimal parts', 'https://0x7f.0x0.0x0.0x1/'],
  ['octal parts', 'https://0177.0.0.1/'],
  ['two parts', 'https://127.1/'],
  ['full-width digits', 'https://１２７.０.０.１/'],
  ['percent-encoded digits', 'https://%31%32%37.0.0.1/'],
  ['this host', 'https://0.0.0.0/'],
  ['private 10', 'https://10.0.0.1/'],
  ['private 172', 'https://172.16.0.1/'],
  ['private 192', 'https://192.168.1.1/'],
  ['metadata', 'https://169.254.169.254/'],
  ['container credentials', 'https://169.254.170.2/'],
  ['vendor metadata', 'https://168.63.129.16/'],
  ['carrier-grade NAT', 'https://100.100.100.200/'],
  ['protocol assignments', 'https://192.0.0.192/'],
  ['benchmark net', 'https://198.18.0.1/'],
  ['documentation net', 'https://203.0.113.7/'],
  ['multicast', 'https://224.0.0.1/'],
  ['reserved', 'https://240.0.0.1/'],
  ['broadcast', 'https://255.255.255.255/'],
  ['IPv6 loopback', 'https://[::1]/'],
  ['IPv6 unspecified', 'https://[::]/'],
  ['IPv4-mapped', 'https://[::ffff:127.0.0.1]/'],
  ['IPv4-compatible', 'https://[::127.0.0.1]/'],
  ['IPv4-translated', 'https://[::ffff:0:127.0.0.1]/'],
  ['NAT64', 'https://[64:ff9b::7f00:1]/'],
  ['NAT64 of one site', 'https://[64:ff9b:1::7f00:1]/'],
  ['6to4', 'https://[2002:7f00:1::]/'],
  ['Teredo', 'https://[2001:0:7f00:1::]/'],
  ['site-local', 'https://[fec0::1]/'],
  ['link-local', 'https://[fe80::1]/'],
  ['unique local', 'https://[fd00:ec2::254]/'],
  ['IPv6 multicast', 'https://[ff02::1]/'],
  ['IPv6 documentation', 'https://[2001:db8::1]/'],
] as const;

describe('addresses that may not be called', () => {
  test.each(LITERALS)('a literal is classified as the number it is: %s', async (_name, url) => {
    const normal = new URL(url);
    const send = outboundSend({ allowedHosts: [normal.host], allowLoopback: false });
    // As written it is refused, either for its form or for where it leads; in its normal form for where it leads.
    expect(['GUARD_URL', 'GUARD_ADDRESS']).toContain(await codeOf(send(request(url))));
    expect(await codeOf(send(request(normal.href)))).toBe('GUARD_ADDRESS');
  });

  test.each(LITERALS)('a name that leads there is refused too: %s', async (_name, url) => {
    const address = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
    const resolve = async (): Promise<string[]> => [address];
    const send = outboundSend({ allowedHosts: ['api.example.test'], allowLoopback: false, resolve });
    expect(await codeOf(send(request('https://api.example.test/')))).toBe('GUARD_ADDRESS');
  });

  test('one forbidden address among public ones refuses the name', async () => {
    const resolve = async (): Promise<string[]> => ['8.8.8.8', '10.0.0.1'];
    const send = outboundSend({ allowedHosts: ['api.example.test'], allowLoopback: true, resolve });
    expect(await codeOf(send(request('https://api.example.test/')))).toBe('GUARD_ADDRESS');
  });

  test('allowing loopback opens nothing else', async () => {
    for (const [name, url] of LITERALS.filter(
      ([, at]) => addressKind(new URL(at).hostname.replace(/[[\]]/g, '')) !== 'loopback',
    )) {
      const { host, href } = new URL(url);
      expect([
        name,
        await codeOf(outboundSend({ allowedHosts: [host], allowLoopback: true })(request(href))),
      ]).toEqual([name, 'GUARD_ADDRESS']);
    }
  });

  test('no IPv4 address of a special net counts as public, in whatever IPv6 clothes', () => {
    const special = fc.constantFrom(
      '10.',
      '127.',
      '169.254.',
      '192.168.',
      '100.64.',
      '0.',
      '224.',
      '172.20.',
    );
    fc.assert(
      fc.property(special, fc.array(fc.nat(255), { minLength: 3, maxLength: 3 }), (net, rest) => {
        const v4 = `${net}${rest.join('.')}`.split('.').slice(0, 4).join('.');
        for (const prefix of ['', '::', '::ffff:', '::ffff:0:', '64:ff9b::', '64:ff9b:1::']) {
          expect(addressKind(`${prefix}${v4}`)).not.toBe('public');
        }
      }),
    );
  });

  test.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001:800::200e'])(
    '%s is public',
    (address) => {
      expect(addressKind(address)).toBe('public');
    },
  );

  test.each(['127.1', '0177.0.0.1', '2130706433', 'fe80::1%eth0', 'example.test', ''])(
    '"%s" is not the text of an address',
    (text) => {
      expect(addressKind(text)).toBe('other');
    },
  );
});

describe('URLs that are refused before anything is looked up', () => {
  const neverResolve = (): Promise<string[]> => Promise.reject(new Error('a name was looked up'));
  const send = outboundSend({
    allowedHosts: ['api.example.test', 'other.example.test:8443'],
    allowLoopback: true,
    resolve: neverResolve,
  });

  test.each([
    ['GUARD_SCHEME', 'ftp://api.example.test/'],
    ['GUARD_SCHEME', 'file:///etc/passwd'],
    ['GUARD_SCHEME', 'data:text/plain,x'],
    ['GUARD_URL', `https://${'user:pass'}@api.example.test/`],
    ['GUARD_URL', 'https://api.example.test@evil.example/'],
    ['GUARD_URL', 'https://api.example.test/#x'],
    ['GUARD_URL', 'https://api.example.test/a/../b'],
    ['GUARD_URL', 'https://api.example.test\\@evil.example/'],
    ['GUARD_URL', 'https://API.example.test/'],
    ['GUARD_URL', 'https://api.example.test:443/'],
    ['GUARD_URL', ' https://api.example.test/'],
    ['GUARD_URL', 'https://api.exa\tmple.test/'],
    ['GUARD_URL', '//api.example.test/'],
    ['GUARD_URL', ''],
    ['GUARD_HOST', 'https://evil.example/'],
    ['GUARD_HOST', 'https://api.example.test.evil.example/'],
    ['GUARD_HOST', 'https://evil.api.example.test/'],
    ['GUARD_HOST', 'https://api.example.test./'],
    ['GUARD_HOST', 'https://api.example.test:8443/'],
    ['GUARD_HOST', 'https://other.example.test/'],
    ['GUARD_HOST', 'https://other.example.test:9443/'],
    ['GUARD_HOST', 'https://xn--pi-mia.example.test/'],
  ])('%s: %s', async (code, url) => {
    expect(await codeOf(send(request(url)))).toBe(code);
  });

  test('an empty list allows no host', async () => {
    const closed = outboundSend({ allowedHosts: [], allowLoopback: true, resolve: neverResolve });
    expect(await codeOf(closed(request('https://api.example.test/')))).toBe('GUARD_HOST');
  });

  test.each([
    { host: 'evil.example' },
    { 'Content-Length': '0' },
    { 'transfer-encoding': 'chunked' },
    { connection: 'upgrade' },
    { 'x-a': 'b\r\nx-c: d' },
    { 'x a': 'b' },
  ])('a header that could reframe the message: %o', async (headers) => {
    expect(await codeOf(send(request('https://api.example.test/', { headers: headers as never })))).toBe(
      'GUARD_HEADER',
    );
  });
});

describe('a resolver that changes its mind', () => {
  test('is asked once per request, and the socket goes where the checked answer pointed', async () => {
    const server = await rawServer({ onRequest: (socket) => socket.end(reply('200 OK', 'here')) });
    const answers = ['127.0.0.1', '169.254.169.254'];
    let asked = 0;
    const resolve = async (): Promise<string[]> => [answers[asked++] ?? ''];
    const host = `api.example.test:${server.port}`;
    const send = outboundSend({ allowedHosts: [host], allowLoopback: true, resolve });
    expect(await send(request(`http://${host}/`))).toMatchObject({ status: 200, body: 'here' });
    expect(asked).toBe(1);
    expect(server.received[0]).toMatch(new RegExp(`\r\nhost: ${host}\r\n`, 'i'));
    expect(await codeOf(send(request(`http://${host}/`)))).toBe('GUARD_ADDRESS');
    await server.close();
  });

  test('plain http goes to loopback only, whatever the list says', async () => {
    const resolve = async (): Promise<string[]> => ['8.8.8.8'];
    const send = outboundSend({ allowedHosts: ['api.example.test'], allowLoopback: true, resolve });
    expect(await codeOf(send(request('http://api.example.test/')))).toBe('GUARD_SCHEME');
  });

  test('a stage that does not allow loopback refuses it', async () => {
    const server = await rawServer({});
    const send = outboundSend({ allowedHosts: [server.host], allowLoopback: false });
    expect(await codeOf(send(request(`http://${server.host}/`)))).toBe('GUARD_ADDRESS');
    expect(server.received).toEqual([]);
    await server.close();
  });
});
