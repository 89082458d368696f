import { Duration, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantExecutions, grantKey, grantProviderSecrets, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

export interface SweeperProps extends Surroundings {
  readonly path: StateMachine;
}

/** Every minute, and whenever an execution ends badly: looks at what is due and heals it. Idempotent. */
export class Sweeper extends Construct {
  readonly sweepActions: IFunction;

  constructor(scope: Construct, id: string, props: SweeperProps) {
    super(scope, id);
    const { record, tables, tokenKey, deadLetters, path } = props;
    const sweep = new EntryFunction(this, 'actions/sweep-actions', {
      record,
      failures: deadLetters,
      timeout: Duration.seconds(55),
      environment: {
        AUTOPACK_ENV: record.stage,
        ACTIONS_TABLE: tables.actions.tableName,
        APPROVALS_TABLE: tables.approvals.tableName,
        CREDENTIALS_TABLE: tables.credentials.tableName,
        ACTION_STATE_MACHINE_ARN: path.stateMachineArn,
        TOKEN_KEY_ARN: tokenKey.keyArn,
        PROVIDER_LAG_SECONDS: String(record.timing.providerLagSeconds),
      },
    });
    grantTable(sweep, tables.actions, { items: ['GetItem', 'PutItem'], query: ['attention'] });
    grantTable(sweep, tables.approvals, { items: ['GetItem', 'PutItem'], query: ['open'] });
    grantTable(sweep, tables.credentials, {
      items: ['GetItem', 'BatchGetItem', 'PutItem'],
      writeRows: ['wait#'],
    });
    grantKey(sweep, tokenKey, 'Decrypt');
    grantProviderSecrets(sweep, record.stage);
    grantExecutions(sweep, path, 'start', 'describe', 'succeedTask');
    this.sweepActions = sweep;

    const scheduler = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [sweep.functionArn] }),
    );
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    new Schedule(this, 'EveryMinute', {
      description: 'Sweeps open actions',
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target: new LambdaInvoke(sweep, {
        input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
        // The next minute sweeps again, so an old tick is worth nothing.
        maxEventAge: Duration.minutes(2),
        retryAttempts: 2,
        deadLetterQueue: deadLetters,
        // The target would add every version and alias of the function to the role.
        role: scheduler.withoutPolicyUpdates(),
      }),
    });

    new Rule(this, 'EndedBadly', {
      description: 'Executions that failed, were aborted or timed out while their action may be open',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'ABORTED', 'TIMED_OUT'], stateMachineArn: [path.stateMachineArn] },
      },
      targets: [
        new LambdaFunction(sweep, {
          deadLetterQueue: deadLetters,
          maxEventAge: Duration.hours(1),
          retryAttempts: 2,
        }),
      ],
    });
  }
}
