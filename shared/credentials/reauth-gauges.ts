/** How many accounts wait for a person, and how long the oldest has, as a line in CloudWatch's embedded metric format. */
export const reauthGauges = (
  { open, oldest }: { readonly open: number; readonly oldest: number | undefined },
  stage: string,
  now: number,
): Readonly<Record<string, unknown>> => ({
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: 'Autopack',
        Dimensions: [['Stage']],
        Metrics: [
          { Name: 'OpenReauthTasks', Unit: 'Count' },
          { Name: 'OldestReauthSeconds', Unit: 'Seconds' },
        ],
      },
    ],
  },
  Stage: stage,
  OpenReauthTasks: open,
  OldestReauthSeconds: oldest === undefined ? 0 : Math.max(0, Math.round((now - oldest) / 1000)),
});
