import * as z from 'zod';
import { API_SCHEMAS, type ApiSchemaName } from './api-schemas.ts';
import { PROBLEMS, type ProblemCode, ProblemError, problemDocument } from './problems.ts';
import { apiRoutes, problemsOf, ROUTE_DETAILS, type RouteDetails, routeKey } from './route-details.ts';
import type { Route } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ApiFacts {
  readonly version: string;
  readonly issuer: string;
}

const ref = (name: ApiSchemaName): Json => ({ $ref: `#/components/schemas/${name}` });

/** References inside a schema count from the document's root, so they get the place of the schema in it. */
const placed = (value: unknown, place: string): unknown => {
  if (Array.isArray(value)) return value.map((item) => placed(item, place));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === '$ref' && typeof inner === 'string'
        ? inner.replace(/^#(?=\/|$)/, place)
        : placed(inner, place),
    ]),
  );
};

const schemaOf = (name: ApiSchemaName): unknown => {
  const { schema, io } = API_SCHEMAS[name];
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return placed(json, `#/components/schemas/${name}`);
};

const json = (name: ApiSchemaName): Json => ({ 'application/json': { schema: ref(name) } });

const REQUEST_ID = { 'X-Request-ID': { $ref: '#/components/headers/X-Request-ID' } };

const exampleOf = (code: ProblemCode): Json => ({
  summary: PROBLEMS[code].title,
  value: problemDocument(
    new ProblemError(code, 'What is wrong here, and what to do next.'),
    'f3a1c2d4-example',
  ),
});

/** One response for each status, with an example for each code. */
const problemReplies = (route: Route): Json => {
  const byStatus = Map.groupBy(problemsOf(route), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus]
      .toSorted(([one], [other]) => one - other)
      .map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => PROBLEMS[code].title).join('; '),
          headers: REQUEST_ID,
          content: {
            'application/problem+json': {
              schema: ref('Problem'),
              examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code)])),
            },
          },
        },
      ]),
  );
};

const parametersOf = (route: Route, details: RouteDetails): readonly Json[] => [
  ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  })),
  ...Object.entries(details.query ?? {}).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: name === 'limit' ? 'integer' : 'string' },
  })),
  ...Object.entries(details.headers ?? {}).map(([name, description]) => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  })),
  { $ref: '#/components/parameters/X-Request-ID' },
];

const operationId = (route: Route): string =>
  `${route.method.toLowerCase()}${route.path
    .replaceAll(/\{(\w+)\}/g, '$1')
    .split(/[^A-Za-z]+/)
    .filter((word) => word !== '')
    .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
    .join('')}`;

const operation = (route: Route): Json => {
  const details = ROUTE_DETAILS[routeKey(route)] ?? { replies: [], problems: [] };
  const replies = details.replies.map(([status, schema, description]) => [
    String(status),
    {
      description,
      headers: {
        ...REQUEST_ID,
        ...(route.path.endsWith('/actions') && route.method === 'POST'
          ? { Location: { schema: { type: 'string' } } }
          : {}),
      },
      content: json(schema),
    },
  ]);
  const plain = {
    description: route.summary,
    content: { 'application/json': { schema: { type: 'object' } } },
  };
  return {
    operationId: operationId(route),
    summary: route.summary,
    parameters: parametersOf(route, details),
    ...(details.body === undefined
      ? {}
      : { requestBody: { required: details.bodyOptional !== true, content: json(details.body) } }),
    responses: {
      ...(replies.length === 0 ? { '200': plain } : Object.fromEntries(replies)),
      ...problemReplies(route),
    },
    security: route.auth === 'bearer' ? [{ issuer: [] }, { bearer: [] }] : [],
  };
};

/** The API as OpenAPI 3.1, from the routes, the zod schemas and the problem table; pages for people are left out. */
export const openApiDocument = (facts: ApiFacts): Json => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of apiRoutes()) {
    const path = (paths[route.path] ??= {});
    path[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Autopack',
      version: facts.version,
      description:
        'Propose actions that cannot be taken back, have people approve exactly them, and see what happened.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: Object.fromEntries(
        (Object.keys(API_SCHEMAS) as ApiSchemaName[]).map((name) => [name, schemaOf(name)]),
      ),
      headers: {
        'X-Request-ID': { description: 'your own, or one that was given', schema: { type: 'string' } },
      },
      parameters: {
        'X-Request-ID': {
          name: 'X-Request-ID',
          in: 'header',
          description: '1 to 128 letters, digits and ". _ -"; comes back with the answer',
          schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' },
        },
      },
      securitySchemes: {
        issuer: {
          type: 'openIdConnect',
          openIdConnectUrl: `${facts.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
          description: 'ID token of a person, or client-credentials access token of an agent',
        },
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  };
};
