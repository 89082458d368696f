/**
 * A line in CloudWatch's embedded metric format: connections whose access has ended, or whose exchange is under way,
 * and which this run could not renew. Said by every run, so that silence means that none runs.
 */
export const refreshGauges = (
  overdue: number,
  stage: string,
  now: number,
): Readonly<Record<string, unknown>> => ({
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: 'Autopack',
        Dimensions: [['Stage']],
        Metrics: [{ Name: 'OverdueRefreshes', Unit: 'Count' }],
      },
    ],
  },
  Stage: stage,
  OverdueRefreshes: overdue,
});
