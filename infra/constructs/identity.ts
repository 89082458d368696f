import { Duration } from 'aws-cdk-lib';
import {
  CfnUserPoolUser,
  CfnUserPoolUserToGroupAttachment,
  OAuthScope,
  ResourceServerScope,
  type UserPool,
  UserPoolClient,
  UserPoolDomain,
  UserPoolResourceServer,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { StageRecord } from '../stages.ts';

/** The CLI listens on one of these: Cognito wants the exact address of a loopback redirect. */
export const CLI_PORTS = [47_771, 47_772, 47_773] as const;

export interface IdentityProps {
  readonly record: StageRecord;
  readonly userPool: UserPool;
  /** Where the console lives; sign-in comes back to `/signed-in`. */
  readonly publicUrl: string;
}

/** Sign-in domain, the clients of console, CLI and agents, and the people of the stage record. */
export class Identity extends Construct {
  readonly issuer: string;
  readonly consoleClient: UserPoolClient;
  readonly cliClient: UserPoolClient;
  /** By name of the stage record. */
  readonly agentClients: ReadonlyMap<string, UserPoolClient>;

  constructor(scope: Construct, id: string, { record, userPool, publicUrl }: IdentityProps) {
    super(scope, id);
    this.issuer = userPool.userPoolProviderUrl;
    new UserPoolDomain(this, 'Domain', {
      userPool,
      cognitoDomain: { domainPrefix: record.identity.domainPrefix },
    });

    const forPeople = (
      name: string,
      userPoolClientName: string,
      callbackUrls: string[],
      logoutUrls: string[],
    ): UserPoolClient =>
      new UserPoolClient(this, name, {
        userPool,
        userPoolClientName,
        generateSecret: false,
        authFlows: {},
        oAuth: {
          flows: { authorizationCodeGrant: true },
          scopes: [OAuthScope.OPENID, OAuthScope.EMAIL, OAuthScope.PROFILE],
          callbackUrls,
          logoutUrls,
        },
        preventUserExistenceErrors: true,
        idTokenValidity: Duration.hours(1),
        accessTokenValidity: Duration.hours(1),
        refreshTokenValidity: Duration.hours(8),
        enableTokenRevocation: true,
      });
    this.consoleClient = forPeople(
      'Console',
      'Autopack console',
      [`${publicUrl}/signed-in`],
      [`${publicUrl}/inbox`],
    );
    this.cliClient = forPeople(
      'Cli',
      'Autopack CLI',
      CLI_PORTS.map((port) => `http://127.0.0.1:${port}/callback`),
      [],
    );

    const propose = new ResourceServerScope({
      scopeName: 'agent',
      scopeDescription: 'Act as an agent of the registry',
    });
    const server = new UserPoolResourceServer(this, 'ResourceServer', {
      userPool,
      identifier: 'autopack',
      scopes: [propose],
    });
    this.agentClients = new Map(
      record.clients.map(({ name }) => [
        name,
        new UserPoolClient(this, `Agent-${name}`, {
          userPool,
          userPoolClientName: name,
          generateSecret: true,
          authFlows: {},
          oAuth: { flows: { clientCredentials: true }, scopes: [OAuthScope.resourceServer(server, propose)] },
          accessTokenValidity: Duration.hours(1),
          enableTokenRevocation: true,
        }),
      ]),
    );

    for (const person of record.people) {
      const user = new CfnUserPoolUser(this, `Person-${person.email}`, {
        userPoolId: userPool.userPoolId,
        username: person.email,
        userAttributes: [
          { name: 'email', value: person.email },
          { name: 'email_verified', value: 'true' },
          { name: 'name', value: person.name },
        ],
        ...(record.identity.invitePeople
          ? { desiredDeliveryMediums: ['EMAIL'] }
          : { messageAction: 'SUPPRESS' }),
      });
      if (!person.roles.includes('operator')) continue;
      new CfnUserPoolUserToGroupAttachment(this, `Operator-${person.email}`, {
        userPoolId: userPool.userPoolId,
        groupName: record.operatorGroup,
        username: user.ref,
      });
    }
  }
}
