import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantHouseSecrets, grantProviderSecrets, grantSending, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

export interface CredentialHealthProps extends Surroundings {
  readonly sender: EmailIdentity;
}

/** How credentials are doing: the hourly look at each, and what operators read of it. */
export class CredentialHealth extends Construct {
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, props: CredentialHealthProps) {
    super(scope, id);
    const { record, tables, house, deadLetters, publicUrl, overrides, sender } = props;
    const common = { AUTOPACK_ENV: record.stage, CREDENTIALS_TABLE: tables.credentials.tableName };
    const registry = { REGISTRY_TABLE: tables.registry.tableName };
    const ring = { KEYRING_SECRET_ARN: house.keyring.secretArn };

    const check = new EntryFunction(this, 'credentials/check-credentials', {
      record,
      failures: deadLetters,
      // Four at a time, each with one read at its provider of at most ten seconds.
      timeout: Duration.minutes(5),
      environment: {
        ...common,
        ...registry,
        ...overrides.url,
        ...overrides.oauth,
        ...overrides.loopback,
        SENDER_ADDRESS: record.senderAddress,
        PUBLIC_URL: publicUrl,
      },
    });
    grantTable(check, tables.credentials, {
      items: ['BatchGetItem', 'PutItem'],
      query: ['byKind'],
      writeRows: ['condition#', 'reauth#', 'told#'],
    });
    grantTable(check, tables.registry, { items: ['BatchGetItem'], query: ['byKind'] });
    grantProviderSecrets(check, record.stage);
    grantSending(check, sender);

    const scheduler = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [check.functionArn] }),
    );
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    new Schedule(this, 'EveryHour', {
      description: 'Looks at every credential, and warns of those that grow old',
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      target: new LambdaInvoke(check, {
        input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
        // The next hour looks again, so an old tick is worth nothing.
        maxEventAge: Duration.minutes(30),
        retryAttempts: 2,
        deadLetterQueue: deadLetters,
        role: scheduler.withoutPolicyUpdates(),
      }),
    });

    const read = new EntryFunction(this, 'credentials/read-credentials', {
      record,
      failures: 'synchronous',
      environment: common,
    });
    grantTable(read, tables.credentials, { items: ['BatchGetItem'], query: ['byKind'] });

    const show = new EntryFunction(this, 'credentials/show-credentials', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...registry, ...ring },
    });
    grantHouseSecrets(show, [house.keyring], ['GetSecretValue']);
    grantTable(show, tables.credentials, { items: ['BatchGetItem'], query: ['byKind'] });
    grantTable(show, tables.registry, { items: ['GetItem', 'UpdateItem'] });

    const look = new EntryFunction(this, 'credentials/look-at-credential', {
      record,
      failures: 'synchronous',
      // Within the minute that nobody else is granted a look at the same credential (shared/credentials/look-claims.ts).
      timeout: Duration.seconds(29),
      environment: {
        ...common,
        ...registry,
        ...ring,
        ...overrides.url,
        ...overrides.oauth,
        ...overrides.loopback,
        CONTROLS_TABLE: tables.controls.tableName,
      },
    });
    grantHouseSecrets(look, [house.keyring], ['GetSecretValue']);
    grantProviderSecrets(look, record.stage);
    grantTable(look, tables.credentials, {
      items: ['BatchGetItem', 'PutItem'],
      writeRows: ['act#', 'condition#', 'reauth#'],
    });
    grantTable(look, tables.registry, { items: ['GetItem', 'UpdateItem'] });
    grantTable(look, tables.controls, { items: ['UpdateItem'] });

    this.functions = {
      'credentials/read-credentials': read,
      'credentials/show-credentials': show,
      'credentials/look-at-credential': look,
    };
  }
}
