/**
 * A line in CloudWatch's embedded metric format: secrets whose rotation is stuck, so that no other one can start. Said
 * by every run, so that silence means that nobody looks.
 */
export const rotationGauges = (
  stuck: number,
  stage: string,
  now: number,
): Readonly<Record<string, unknown>> => ({
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: 'Autopack',
        Dimensions: [['Stage']],
        Metrics: [{ Name: 'StuckRotations', Unit: 'Count' }],
      },
    ],
  },
  Stage: stage,
  StuckRotations: stuck,
});
