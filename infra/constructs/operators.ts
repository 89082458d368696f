import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantTable } from './grants.ts';
import type { Identity } from './identity.ts';
import type { Surroundings } from './surroundings.ts';

export interface OperatorsProps extends Surroundings {
  readonly identity: Identity;
}

/** Who is calling: the authorizer, the console's sign-in, the description of the API, and the registry's first rows. */
export class Operators extends Construct {
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(
    scope: Construct,
    id: string,
    { record, tables, deadLetters, publicUrl, identity }: OperatorsProps,
  ) {
    super(scope, id);
    const common = { AUTOPACK_ENV: record.stage, OIDC_ISSUER: identity.issuer };
    const registry = { REGISTRY_TABLE: tables.registry.tableName };
    const people = {
      OIDC_CONSOLE_CLIENT_ID: identity.consoleClient.userPoolClientId,
      OPERATOR_GROUP: record.operatorGroup,
    };
    const cli = { OIDC_CLI_CLIENT_ID: identity.cliClient.userPoolClientId };

    const authorize = new EntryFunction(this, 'operators/authorize', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(10),
      environment: {
        ...common,
        ...registry,
        ...people,
        ...cli,
        ...(record.developmentSwitches ? { AUTOPACK_PUBLIC_READ: record.publicRead ? '1' : '' } : {}),
      },
    });
    grantTable(authorize, tables.registry, { items: ['GetItem', 'UpdateItem'] });

    const signIn = new EntryFunction(this, 'operators/sign-in', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...registry, ...people, PUBLIC_URL: publicUrl },
    });
    grantTable(signIn, tables.registry, { items: ['GetItem', 'PutItem', 'UpdateItem'] });

    const describe = new EntryFunction(this, 'operators/describe-api', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...cli },
    });

    const seed = new EntryFunction(this, 'operators/seed-registry', {
      record,
      failures: deadLetters,
      timeout: Duration.seconds(60),
      environment: {
        AUTOPACK_ENV: record.stage,
        ...registry,
        CREDENTIALS_TABLE: tables.credentials.tableName,
      },
    });
    grantTable(seed, tables.registry, { items: ['PutItem'] });
    grantTable(seed, tables.credentials, { items: ['PutItem'] });
    const rows = new CustomResource(this, 'RegistryRows', {
      serviceToken: seed.functionArn,
      serviceTimeout: Duration.minutes(5),
      resourceType: 'Custom::RegistryRows',
      properties: {
        // One text: the type of everything else is lost on the way (shared/operators/seed.ts).
        seed: Stack.of(this).toJsonString({
          people: record.people,
          clients: record.clients.map((client) => ({
            ...client,
            clientId: identity.agentClients.get(client.name)?.userPoolClientId,
          })),
          projects: record.projects,
          credentials: record.credentials,
        }),
      },
    });
    // The role's policy is not implied by the function's ARN.
    rows.node.addDependency(seed);

    this.functions = {
      'operators/authorize': authorize,
      'operators/sign-in': signIn,
      'operators/describe-api': describe,
    };
  }
}
