import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndpointDefinition } from '#shared/governance/project-config.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import { httpRequest } from '#shared/providers/http/request.ts';
import { OutboundError } from '#shared/providers/outbound-error.ts';
import type { Finding, OutgoingRequest, ProviderReply } from '#shared/providers/provider.ts';
import { dispatchOf, endpoint, facts, hashOf, KEY, NOW, project } from './support.ts';

const URL_OF = 'https://api.example.test/v1/tickets';
const render = (
  payload: unknown,
  endpoints: readonly EndpointDefinition[] = [],
  hosts = ['api.example.test'],
) => httpRequest.render(payload, facts({ project: project({ allowedHosts: hosts }, endpoints) }));
const call = (more: Record<string, unknown> = {}) => ({ method: 'POST', url: URL_OF, ...more });
const refusal = (run: () => unknown): ProblemError => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ProblemError);
    return error as ProblemError;
  }
  throw new Error('it was accepted');
};

describe('which definition covers a call', () => {
  const definitions = [
    endpoint({ name: 'all', pathPrefix: '/', effects: ['write'] }),
    endpoint({ name: 'tickets', pathPrefix: '/v1/tickets' }),
    endpoint({ name: 'purge', pathPrefix: '/v1/tickets/purge', effects: ['destructive'], methods: ['POST'] }),
    endpoint({ name: 'elsewhere', host: 'other.example.test', pathPrefix: '/' }),
    endpoint({ name: 'port', host: 'api.example.test:8443', pathPrefix: '/' }),
  ];
  test.each([
    ['POST', '/v1/tickets', 'tickets'],
    ['POST', '/v1/tickets/', 'tickets'],
    ['POST', '/v1/tickets/7', 'tickets'],
    ['POST', '/v1/tickets?x=/v1/tickets/purge', 'tickets'],
    ['POST', '/v1/ticketsandmore', 'all'],
    ['POST', '/v1/tickets;x/purge', 'all'],
    ['POST', '/v1/tickets/purge', 'purge'],
    ['POST', '/v1/tickets/purge/all', 'purge'],
    ['GET', '/v1/tickets/purge', 'tickets'],
    ['POST', '/', 'all'],
    ['DELETE', '/v1/tickets', 'none'],
    // A server that ignores case would run "purge": then the mild definition must not speak for it.
    ['POST', '/v1/tickets/PURGE', 'none'],
    ['POST', '/V1/tickets', 'none'],
  ])('%s %s is "%s"', (method, path, name) => {
    const { request, effects } = render({ method, url: `https://api.example.test${path}` }, definitions);
    expect(request.adapterVersion).toMatch(
      name === 'none' ? /^1\+def\.none$/ : new RegExp(`^1\\+def\\.${name}\\.[0-9a-f]{12}$`),
    );
    if (name === 'none' || name === 'purge') expect(effects.map(({ type }) => type)).toEqual(['destructive']);
  });

  test('another port is another host', () => {
    const { request } = render({ method: 'POST', url: 'https://api.example.test:8443/x' }, definitions, [
      'api.example.test:8443',
    ]);
    expect(request.adapterVersion).toContain('def.port.');
  });

  test('two that fit equally well cancel each other', () => {
    const twins = [endpoint({ name: 'mild' }), endpoint({ name: 'harsh', effects: ['destructive'] })];
    expect(render(call(), twins).request.adapterVersion).toBe('1+def.none');
  });

  test('without one a call is destructive, irreversible and of class none', () => {
    expect(render(call({ method: 'GET' }))).toMatchObject({
      effects: [
        {
          type: 'destructive',
          reversibility: 'irreversible',
          cost: 'unknown',
          target: 'GET api.example.test/v1/tickets',
        },
      ],
      recoveryClass: 'none',
      request: { credential: null },
    });
  });

  test.each([
    [{ recoveryClass: 'keyed' }, 'keyed'],
    [{ recoveryClass: 'keyed', idempotencyHeader: undefined }, 'none'],
    [{ recoveryClass: 'lookup' }, 'lookup'],
    [{ recoveryClass: 'lookup', lookupPath: undefined }, 'none'],
    [{ recoveryClass: 'lookup', lookupPath: '/v1/tickets' }, 'none'],
    [{ recoveryClass: 'upsert' }, 'upsert'],
    [{ recoveryClass: 'resumable' }, 'none'],
    [{ recoveryClass: 'none' }, 'none'],
  ] as const)(
    'a definition keeps only the class that it has the means for: %o is %s',
    (more, recoveryClass) => {
      const { idempotencyHeader, lookupPath, ...rest } = endpoint(more as Partial<EndpointDefinition>);
      const definition = {
        ...rest,
        ...(idempotencyHeader === undefined ? {} : { idempotencyHeader }),
        ...(lookupPath === undefined ? {} : { lookupPath }),
      };
      expect(render(call(), [definition]).recoveryClass).toBe(recoveryClass);
    },
  );

  test('any change of the definition is another requestHash', () => {
    const base = hashOf(render(call(), [endpoint()]));
    const changes: Partial<EndpointDefinition>[] = [
      { effects: ['read'] },
      { reversibility: 'irreversible' },
      { recoveryClass: 'none' },
      { lookupPath: '/v1/find/{key}' },
      { auth: null },
      { auth: { kind: 'bearer', account: 'other', environment: 'PRODUCTION' } },
      { keyRetentionHours: 24 },
      { name: 'renamed' },
    ];
    for (const change of changes) expect(hashOf(render(call(), [endpoint(change)]))).not.toBe(base);
  });
});

