import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { StageRecord } from '../stages.ts';

/** A log group that forgets after the stage's number of days. */
export class RetainedLogGroup extends LogGroup {
  constructor(scope: Construct, id: string, record: StageRecord) {
    super(scope, id, {
      retention: record.logs.retentionDays as RetentionDays,
      removalPolicy: record.logs.keepWhenDeleted ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}
