import { arn, digestOf, generatedName, optionalText, type MakeResource } from './context.ts';

type Answer = (
  name: string,
  id: string,
  arnOf: (service: string, resource: string) => string,
) => Record<string, unknown>;

const named =
  (property: string | undefined, attributes: Answer = () => ({}), ref?: string): MakeResource =>
  (resource, { host }) => {
    const name =
      (property === undefined ? undefined : optionalText(resource, property)) ?? generatedName(resource, 64);
    const answers = attributes(name, digestOf(resource, 20), (service, what) => arn(host, service, what));
    return { ref: ref === undefined ? name : String(answers[ref]), attributes: answers };
  };

/**
 * Types that need nothing on this machine: permissions (nothing here evaluates IAM), logs and alarms (functions log
 * to files), and where failures and notices would go. They only answer to `Ref` and `Fn::GetAtt`.
 */
export const NOTHING_TYPES: Readonly<Record<string, MakeResource>> = {
  'AWS::CDK::Metadata': named(undefined),
  'AWS::IAM::Role': named('RoleName', (name, id) => ({
    Arn: `arn:aws:iam::000000000000:role/${name}`,
    RoleId: `AROA${id.toUpperCase()}`,
  })),
  'AWS::IAM::Policy': named('PolicyName'),
  'AWS::IAM::RolePolicy': named('PolicyName'),
  'AWS::IAM::ManagedPolicy': named('ManagedPolicyName'),
  'AWS::Lambda::Permission': named(undefined),
  'AWS::Lambda::EventInvokeConfig': named(undefined),
  'AWS::Logs::LogGroup': named('LogGroupName', (name, _id, arnOf) => ({
    Arn: arnOf('logs', `log-group:${name}:*`),
  })),
  'AWS::Logs::ResourcePolicy': named('PolicyName'),
  'AWS::Logs::MetricFilter': named('FilterName'),
  'AWS::CloudWatch::Alarm': named('AlarmName', (name, _id, arnOf) => ({
    Arn: arnOf('cloudwatch', `alarm:${name}`),
  })),
  'AWS::CloudWatch::CompositeAlarm': named('AlarmName', (name, _id, arnOf) => ({
    Arn: arnOf('cloudwatch', `alarm:${name}`),
  })),
  'AWS::CloudWatch::Dashboard': named('DashboardName'),
  'AWS::SQS::Queue': named(
    'QueueName',
    (name, _id, arnOf) => ({
      Arn: arnOf('sqs', name),
      QueueName: name,
      QueueUrl: `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`,
    }),
    'QueueUrl',
  ),
  'AWS::SQS::QueuePolicy': named(undefined),
  'AWS::SNS::Topic': named(
    'TopicName',
    (name, _id, arnOf) => ({ TopicArn: arnOf('sns', name), TopicName: name }),
    'TopicArn',
  ),
  'AWS::SNS::TopicPolicy': named(undefined),
  'AWS::SNS::Subscription': named(undefined),
  'AWS::S3::BucketPolicy': named(undefined),
  'AWS::SecretsManager::ResourcePolicy': named(undefined),
  'AWS::Scheduler::ScheduleGroup': named('Name', (name, _id, arnOf) => ({
    Arn: arnOf('scheduler', `schedule-group/${name}`),
  })),
  'AWS::SES::ConfigurationSet': named('Name'),
  'AWS::SES::ConfigurationSetEventDestination': named(undefined),
};