test('the time for which an API remembers a key comes from the approved definition', () => {
  expect(httpRequest.keyRetentionMs?.(render(call(), [endpoint({ keyRetentionHours: 24 })]).facts)).toBe(
    86_400_000,
  );
  expect(httpRequest.keyRetentionMs?.(render(call(), [endpoint()]).facts)).toBeUndefined();
  expect(httpRequest.keyRetentionMs?.({})).toBeUndefined();
});

describe('a call that is refused', () => {
  test.each([
    ['a path that climbs', 'https://api.example.test/v1/../admin'],
    ['a path that climbs in code', 'https://api.example.test/v1/%2e%2e/admin'],
    ['half in code', 'https://api.example.test/v1/.%2E/admin'],
    ['an encoded slash', 'https://api.example.test/v1%2fadmin'],
    ['an encoded backslash', 'https://api.example.test/v1%5Cadmin'],
    ['double encoding', 'https://api.example.test/v1/%252e%252e/admin'],
    ['an encoded letter', 'https://api.example.test/v1/%61dmin'],
    ['an encoded nul', 'https://api.example.test/v1/%00'],
    ['an empty segment', 'https://api.example.test/v1//admin'],
    ['a backslash', 'https://api.example.test\\v1'],
    ['a fragment', 'https://api.example.test/v1#x'],
    ['user info', 'https://user:pw@api.example.test/v1'],
    ['a host in capitals', 'https://API.example.test/v1'],
    ['the default port spelt out', 'https://api.example.test:443/v1'],
    ['white space in front', ' https://api.example.test/v1'],
    ['a line end', 'https://api.example.test/v1\n'],
    ['plain http', 'http://api.example.test/v1'],
    ['another scheme', 'file:///etc/passwd'],
    ['no scheme', 'api.example.test/v1'],
    ['a host that is not listed', 'https://evil.example/v1'],
    ['a host that only ends like one', 'https://evil-api.example.test/v1'],
    ['a port that is not listed', 'https://api.example.test:8443/v1'],
    ['loopback that is not listed', 'http://127.0.0.1:4566/'],
  ])('%s', (_name, url) => {
    expect(refusal(() => render(call({ url })))).toMatchObject({
      code: 'PAYLOAD_DOES_NOT_FIT',
      field: 'payload.url',
    });
  });

  test.each([
    'authorization',
    'Authorization',
    'cookie',
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'te',
    'expect',
    'upgrade',
    'proxy-authorization',
    'x-forwarded-for',
    'x-http-method-override',
    'x-original-url',
    'idempotency-key',
    'x-api-key',
    'api-key',
    'x-auth-token',
    'x-session',
    'apca-api-secret-key',
    'x-autopack-signature',
    'x-hub-signature-256',
    'content-type',
    'accept-encoding',
    'user-agent',
    'x-client-secret',
  ])('the header %s', (name) => {
    const error = refusal(() => render(call({ headers: { [name]: 'v' } })));
    expect(error).toMatchObject({ code: 'PAYLOAD_DOES_NOT_FIT', field: `payload.headers.${name}` });
  });

  test('the header that the definition uses for our key, even under a name of its own', () => {
    const definition = endpoint({ idempotencyHeader: 'x-request-ref' });
    expect(refusal(() => render(call({ headers: { 'X-Request-Ref': 'mine' } }), [definition]))).toMatchObject(
      {
        field: 'payload.headers.X-Request-Ref',
      },
    );
    expect(render(call(), [definition]).request.headers['x-request-ref']).toBe(KEY);
  });

  test.each([
    ['a value with a line end', { 'x-a': 'b\r\nhost: evil' }],
    ['a value that is not ASCII', { 'x-a': 'ü' }],
    ['an empty value', { 'x-a': '' }],
    ['a name with a space', { 'x a': 'b' }],
    ['the same name twice', { 'x-a': 'b', 'X-A': 'c' }],
    ['too many', Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'v']))],
  ])('headers: %s', (_name, headers) => {
    expect(refusal(() => render(call({ headers }))).field).toMatch(/^payload\.headers/);
  });

  test.each([
    ['payload.method', { method: 'TRACE' }],
    ['payload.method', { method: 'post' }],
    ['payload.json', { method: 'GET', json: {} }],
    ['payload.query', { url: `${URL_OF}?a=1`, query: { b: '2' } }],
    ['payload.body', { body: 'x' }],
  ])('%s', (field, more) => {
    expect(refusal(() => render(call(more)))).toMatchObject({ code: 'PAYLOAD_DOES_NOT_FIT', field });
  });

  test('a definition that signs under a name that could be any header', () => {
    const definition = endpoint({
      auth: { kind: 'hmac-sha256', account: 'a', environment: 'STAGING', header: 'accept' },
    });
    expect(refusal(() => render(call(), [definition])).message).toContain('signature');
  });

  test('whatever is written, what is rendered stays at the listed host and inside the path', () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2F',
      '\\',
      '@',
      ':',
      '?',
      '#',
      'evil.example',
      'a',
      '%61',
      '//',
      '[',
      ']',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        try {
          const { request } = render(call({ url: `https://api.example.test/v1/${pieces.join('')}` }));
          const url = new URL(request.url);
          expect(url.host).toBe('api.example.test');
          expect(url.pathname.startsWith('/v1/')).toBe(true);
          expect(url.pathname).not.toMatch(/\/\.\.?(\/|$)|%2e|%2f|%5c|\\|\/\//i);
        } catch (error) {
          expect(error).toBeInstanceOf(ProblemError);
        }
      }),
    );
  });
});

