import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openHttpApi, type ApiDefinition, type HttpApi } from '#infra/local/http-api.ts';
import { matchRoute, type ApiRoute } from '#infra/local/http-routes.ts';
import type { InvokeResult } from '#infra/local/service.ts';

type Event = Record<string, any>;

const route = (key: string, extra: Partial<ApiRoute> = {}): ApiRoute => ({
  key,
  functionArn: `fn:${key}`,
  timeoutMs: 30_000,
  authorizer: undefined,
  ...extra,
});
const guard = (ttlSeconds: number, sources = ['$request.header.Authorization']) => ({
  id: `guard-${ttlSeconds}`,
  functionArn: 'fn:guard',
  identitySources: sources,
  ttlSeconds,
});

const definition: ApiDefinition = {
  apiId: 'abc123',
  accountId: '000000000000',
  region: 'us-east-1',
  stage: '$default',
  routes: [
    route('POST /things/{id}'),
    route('GET /reply'),
    route('GET /slow', { timeoutMs: 100 }),
    route('GET /fails'),
    route('GET /guarded', { authorizer: guard(60) }),
    route('GET /asked', { authorizer: guard(0) }),
    route('GET /anyone', { authorizer: guard(0, []) }),
  ],
};

let api: HttpApi;
let now = 1_795_000_000_000;
const events: { arn: string; event: Event }[] = [];
let answer: (arn: string, event: Event) => Promise<InvokeResult> | InvokeResult;

beforeAll(async () => {
  api = await openHttpApi({
    port: 0,
    now: () => now,
    log: () => undefined,
    invoke: async (arn, payload) => {
      events.push({ arn, event: payload as Event });
      return answer(arn, payload as Event);
    },
  });
});
afterAll(() => api.close());
beforeEach(() => {
  events.length = 0;
  answer = (arn) =>
    arn === 'fn:guard'
      ? { payload: { isAuthorized: true, context: { principal: '{"kind":"client"}' } } }
      : { payload: { statusCode: 200, body: 'ok' } };
  api.serve(definition);
});

/** A request whose headers are sent exactly as given. */
const raw = (
  path: string,
  options: { method?: string; headers?: Record<string, string | string[]>; body?: string | Buffer } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: api.port,
        path,
        method: options.method ?? 'GET',
        headers: options.headers,
        agent: false,
      },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () =>
          resolve({
            status: reply.statusCode ?? 0,
            headers: reply.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });

describe('routes', () => {
  const routes = ['GET /a/b', 'GET /a/{x}', 'ANY /a/{x}', 'GET /{proxy+}', 'POST /a/{x}/c', 'GET /'].map(
    (key) => route(key),
  );
  it.each([
    ['GET', '/a/b', 'GET /a/b', {}],
    ['GET', '/a/c', 'GET /a/{x}', { x: 'c' }],
    ['PUT', '/a/c', 'ANY /a/{x}', { x: 'c' }],
    ['GET', '/a/b/c/d', 'GET /{proxy+}', { proxy: 'a/b/c/d' }],
    ['POST', '/a/%C3%A4%2Fb/c', 'POST /a/{x}/c', { x: 'ä/b' }],
    ['GET', '/', 'GET /', {}],
    ['POST', '/', undefined, undefined],
    ['DELETE', '/b', undefined, undefined],
    ['POST', '/a//c', undefined, undefined],
  ])('%s %s goes to %s', (method, path, key, parameters) => {
    const match = matchRoute(routes, method, path);
    expect(match?.route.key).toBe(key);
    expect(match?.parameters).toEqual(parameters);
  });

  it('fall back to $default only when nothing else fits', () => {
    expect(matchRoute([route('$default'), ...routes], 'DELETE', '/b')?.route.key).toBe('$default');
    expect(matchRoute([route('$default'), ...routes], 'GET', '/a/b')?.route.key).toBe('GET /a/b');
  });
});

