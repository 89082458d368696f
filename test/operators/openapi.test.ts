import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { expect, test } from 'vitest';
import { DecisionBody } from '#functions/approvals/decide-approval.ts';
import { describeApi } from '#functions/operators/describe-api.ts';
import { VERSION } from '#shared/config/version.ts';
import { API_SCHEMAS, Decision, Health } from '#shared/operators/api-schemas.ts';
import { openApiDocument } from '#shared/operators/openapi.ts';
import { PROBLEMS } from '#shared/operators/problems.ts';
import { apiRoutes, problemsOf, ROUTE_DETAILS, routeKey } from '#shared/operators/route-details.ts';
import { ROUTES } from '#shared/operators/routes.ts';

const document = openApiDocument({ version: VERSION, issuer: 'https://issuer.example.test' });
const DEPS = {
  version: VERSION,
  stage: 'prod' as const,
  issuer: 'https://issuer.example.test',
  cliClientId: 'cli-1',
};
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

const walk = (value: unknown, visit: (node: Record<string, unknown>) => void): void => {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) visit(value as Record<string, unknown>);
  for (const inner of Object.values(value)) walk(inner, visit);
};

test('API-12: package, OpenAPI and health say one version', async () => {
  expect(VERSION).toBe(manifest.version);
  expect(document['info']).toMatchObject({ version: manifest.version });
  expect((await describeApi({ path: '/health' }, DEPS)).json).toMatchObject({ version: manifest.version });
});

test('API-13: health fits its schema and tells nothing but version, stage and where to sign in', async () => {
  const { json } = await describeApi({ path: '/health' }, DEPS);
  expect(Health.parse(json)).toEqual(json);
});

test('API-08: the document describes exactly the routes that programs call', () => {
  const described = Object.entries(document['paths'] as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.toSorted()).toEqual(apiRoutes().map(routeKey).toSorted());
  expect(Object.keys(ROUTE_DETAILS).toSorted()).toEqual(apiRoutes().map(routeKey).toSorted());
});

test('every reference of the document leads somewhere', () => {
  const seen: string[] = [];
  walk(document, (node) => {
    if (typeof node['$ref'] === 'string') seen.push(node['$ref']);
  });
  expect(seen.length).toBeGreaterThan(20);
  for (const reference of seen) {
    expect(reference).toMatch(/^#\/components\//);
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
    expect(target, reference).toBeDefined();
  }
});

test('every operation has its own id, declares its authentication, and every error is a problem with an example', () => {
  const ids = new Set<string>();
  walk(document['paths'], (node) => {
    if (typeof node['operationId'] !== 'string') return;
    expect(ids.has(node['operationId'])).toBe(false);
    ids.add(node['operationId']);
    expect(Array.isArray(node['security'])).toBe(true);
    for (const [status, reply] of Object.entries(
      node['responses'] as Record<string, { content: Record<string, { examples: object }> }>,
    )) {
      if (Number(status) < 400) continue;
      expect(Object.keys(reply.content['application/problem+json']?.examples ?? {}).length).toBeGreaterThan(
        0,
      );
    }
  });
  expect(ids.size).toBe(apiRoutes().length);
});

test('API-14: what is open to everybody is a short list that changes only on purpose', () => {
  const open = ROUTES.filter((route) => route.auth !== 'bearer').map(routeKey);
  expect(open.toSorted()).toEqual([
    'GET /',
    'GET /a/{locator}',
    'GET /credentials',
    'GET /credentials/connect/{provider}',
    'GET /credentials/connect/{provider}/callback',
    'GET /health',
    'GET /inbox',
    'GET /openapi.json',
    'GET /sign-in',
    'GET /signed-in',
    'GET /sources',
    'GET /sources/{source}',
    'GET /sources/{source}/change',
    'POST /a/{locator}',
    'POST /credentials/look',
    'POST /sign-out',
    'POST /sources/{source}/change',
  ]);
});

test('every problem code can be answered by some route', () => {
  const answered = new Set(ROUTES.flatMap(problemsOf));
  const pagesOnly = ['CONNECT_FAILED', 'METHOD_NOT_ALLOWED', 'NONCE_INVALID', 'SIGN_IN_FAILED'];
  expect(
    Object.keys(PROBLEMS)
      .filter((code) => !answered.has(code as never))
      .toSorted(),
  ).toEqual(pagesOnly);
});

test('the decision that is described is the decision that is read', () => {
  expect(z.toJSONSchema(Decision, { io: 'input' })).toEqual(z.toJSONSchema(DecisionBody, { io: 'input' }));
});

test('every schema of the document is one that zod made', () => {
  const { schemas } = document['components'] as { schemas: Record<string, unknown> };
  expect(Object.keys(schemas)).toEqual(Object.keys(API_SCHEMAS));
  for (const schema of Object.values(schemas))
    expect(Object.keys(schema as object).length).toBeGreaterThan(0);
});

test('API-09: no generated API description is kept in git', () => {
  const files = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n');
  expect(files.filter((file) => /(openapi|swagger)[^/]*\.(json|ya?ml)$/i.test(file))).toEqual([]);
});