describe('how a call is signed', () => {
  test('bearer: the token, and our key where the definition wants it', () => {
    const outgoing = httpRequest.prepare(
      dispatchOf(render(call({ json: { b: 1, a: 2 } }), [endpoint()])),
      NOW,
    );
    expect(outgoing).toMatchObject({
      url: URL_OF,
      body: '{"a":2,"b":1}',
      headers: {
        authorization: 'Bearer planted-token',
        'idempotency-key': KEY,
        'content-type': 'application/json',
      },
    });
  });

  test('hmac-sha256: time, method, path with query, and the digest of the body', () => {
    const definition = endpoint({
      auth: { kind: 'hmac-sha256', account: 'a', environment: 'STAGING', header: 'x-hub-signature-256' },
    });
    const rendered = render(call({ query: { z: 'ü', a: '1' }, json: { a: 'ü' } }), [definition]);
    const { headers } = httpRequest.prepare(dispatchOf(rendered), NOW);
    const digest = createHash('sha256').update('{"a":"ü"}').digest('hex');
    const text = `1795251600.POST./v1/tickets?a=1&z=%C3%BC.${digest}`;
    const signature = createHmac('sha256', 'planted-hmac-key').update(text).digest('hex');
    expect(headers['x-autopack-timestamp']).toBe('1795251600');
    expect(headers['x-hub-signature-256']).toBe(`v1=${signature}`);
    expect(headers['authorization']).toBeUndefined();
  });

  test('a stored definition that was changed is refused: its hash is part of the request', () => {
    const rendered = render(call(), [endpoint()]);
    const input = dispatchOf(rendered);
    const changed = { ...input, facts: { definition: { ...endpoint(), lookupPath: '/v1/evil/{key}' } } };
    for (const stored of [changed.facts, { definition: null }, {}]) {
      expect(() => httpRequest.prepare({ ...input, facts: stored as typeof input.facts }, NOW)).toThrow(
        expect.objectContaining({ code: 'HASH_MISMATCH' }),
      );
    }
  });
});

