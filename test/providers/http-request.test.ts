import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { EndpointDefinition } from '#shared/governance/project-config.ts';
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