describe('the HTTP API on loopback', () => {
  it('hands on a request in payload format 2.0', async () => {
    await raw('/things/a%20b?x=1&x=2&y=%C3%A4', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Two': ['one', 'two'],
        Cookie: 'a=1; b=2',
        Host: `localhost:${api.port}`,
      },
      body: '{"ä":1}',
    });
    const event = events[0]?.event as Event;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /things/{id}',
      rawPath: '/things/a b',
      rawQueryString: 'x=1&x=2&y=%C3%A4',
      cookies: ['a=1', 'b=2'],
      headers: { 'content-type': 'application/json', 'x-two': 'one,two' },
      queryStringParameters: { x: '1,2', y: 'ä' },
      pathParameters: { id: 'a b' },
      body: '{"ä":1}',
      isBase64Encoded: false,
      requestContext: {
        accountId: '000000000000',
        apiId: 'abc123',
        domainName: `localhost:${api.port}`,
        http: { method: 'POST', path: '/things/a b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
        stage: '$default',
        timeEpoch: now,
      },
    });
    expect(event['headers']).not.toHaveProperty('cookie');
    expect(event['requestContext'].time).toMatch(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  });

  it('hands on bytes that are not text as base64', async () => {
    const body = Buffer.from([0, 255, 128]);
    await raw('/things/1', { method: 'POST', headers: { 'content-type': 'image/png' }, body });
    expect(events[0]?.event).toMatchObject({ isBase64Encoded: true, body: body.toString('base64') });
  });

  it('answers as the function says, with every cookie in a header of its own', async () => {
    answer = () => ({
      payload: {
        statusCode: 201,
        headers: { 'X-Own': 'yes' },
        cookies: ['a=1; Path=/', 'b=2'],
        body: Buffer.from('bytes').toString('base64'),
        isBase64Encoded: true,
      },
    });
    const reply = await raw('/reply');
    expect(reply).toMatchObject({ status: 201, body: 'bytes' });
    expect(reply.headers).toMatchObject({ 'x-own': 'yes', 'set-cookie': ['a=1; Path=/', 'b=2'] });
    expect(reply.headers['apigw-requestid']).toMatch(/^[0-9a-f-]{36}$/);
    answer = () => ({ payload: { plain: 'object' } });
    expect(await raw('/reply')).toMatchObject({ status: 200, body: '{"plain":"object"}' });
  });

  it.each([
    ['an unknown path', '/nowhere', 404, 'Not Found'],
    ['a function that fails', '/fails', 500, 'Internal Server Error'],
    ['a function that takes too long', '/slow', 503, 'Service Unavailable'],
    ['a missing identity source', '/guarded', 401, 'Unauthorized'],
  ])('answers %s as API Gateway does', async (_name, path, status, text) => {
    answer = (arn) =>
      arn.includes('slow')
        ? new Promise((resolve) => setTimeout(() => resolve({ payload: {} }), 300))
        : { payload: { errorType: 'X', errorMessage: 'secret' }, functionError: 'Unhandled' };
    const reply = await raw(path);
    expect(reply).toMatchObject({ status, body: JSON.stringify({ message: text }) });
    expect(reply.headers['apigw-requestid']).toBeDefined();
    expect(events.filter(({ arn }) => arn === 'fn:guard')).toEqual([]);
  });

  it('refuses bodies above 10 MB, and hosts that are not this machine', async () => {
    const big = await raw('/things/1', { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) });
    expect(big.status).toBe(413);
    for (const host of [
      'evil.example.test',
      `evil.example.test:${api.port}`,
      '127.0.0.1.example.test',
      'localhost.example.test',
    ])
      expect((await raw('/reply', { headers: { host } })).status).toBe(421);
    expect(events).toEqual([]);
  });

  it('lets in whom the authorizer lets in, and caches only as long as it is told', async () => {
    const headers = { authorization: 'Bearer one' };
    const asked = (): number => events.filter(({ arn }) => arn === 'fn:guard').length;
    expect((await raw('/guarded', { headers })).status).toBe(200);
    expect(events.at(-1)?.event['requestContext'].authorizer).toEqual({
      lambda: { principal: '{"kind":"client"}' },
    });
    expect(events[0]?.event).toMatchObject({ type: 'REQUEST', identitySource: ['Bearer one'] });
    expect(events[0]?.event['routeArn']).toBe(
      'arn:aws:execute-api:us-east-1:000000000000:abc123/$default/GET/guarded',
    );
    await raw('/guarded', { headers });
    expect(asked()).toBe(1);
    await raw('/guarded', { headers: { authorization: 'Bearer two' } });
    expect(asked()).toBe(2);
    now += 60_001;
    await raw('/guarded', { headers });
    expect(asked()).toBe(3);
    await raw('/asked', { headers });
    await raw('/asked', { headers });
    await raw('/anyone');
    expect(asked()).toBe(6);
  });

  it.each([
    ['says no', { payload: { isAuthorized: false } }, 403],
    ['fails', { payload: {}, functionError: 'Unhandled' as const }, 500],
    ['answers nonsense', { payload: { isAuthorized: 'true' } }, 500],
  ])('never lets anybody in when the authorizer %s', async (_name, verdict, status) => {
    answer = (arn) => (arn === 'fn:guard' ? verdict : { payload: { statusCode: 200 } });
    expect((await raw('/guarded', { headers: { authorization: `Bearer ${status}` } })).status).toBe(status);
    expect(events.every(({ arn }) => arn === 'fn:guard')).toBe(true);
  });
});
