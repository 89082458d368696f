import type { UserPoolClientSpec } from '../ports.ts';
import {
  arn,
  digestOf,
  listOf,
  NotImplementedError,
  optionalText,
  textOf,
  type MakeResource,
} from './context.ts';

const userPool: MakeResource = async (resource, { host, identity }, gathered) => {
  const poolId = `${host.region}_${digestOf(resource, 9)}`;
  const name = optionalText(resource, 'UserPoolName');
  await identity.ensureUserPool({ poolId, ...(name === undefined ? {} : { name }) });
  gathered.pools.push(poolId);
  const issuer = identity.issuer(poolId);
  return {
    ref: poolId,
    attributes: {
      Arn: arn(host, 'cognito-idp', `userpool/${poolId}`),
      UserPoolId: poolId,
      ProviderURL: issuer,
      ProviderName: issuer.replace(/^https?:\/\//, ''),
    },
  };
};

const GRANTS: Readonly<Record<string, UserPoolClientSpec['grant']>> = {
  code: 'code',
  client_credentials: 'client_credentials',
};

const client: MakeResource = async (resource, { identity }, gathered) => {
  const flows = listOf(resource, 'AllowedOAuthFlows').map(String);
  const grant = GRANTS[flows[0] ?? ''];
  if (grant === undefined || flows.length !== 1)
    throw new NotImplementedError(
      resource.at,
      `OAuth clients with the flows ${flows.join(', ') || '(none)'}`,
    );
  const name = optionalText(resource, 'ClientName') ?? resource.logicalId;
  const made = await identity.ensureClient({
    poolId: textOf(resource, 'UserPoolId'),
    clientId: digestOf(resource, 26),
    name,
    grant,
    callbackUrls: listOf(resource, 'CallbackURLs').map(String),
    logoutUrls: listOf(resource, 'LogoutURLs').map(String),
    scopes: listOf(resource, 'AllowedOAuthScopes').map(String),
  });
  if (made.clientSecret !== undefined)
    gathered.clients.push({
      clientId: made.clientId,
      clientSecret: made.clientSecret,
      logicalId: resource.logicalId,
    });
  return {
    ref: made.clientId,
    attributes: {
      ClientId: made.clientId,
      ...(made.clientSecret === undefined ? {} : { ClientSecret: made.clientSecret }),
    },
  };
};

const resourceServer: MakeResource = async (resource, { identity }) => {
  const identifier = textOf(resource, 'Identifier');
  const scopes = listOf(resource, 'Scopes').map((scope) =>
    String((scope as { ScopeName: unknown }).ScopeName),
  );
  await identity.ensureResourceServer(textOf(resource, 'UserPoolId'), identifier, scopes);
  return { ref: identifier };
};

const user: MakeResource = (resource, _services, gathered) => {
  const username = textOf(resource, 'Username');
  const attributes = new Map(
    listOf(resource, 'UserAttributes').map((entry) => {
      const { Name, Value } = entry as { Name: string; Value: string };
      return [Name, Value] as const;
    }),
  );
  const email = attributes.get('email') ?? username;
  // Without a name in the template the part before the @ is one: olivia@… is Olivia.
  const [local = email] = email.split('@');
  const name = attributes.get('name') ?? local.charAt(0).toUpperCase() + local.slice(1);
  gathered.users.set(username, { poolId: textOf(resource, 'UserPoolId'), email, name, groups: [] });
  return { ref: username };
};

const membership: MakeResource = (resource, _services, gathered) => {
  const username = textOf(resource, 'Username');
  const member = gathered.users.get(username);
  if (member === undefined) throw new Error(`${resource.at}: there is no user ${username}`);
  const group = textOf(resource, 'GroupName');
  gathered.users.set(username, { ...member, groups: [...member.groups, group] });
  return { ref: `${username}|${group}` };
};

export const PEOPLE_TYPES: Readonly<Record<string, MakeResource>> = {
  'AWS::Cognito::UserPool': userPool,
  'AWS::Cognito::UserPoolClient': client,
  'AWS::Cognito::UserPoolResourceServer': resourceServer,
  'AWS::Cognito::UserPoolUser': user,
  'AWS::Cognito::UserPoolUserToGroupAttachment': membership,
  'AWS::Cognito::UserPoolDomain': (resource) => ({ ref: textOf(resource, 'Domain') }),
  'AWS::Cognito::UserPoolGroup': (resource) => ({ ref: textOf(resource, 'GroupName') }),
};
