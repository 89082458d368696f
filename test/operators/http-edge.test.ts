import * as z from 'zod';
import { afterEach, expect, test, vi } from 'vitest';
import {
  httpHandler,
  type HttpApiResult,
  readForm,
  readJson,
  requirePrincipal,
  requireProject,
  requireRole,
} from '#shared/operators/http-edge.ts';
import type { HttpRequest } from '#shared/operators/http.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { PROBLEMS, ProblemError, type ProblemCode } from '#shared/operators/problems.ts';
import { httpEvent } from './http-event.ts';

const Body = z.strictObject({ qty: z.int(), note: z.strictObject({ text: z.string() }).optional() });
const echo = httpHandler(async (request) => ({
  status: 200,
  json: { method: request.method, body: readJson(request, Body) },
}));
const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  echo(httpEvent({ method: 'POST', headers, body }));
const problemOf = (result: HttpApiResult): Record<string, unknown> =>
  JSON.parse(result.body) as Record<string, unknown>;

afterEach(() => vi.restoreAllMocks());

test.each<[what: string, body: string, headers: Record<string, string>, code: ProblemCode, field?: string]>([
  ['a duplicate key', '{"qty":1,"qty":2}', { 'content-type': 'application/json' }, 'INVALID_JSON', 'qty'],
  ['NaN', '{"qty":NaN}', { 'content-type': 'application/json' }, 'INVALID_JSON', 'qty'],
  [
    'a lone surrogate',
    '{"qty":1,"note":{"text":"\\ud800"}}',
    { 'content-type': 'application/json' },
    'INVALID_JSON',
    'note.text',
  ],
  [
    'a polluting name',
    '{"__proto__":{"qty":1}}',
    { 'content-type': 'application/json' },
    'INVALID_JSON',
    '__proto__',
  ],
  ['an empty body', '', { 'content-type': 'application/json' }, 'INVALID_JSON'],
  ['a wrong type', '{"qty":"1"}', { 'content-type': 'application/json' }, 'INVALID_INPUT', 'qty'],
  [
    'an unknown field',
    '{"qty":1,"note":{"text":"a","bold":true}}',
    { 'content-type': 'application/json' },
    'INVALID_INPUT',
    'note.bold',
  ],
  ['a form', 'qty=1', { 'content-type': 'application/x-www-form-urlencoded' }, 'UNSUPPORTED_MEDIA_TYPE'],
  ['no content type', '{"qty":1}', {}, 'UNSUPPORTED_MEDIA_TYPE'],
])(
  '%s is a problem document with a stable code and the request id',
  async (_what, body, headers, code, field) => {
    const result = await post(body, headers);
    expect(result.statusCode).toBe(PROBLEMS[code].status);
    expect(result.headers['content-type']).toBe('application/problem+json');
    const problem = problemOf(result);
    expect(problem).toMatchObject({ code, requestId: result.headers['x-request-id'] });
    expect(problem['field']).toBe(field);
  },
);

