/** What approvals count, as CloudWatch embedded metrics: the log line is the metric. */
export type ApprovalMetric = 'NoEligibleApprover' | 'MailRefused';

/** A line for the log that counts one. Ids ride along for who looks into the log; they are not dimensions. */
export const metricLine = (
  name: ApprovalMetric,
  stage: string,
  now: number,
  ids: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> => ({
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      { Namespace: 'Autopack', Dimensions: [['Stage']], Metrics: [{ Name: name, Unit: 'Count' }] },
    ],
  },
  Stage: stage,
  [name]: 1,
  ...ids,
});
