import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { StageRecord } from '../stages.ts';
import { acknowledge } from './acknowledge.ts';

/** Namespace of what functions count in their log lines (embedded metric format), by the dimension `Stage`. */
export const METRIC_NAMESPACE = 'Autopack';

export interface AlarmsProps {
  readonly record: StageRecord;
  readonly path: StateMachine;
  /** The policy check. */
  readonly check: StateMachine;
  readonly deadLetters: Queue;
}

/** The alarms that somebody should get up for; each has an entry of its name in docs/runbook.md. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, { record, path, check, deadLetters }: AlarmsProps) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', { enforceSSL: true });
    // A topic with a policy of its own has lost the default one, which let alarms of the account publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    const action = new SnsAction(topic);
    if (record.alarmAddress !== undefined)
      acknowledge(topic.addSubscription(new EmailSubscription(record.alarmAddress)), {
        'Serverless-SNSRedrivePolicy':
          'A mail that SNS cannot deliver is of no use later; the alarm stays red meanwhile.',
      });

    const counted = (
      metricName: string,
      statistic: string = Stats.MAXIMUM,
      period: Duration = Duration.minutes(5),
    ): IMetric =>
      new Metric({
        namespace: METRIC_NAMESPACE,
        metricName,
        dimensionsMap: { Stage: record.stage },
        statistic,
        period,
      });
    const alarm = (
      name: string,
      alarmDescription: string,
      metric: IMetric,
      threshold: number,
      treatMissingData: TreatMissingData,
      evaluationPeriods = 1,
    ): void => {
      new Alarm(this, name, {
        alarmDescription: `${name}: ${alarmDescription} See docs/runbook.md.`,
        metric,
        threshold,
        evaluationPeriods,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData,
      }).addAlarmAction(action);
    };

    alarm(
      'OldestWaitingApproval',
      'an approval has waited longer than it should.',
      counted('OldestWaitingApprovalSeconds'),
      record.timing.oldestApprovalSeconds,
      // The sweeper says 0 where nothing waits: silence means that it does not sweep.
      TreatMissingData.BREACHING,
      3,
    );
    alarm(
      'UnknownOutcomes',
      'something may or may not have happened at a provider.',
      counted('UnknownOutcomes'),
      1,
      TreatMissingData.IGNORE,
      3,
    );
    alarm(
      'ParkedActions',
      'an action waits for an operator to say what became of it.',
      counted('ParkedActions'),
      1,
      TreatMissingData.IGNORE,
    );
    alarm(
      'NoEligibleApprover',
      'an approval waits that nobody may decide.',
      counted('NoEligibleApprover', Stats.SUM),
      1,
      TreatMissingData.NOT_BREACHING,
    );
    alarm(
      'MailRefused',
      'a mail of an approval could not be handed over.',
      counted('MailRefused', Stats.SUM),
      1,
      TreatMissingData.NOT_BREACHING,
    );
    alarm(
      'PolicyAge',
      'the verification of a policy page in service is about to be too old, or the check does not run.',
      counted('PolicyAgePercent', Stats.MAXIMUM, Duration.minutes(15)),
      90,
      // Every run says a number: silence means that the check does not run.
      TreatMissingData.BREACHING,
      2,
    );
    alarm(
      'PolicyIncident',
      'a policy page in service has shown nothing usable for several checks.',
      counted('PolicyIncidents'),
      1,
      TreatMissingData.IGNORE,
    );
    alarm(
      'OverdueRefreshes',
      'access to a connected account has ended and could not be renewed, or nothing renews.',
      counted('OverdueRefreshes'),
      1,
      // Every run says a number: silence means that none runs.
      TreatMissingData.BREACHING,
      3,
    );
    alarm(
      'StuckRotations',
      'the rotation of a secret is stuck, so that no other one can start, or nobody looks.',
      counted('StuckRotations', Stats.MAXIMUM, Duration.minutes(15)),
      1,
      // Every run says a number: silence means that nobody looks.
      TreatMissingData.BREACHING,
      2,
    );
    alarm(
      'ReauthWaits',
      'an account has waited for a day to be connected again, or nobody is told.',
      counted('OldestReauthSeconds'),
      86_400,
      // Every run says a number: silence means that nobody is told.
      TreatMissingData.BREACHING,
      3,
    );
    alarm(
      'UnhealthyCredentials',
      'a credential does not work or may do less than it should, or the hourly look at them does not run.',
      counted('UnhealthyCredentials', Stats.MAXIMUM, Duration.hours(1)),
      1,
      // Every run says a number: silence means that none runs.
      TreatMissingData.BREACHING,
      2,
    );
    alarm(
      'OverdueCredentials',
      'a credential is older than its policy wants.',
      counted('OverdueCredentials', Stats.MAXIMUM, Duration.hours(1)),
      1,
      TreatMissingData.IGNORE,
    );
    const executions = (name: string, metric: (options: { period: Duration; statistic: string }) => Metric) =>
      [name, metric({ period: Duration.minutes(5), statistic: Stats.SUM })] as const;
    alarm(
      'FailedExecutions',
      'executions of the path failed, timed out or were aborted.',
      new MathExpression({
        expression: 'failed + timedOut + aborted',
        usingMetrics: Object.fromEntries([
          executions('failed', (options) => path.metricFailed(options)),
          executions('timedOut', (options) => path.metricTimedOut(options)),
          executions('aborted', (options) => path.metricAborted(options)),
        ]),
        period: Duration.minutes(5),
      }),
      1,
      TreatMissingData.NOT_BREACHING,
    );
    alarm(
      'FailedPolicyChecks',
      'the policy check failed, or left sources for the next run.',
      new MathExpression({
        expression: 'failed + timedOut + aborted',
        usingMetrics: Object.fromEntries([
          executions('failed', (options) => check.metricFailed(options)),
          executions('timedOut', (options) => check.metricTimedOut(options)),
          executions('aborted', (options) => check.metricAborted(options)),
        ]),
        period: Duration.minutes(5),
      }),
      1,
      TreatMissingData.NOT_BREACHING,
    );
    alarm(
      'DeadLetters',
      'an asynchronous invocation was given up.',
      deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: Stats.MAXIMUM,
      }),
      1,
      TreatMissingData.NOT_BREACHING,
    );
  }
}
