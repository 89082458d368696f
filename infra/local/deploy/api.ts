import type { ApiDefinition } from '../http-api.ts';
import {
  digestOf,
  listOf,
  NotImplementedError,
  optionalText,
  textOf,
  type Gathered,
  type MakeResource,
  type Services,
} from './context.ts';

/** What API Gateway allows at most, and its default. */
const INTEGRATION_TIMEOUT_MS = 30_000;

const api: MakeResource = (resource, { apiUrl }, gathered) => {
  if (textOf(resource, 'ProtocolType') !== 'HTTP')
    throw new NotImplementedError(resource.at, 'APIs that are not HTTP APIs');
  const id = digestOf(resource, 10);
  gathered.apis.set(id, { name: resource.logicalId, stage: '$default' });
  return { ref: id, attributes: { ApiEndpoint: apiUrl, ApiId: id } };
};

const stage: MakeResource = (resource, _services, gathered) => {
  const name = textOf(resource, 'StageName');
  if (name !== '$default') throw new NotImplementedError(resource.at, `stages other than $default (${name})`);
  const owner = gathered.apis.get(textOf(resource, 'ApiId'));
  if (owner !== undefined) owner.stage = name;
  return { ref: name };
};

/** Accepts a function ARN or the invocation URI of API Gateway. */
const functionArnOf = (uri: string): string => /functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? uri;

const integration: MakeResource = (resource, _services, gathered) => {
  const type = textOf(resource, 'IntegrationType');
  const format = optionalText(resource, 'PayloadFormatVersion');
  if (type !== 'AWS_PROXY' || format !== '2.0')
    throw new NotImplementedError(resource.at, `${type} integrations with payload format ${format}`);
  const id = digestOf(resource, 7);
  gathered.integrations.set(id, {
    functionArn: functionArnOf(textOf(resource, 'IntegrationUri')),
    timeoutMs: Number(resource.properties['TimeoutInMillis'] ?? INTEGRATION_TIMEOUT_MS),
  });
  return { ref: id, attributes: { IntegrationId: id } };
};

const authorizer: MakeResource = (resource, _services, gathered) => {
  if (
    textOf(resource, 'AuthorizerType') !== 'REQUEST' ||
    resource.properties['EnableSimpleResponses'] !== true
  )
    throw new NotImplementedError(resource.at, 'authorizers other than REQUEST with simple responses');
  const id = digestOf(resource, 6);
  gathered.authorizers.set(id, {
    id,
    functionArn: functionArnOf(textOf(resource, 'AuthorizerUri')),
    identitySources: listOf(resource, 'IdentitySource').map(String),
    ttlSeconds: Number(resource.properties['AuthorizerResultTtlInSeconds'] ?? 300),
  });
  return { ref: id, attributes: { AuthorizerId: id } };
};

const route: MakeResource = (resource, _services, gathered) => {
  const id = digestOf(resource, 7);
  const type = optionalText(resource, 'AuthorizationType') ?? 'NONE';
  if (type !== 'NONE' && type !== 'CUSTOM')
    throw new NotImplementedError(resource.at, `authorization of type ${type}`);
  const integrationId = /^integrations\/(.+)$/.exec(textOf(resource, 'Target'))?.[1];
  if (integrationId === undefined)
    throw new NotImplementedError(resource.at, `the target ${textOf(resource, 'Target')}`);
  gathered.routes.push({
    apiId: textOf(resource, 'ApiId'),
    key: textOf(resource, 'RouteKey'),
    integrationId,
    authorizerId: type === 'CUSTOM' ? textOf(resource, 'AuthorizerId') : undefined,
  });
  return { ref: id, attributes: { RouteId: id } };
};

export const API_TYPES: Readonly<Record<string, MakeResource>> = {
  'AWS::ApiGatewayV2::Api': api,
  'AWS::ApiGatewayV2::Stage': stage,
  'AWS::ApiGatewayV2::Integration': integration,
  'AWS::ApiGatewayV2::Authorizer': authorizer,
  'AWS::ApiGatewayV2::Route': route,
};

/**
 * The one HTTP API of the template with all its routes; undefined where it has none.
 * @throws Error where a route refers to something that is not there, or there are several APIs.
 */
export const apiDefinition = (
  gathered: Gathered,
  { host }: Pick<Services, 'host'>,
): ApiDefinition | undefined => {
  const [first, ...more] = [...gathered.apis];
  if (first === undefined) return undefined;
  if (more.length > 0) throw new NotImplementedError('the template', 'more than one HTTP API');
  const [apiId, { stage }] = first;
  return {
    apiId,
    accountId: host.accountId,
    region: host.region,
    stage,
    routes: gathered.routes.map(({ key, integrationId, authorizerId }) => {
      const target = gathered.integrations.get(integrationId);
      if (target === undefined) throw new Error(`Route ${key} has no integration`);
      const guard = authorizerId === undefined ? undefined : gathered.authorizers.get(authorizerId);
      // A route that asks for an authorizer is never open because that one is missing.
      if (authorizerId !== undefined && guard === undefined)
        throw new Error(`Route ${key} has no authorizer`);
      return { key, ...target, authorizer: guard };
    }),
  };
};
