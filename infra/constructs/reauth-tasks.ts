import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
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
import { grantProviderSecrets, grantSending, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

export interface ReauthTasksProps extends Surroundings {
  readonly sender: EmailIdentity;
}

/** Every minute: tells people which accounts have to be connected again, and closes what works again. */
export class ReauthTasks extends Construct {
  constructor(scope: Construct, id: string, props: ReauthTasksProps) {
    super(scope, id);
    const { record, tables, deadLetters, publicUrl, sender } = props;
    const tend = new EntryFunction(this, 'credentials/tend-reauth-tasks', {
      record,
      failures: deadLetters,
      timeout: Duration.seconds(55),
      environment: {
        AUTOPACK_ENV: record.stage,
        CREDENTIALS_TABLE: tables.credentials.tableName,
        REGISTRY_TABLE: tables.registry.tableName,
        SENDER_ADDRESS: record.senderAddress,
        PUBLIC_URL: publicUrl,
      },
    });
    grantTable(tend, tables.credentials, {
      items: ['GetItem', 'BatchGetItem', 'PutItem'],
      query: ['byKind'],
      writeRows: ['reauth#', 'told#'],
    });
    grantTable(tend, tables.registry, { items: ['BatchGetItem'], query: ['byKind'] });
    grantProviderSecrets(tend, record.stage);
    grantSending(tend, sender);

    const scheduler = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [tend.functionArn] }),
    );
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    new Schedule(this, 'EveryMinute', {
      description: 'Tells people which accounts have to be connected again',
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(tend, {
        input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
        // The next minute looks again, so an old tick is worth nothing.
        maxEventAge: Duration.minutes(2),
        retryAttempts: 2,
        deadLetterQueue: deadLetters,
        role: scheduler.withoutPolicyUpdates(),
      }),
    });
  }
}