describe('asking an API by our key', () => {
  const ask = async (
    reply: ProviderReply | Error,
    more: Partial<EndpointDefinition> = {},
  ): Promise<{ finding: Finding; sent: OutgoingRequest[] }> => {
    const sent: OutgoingRequest[] = [];
    const finding = await httpRequest.reconcile(
      dispatchOf(render(call(), [endpoint(more)])),
      async (request) => {
        sent.push(request);
        if (reply instanceof Error) throw reply;
        return reply;
      },
      NOW,
    );
    return { finding, sent };
  };
  const reply = (status: number, body = ''): ProviderReply => ({ status, headers: {}, body });

  test('goes to the path of the definition, signed the same way', async () => {
    const { finding, sent } = await ask(reply(200, '{"id":"t-1"}'));
    expect(finding).toMatchObject({ kind: 'applied', resourceId: 't-1' });
    expect(sent).toMatchObject([
      {
        method: 'GET',
        url: `https://api.example.test/v1/tickets/by-key/${KEY}`,
        headers: { authorization: 'Bearer planted-token' },
      },
    ]);
  });

  test.each([
    [reply(404), 'absent'],
    [reply(204), 'unreadable'],
    [reply(302), 'unreadable'],
    [reply(401), 'unreadable'],
    [reply(410), 'unreadable'],
    [reply(500), 'unreadable'],
    [new OutboundError('SEND_TIMEOUT', 'late', { sent: true, status: 200 }), 'unreadable'],
    [new Error('anything'), 'unreadable'],
  ] as const)('%o: %s', async (outcome, kind) => {
    expect((await ask(outcome)).finding.kind).toBe(kind);
  });

  test.each([
    ['no lookup path', { recoveryClass: 'keyed', lookupPath: '/list' }],
    ['a lookup path that leaves the host', { lookupPath: '//evil.example/{key}' }],
  ] as const)('%s: it cannot be asked, and nothing is sent', async (_name, more) => {
    const { finding, sent } = await ask(reply(200), more);
    expect(finding).toEqual({ kind: 'cannotAsk' });
    expect(sent).toEqual([]);
  });
});

describe('what a status line settles', () => {
  test.each([
    [new OutboundError('RESPONSE_TOO_LARGE', 'big', { sent: true, status: 201 }), 'applied'],
    [new OutboundError('RESPONSE_TRUNCATED', 'cut', { sent: true, status: 403 }), 'notApplied'],
    [new OutboundError('RESPONSE_TRUNCATED', 'cut', { sent: true, status: 502 }), 'ambiguous'],
    [new OutboundError('CONNECTION_LOST', 'gone', { sent: true }), 'ambiguous'],
  ] as const)('%o: %s', (error, kind) => {
    expect(httpRequest.classify(error).kind).toBe(kind);
  });

  test.each([
    [400, false],
    [401, false],
    [404, false],
    [422, false],
    [429, true],
  ])('%i is proof that nothing happened', (status, retryable) => {
    expect(httpRequest.classify({ status, headers: {}, body: '' })).toMatchObject({
      kind: 'notApplied',
      retryable,
    });
  });
});
