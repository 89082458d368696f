/** The properties of an `AWS::Scheduler::Schedule`, and the body of CreateSchedule. */
export interface ScheduleProperties {
  readonly Name: string;
  /** Default `default`. */
  readonly GroupName?: string;
  readonly Description?: string;
  /** `rate(1 minute)`, `cron(0 8 ? * MON-FRI *)` or `at(2026-11-21T08:00:00)`. */
  readonly ScheduleExpression: string;
  /** Default `UTC`. */
  readonly ScheduleExpressionTimezone?: string;
  readonly State?: 'ENABLED' | 'DISABLED';
  readonly FlexibleTimeWindow: { readonly Mode: string };
  readonly ActionAfterCompletion?: 'NONE' | 'DELETE';
  readonly Target: {
    /** A Lambda function or a state machine. */
    readonly Arn: string;
    readonly RoleArn?: string;
    /** JSON text; `<aws.scheduler.scheduled-time>` and the other context attributes are filled in. */
    readonly Input?: string;
    readonly RetryPolicy?: {
      readonly MaximumRetryAttempts?: number;
      readonly MaximumEventAgeInSeconds?: number;
    };
    readonly DeadLetterConfig?: unknown;
  };
}

/** A schedule as it is kept. Times are epoch milliseconds. */
export interface Schedule {
  readonly properties: ScheduleProperties;
  readonly group: string;
  /** `template` schedules vanish with the template's; `api` ones stay until they are deleted. */
  readonly origin: 'template' | 'api';
  readonly createdAt: number;
  readonly changedAt: number;
  /** The latest tick that was delivered or given up, or `createdAt`. */
  readonly doneUntil: number;
}
