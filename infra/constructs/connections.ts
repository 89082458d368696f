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
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantConnectionSecrets, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

/** How often connections are looked at; what ends within three such looks is renewed. */
export const REFRESH_EVERY_MINUTES = 5;

/** Accounts that are connected by OAuth: the connecting, and the one writer that renews. */
export class Connections extends Construct {
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, props: Surroundings) {
    super(scope, id);
    const { record, tables, deadLetters, publicUrl, overrides } = props;
    const common = {
      AUTOPACK_ENV: record.stage,
      CREDENTIALS_TABLE: tables.credentials.tableName,
      ...overrides.oauth,
      ...overrides.loopback,
    };

    const connect = new EntryFunction(this, 'credentials/connect-account', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(29),
      environment: { ...common, REGISTRY_TABLE: tables.registry.tableName, PUBLIC_URL: publicUrl },
    });
    grantTable(connect, tables.credentials, {
      items: ['GetItem', 'BatchGetItem', 'PutItem'],
      query: ['byKind'],
      writeRows: ['condition#', 'exchange#', 'lease#', 'reauth#'],
    });
    grantTable(connect, tables.registry, { items: ['GetItem', 'PutItem', 'UpdateItem'] });
    grantConnectionSecrets(connect, record.stage);
    this.functions = { 'credentials/connect-account': connect };

    const refresh = new EntryFunction(this, 'credentials/refresh-credentials', {
      record,
      failures: deadLetters,
      // Shorter than a lease (shared/credentials/oauth/lease.ts): a holder is dead before another one begins.
      timeout: Duration.seconds(90),
      environment: common,
    });
    grantTable(refresh, tables.credentials, {
      items: ['GetItem', 'BatchGetItem', 'PutItem'],
      query: ['byKind'],
      writeRows: ['condition#', 'exchange#', 'lease#', 'reauth#'],
    });
    grantConnectionSecrets(refresh, record.stage);

    const scheduler = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [refresh.functionArn] }),
    );
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    new Schedule(this, 'EveryFiveMinutes', {
      description: 'Renews connections whose access ends soon',
      schedule: ScheduleExpression.rate(Duration.minutes(REFRESH_EVERY_MINUTES)),
      target: new LambdaInvoke(refresh, {
        input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
        // The next tick looks again, so an old one is worth nothing.
        maxEventAge: Duration.minutes(REFRESH_EVERY_MINUTES),
        retryAttempts: 2,
        deadLetterQueue: deadLetters,
        role: scheduler.withoutPolicyUpdates(),
      }),
    });
  }
}
