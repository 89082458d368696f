import { Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke, StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import {
  CustomerManagedEncryptionConfiguration,
  DefinitionBody,
  LogLevel,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import definition from '#statemachines/policy-check.asl.json' with { type: 'json' };
import { acknowledge } from './acknowledge.ts';
import { EntryFunction } from './function.ts';
import { grantExecutions, grantPolicyBodies, grantTable } from './grants.ts';
import { RetainedLogGroup } from './log-group.ts';
import type { Policies } from './policies.ts';
import type { Surroundings } from './surroundings.ts';

export interface PolicyCheckProps extends Surroundings {
  readonly policies: Policies;
}

/** The state machine of the check (`statemachines/policy-check.asl.json`), what starts it, and the weekly mail. */
export class PolicyCheck extends Construct {
  readonly machine: StateMachine;
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, props: PolicyCheckProps) {
    super(scope, id);
    const { record, tables, artifacts, tokenKey, deadLetters, policies } = props;
    const steps: Readonly<Record<string, IFunction>> = {
      ListDueSources: policies.listDueSources,
      FetchSource: policies.fetchSource,
      CompareSource: policies.compareSource,
      TellPeople: policies.tellPeople,
    };
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: Object.values(steps).map((step) => step.functionArn),
      }),
    );
    // Named for the same reason as the path of an action: the key's use is bound to the name.
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: `${Stack.of(this).stackName}-PolicyCheck`,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(JSON.stringify(definition)),
      definitionSubstitutions: Object.fromEntries(
        Object.entries(steps).map(([name, step]) => [`${name}FunctionArn`, step.functionArn]),
      ),
      role,
      tracingEnabled: true,
      logs: {
        destination: new RetainedLogGroup(this, 'Logs', record),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
      encryptionConfiguration: new CustomerManagedEncryptionConfiguration(tokenKey),
    });
    acknowledge(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'X-Ray and the delivery of logs have no resources: their actions only exist on "*".',
    });

    const capture = new EntryFunction(this, 'policies/capture-manually', {
      record,
      failures: 'synchronous',
      environment: {
        AUTOPACK_ENV: record.stage,
        POLICIES_TABLE: tables.policies.tableName,
        REGISTRY_TABLE: tables.registry.tableName,
        ARTIFACTS_BUCKET: artifacts.bucketName,
        POLICY_CHECK_STATE_MACHINE_ARN: this.machine.stateMachineArn,
      },
    });
    grantTable(capture, tables.policies, { items: ['GetItem', 'PutItem'] });
    grantTable(capture, tables.registry, { items: ['GetItem'] });
    grantPolicyBodies(capture, artifacts, { read: ['captures'], write: ['captures', 'raw'] });
    grantExecutions(capture, this.machine, 'start');
    this.functions = { 'policies/capture-manually': capture };

    const scheduler = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['states:StartExecution'],
        resources: [this.machine.stateMachineArn],
      }),
    );
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [policies.weeklyDigest.functionArn],
      }),
    );
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    const target = {
      input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
      retryAttempts: 2,
      deadLetterQueue: deadLetters,
      role: scheduler.withoutPolicyUpdates(),
    };
    new Schedule(this, 'EveryQuarter', {
      description: 'Looks at the policy pages that are due',
      schedule: ScheduleExpression.rate(Duration.minutes(record.policies.everyMinutes)),
      // The next tick lists again, so an old one is worth nothing.
      target: new StepFunctionsStartExecution(this.machine, {
        ...target,
        maxEventAge: Duration.minutes(10),
      }),
    });
    new Schedule(this, 'EveryWeek', {
      description: 'Mails the week of the watched policies',
      schedule: ScheduleExpression.cron({
        minute: '0',
        hour: '7',
        weekDay: 'MON',
        timeZone: TimeZone.ETC_UTC,
      }),
      target: new LambdaInvoke(policies.weeklyDigest, { ...target, maxEventAge: Duration.hours(24) }),
    });
  }
}