test('API-18: a body of a megabyte is read and one byte more is 413, measured after base64', async () => {
  const sized = (bytes: number): string => `{"qty":1${' '.repeat(bytes - 9)}}`;
  const send = (text: string) =>
    echo({
      ...httpEvent({ method: 'POST', headers: { 'content-type': 'application/json' } }),
      body: Buffer.from(text).toString('base64'),
      isBase64Encoded: true,
    });
  expect((await send(sized(1_000_000))).statusCode).toBe(200);
  const refused = await send(sized(1_000_001));
  expect(refused.statusCode).toBe(413);
  expect(problemOf(refused)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', requestId: 'gateway-1' });
});

test('bytes that are not UTF-8 are refused instead of repaired', async () => {
  const event = httpEvent({ method: 'POST', headers: { 'content-type': 'application/json' } });
  const result = await echo({
    ...event,
    body: Buffer.from([0x22, 0xff, 0x22]).toString('base64'),
    isBase64Encoded: true,
  });
  expect(problemOf(result)['code']).toBe('INVALID_JSON');
});

test.each([
  ['run-42.a_b', 'run-42.a_b'],
  ['a b', 'gateway-1'],
  ['<script>', 'gateway-1'],
  ['x'.repeat(129), 'gateway-1'],
  ['', 'gateway-1'],
  ['a\r\nset-cookie: x=1', 'gateway-1'],
])('API-17: X-Request-ID %j is answered as %j', async (own, answered) => {
  const result = await echo(httpEvent({ method: 'POST', headers: { 'X-Request-ID': own } }));
  expect(result.headers['x-request-id']).toBe(answered);
});

test('API-19: every answer has the security headers, is not stored and tells no referrer', async () => {
  const page = httpHandler(
    async () => ({ status: 200, html: '<html><head><style>a{}</style></head></html>' }),
    { page: true },
  );
  const broken = httpHandler(async () => Promise.reject(new ProblemError('NOT_FOUND', 'x')), { page: true });
  for (const result of [
    await post('{"qty":1}'),
    await post('{'),
    await page(httpEvent({})),
    await broken(httpEvent({})),
  ]) {
    expect(result.headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(result.headers['content-security-policy']).toContain("default-src 'none'");
    expect(result.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(result.headers['content-security-policy']).not.toContain('unsafe');
    expect(Object.keys(result.headers).every((name) => name === name.toLowerCase())).toBe(true);
  }
});

test('a page answers errors as a page that escapes what it was told', async () => {
  const page = httpHandler(
    async () => Promise.reject(new ProblemError('NOT_FOUND', '<img src=x onerror=alert(1)>')),
    { page: true },
  );
  const result = await page(httpEvent({}));
  expect(result.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(result.body).toContain('&lt;img');
  expect(result.body).not.toContain('<img');
  expect(result.body).toContain('gateway-1');
});

test('a defect answers INTERNAL and logs one line without anything that the client sent', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const broken = httpHandler(async () => Promise.reject(new TypeError('undefined is not a function')));
  const result = await broken(
    httpEvent({
      method: 'POST',
      headers: { authorization: 'Bearer sesame' },
      cookies: ['__Host-autopack-session=sesame'],
      body: 'sesame',
      query: 'a=sesame',
    }),
  );
  expect(result.statusCode).toBe(500);
  expect(problemOf(result)['code']).toBe('INTERNAL');
  expect(result.body).not.toContain('undefined is not');
  expect(log).toHaveBeenCalledTimes(1);
  expect(String(log.mock.calls[0]?.[0])).toContain('undefined is not a function');
  expect(String(log.mock.calls[0]?.[0])).not.toContain('sesame');
});

test('a part of AWS that does not answer is 503 with advice to try again', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const throttled = Object.assign(new Error('slow down'), {
    $metadata: { httpStatusCode: 500 },
    $fault: 'server',
  });
  const result = await httpHandler(async () => Promise.reject(throttled))(httpEvent({}));
  expect(result.statusCode).toBe(503);
  expect(result.headers['retry-after']).toBe('2');
});

test('HEAD runs as GET and answers without a body', async () => {
  const seen: HttpRequest[] = [];
  const handler = httpHandler(async (request) => {
    seen.push(request);
    return { status: 200, json: { a: 1 } };
  });
  const result = await handler(httpEvent({ method: 'HEAD' }));
  expect(result).toMatchObject({ statusCode: 200, body: '' });
  expect(seen[0]).toMatchObject({ method: 'GET', isHead: true });
});

test('headers, cookies, query and parameters arrive as the use case expects them', async () => {
  const seen: HttpRequest[] = [];
  const handler = httpHandler(async (request) => {
    seen.push(request);
    return { status: 204 };
  });
  await handler(
    httpEvent({
      headers: { 'X-Thing': 'a' },
      cookies: ['a=1=2', 'a=3', 'b=', '__proto__=x'],
      query: 'q=%20x&r',
      params: { key: 'order%3A1' },
    }),
  );
  expect(seen[0]).toMatchObject({
    headers: { 'x-thing': 'a' },
    params: { key: 'order:1' },
    query: { q: ' x', r: '' },
    cookies: { a: '1=2', b: '' },
  });
  expect(problemOf(await handler(httpEvent({ query: 'limit=1&limit=2' })))).toMatchObject({
    code: 'INVALID_INPUT',
    field: 'limit',
  });
});

test('a form that brings a field twice is refused', async () => {
  const form = httpHandler(async (request) => ({
    status: 200,
    json: readForm(request, z.strictObject({ decision: z.string() })),
  }));
  const send = (body: string) =>
    form(
      httpEvent({ method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body }),
    );
  expect((await send('decision=approve')).statusCode).toBe(200);
  expect(problemOf(await send('decision=reject&decision=approve'))).toMatchObject({
    code: 'INVALID_INPUT',
    field: 'decision',
  });
});

const PERSON: Principal = {
  kind: 'person',
  subject: 'person:a@example.test',
  email: 'a@example.test',
  name: 'A',
  projects: ['demo'],
  roles: ['viewer'],
  authTimeMs: 0,
};
const PUBLIC: Principal = { kind: 'public', subject: 'system:public' };

test('a principal is who the authorizer says, another project is not found and a missing role is forbidden', async () => {
  const handler = httpHandler(async (request) => {
    const principal = requirePrincipal(request);
    requireProject(principal, request.query['project'] ?? '');
    if (request.query['role'] !== undefined) requireRole(principal, 'operator');
    return { status: 200, json: principal };
  });
  const ask = async (query: string, principal?: Principal) =>
    problemOf(await handler(httpEvent({ query, ...(principal === undefined ? {} : { principal }) })));
  expect(await ask('project=demo', PERSON)).toEqual(PERSON);
  expect(await ask('project=demo')).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await ask('project=other', PERSON)).toMatchObject({ code: 'NOT_FOUND' });
  expect(await ask('project=demo&role=1', PERSON)).toMatchObject({ code: 'FORBIDDEN' });
  expect(await ask('project=demo', PUBLIC)).toEqual(PUBLIC);
  expect(await ask('project=demo&role=1', PUBLIC)).toMatchObject({ code: 'UNAUTHENTICATED' });
});
