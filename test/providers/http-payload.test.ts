import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EndpointDefinition } from '#shared/governance/project-config.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import { httpRequest } from '#shared/providers/http/request.ts';
import { endpoint, facts, KEY, project } from './support.ts';

const URL_OF = 'https://api.example.test/v1/tickets';
const render = (payload: unknown, endpoints: readonly EndpointDefinition[] = []) =>
  httpRequest.render(payload, facts({ project: project({}, endpoints) }));
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
