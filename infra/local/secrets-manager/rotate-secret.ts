import { randomUUID } from 'node:crypto';
import type { DurableState } from '../durable-file.ts';
import type { InputOf } from './inputs.ts';
import { nextFire } from './rotation-schedule.ts';
import type { Rotations } from './rotation.ts';
import {
  moveStage,
  pendingVersion,
  SecretsManagerError,
  type SecretsState,
  usableSecret,
} from './secrets.ts';

/**
 * Sets the rules and starts a rotation, or the check alone where it is not to happen now. The answer comes before the
 * steps run, as on AWS; how they went is seen in DescribeSecret.
 * @throws SecretsManagerError InvalidRequestException where an earlier rotation is not complete: that one is tried again.
 */
export const rotateSecret = async (
  input: InputOf<'RotateSecret'>,
  store: DurableState<SecretsState>,
  now: () => number,
  rotation: Rotations,
): Promise<object> => {
  const token = input.ClientRequestToken ?? randomUUID();
  const { secret, stuck } = await store.update((state) => {
    const target = usableSecret(state, input.SecretId);
    const lambdaArn = input.RotationLambdaARN ?? target.rotation?.lambdaArn;
    if (lambdaArn === undefined)
      throw new SecretsManagerError(
        'InvalidRequestException',
        'No Lambda rotation function ARN is associated with this secret.',
      );
    const rules = input.RotationRules ?? {
      AutomaticallyAfterDays: target.rotation?.automaticallyAfterDays,
      ScheduleExpression: target.rotation?.scheduleExpression,
    };
    const rotating = {
      lambdaArn,
      ...(rules.AutomaticallyAfterDays === undefined
        ? {}
        : { automaticallyAfterDays: rules.AutomaticallyAfterDays }),
      ...(rules.ScheduleExpression === undefined ? {} : { scheduleExpression: rules.ScheduleExpression }),
    };
    const next = nextFire(rotating, now());
    target.rotation = {
      ...rotating,
      ...(target.rotation?.lastRotatedAt === undefined
        ? {}
        : { lastRotatedAt: target.rotation.lastRotatedAt }),
      ...(next === undefined ? {} : { nextRotationAt: next }),
    };
    const pending = pendingVersion(target);
    if (pending !== undefined) target.rotating = pending;
    const done = target.versions[token]?.stages.includes('AWSCURRENT') ?? false;
    if (pending === undefined && input.RotateImmediately && !done) {
      target.versions[token] ??= { stages: [], createdAt: now() };
      moveStage(target, 'AWSPENDING', token);
      target.rotating = token;
    }
    return { secret: target, stuck: pending !== undefined && pending !== token };
  });
  if (stuck || input.RotateImmediately) void rotation.run(secret.arn);
  else void rotation.check(secret.arn, token);
  if (stuck)
    throw new SecretsManagerError(
      'InvalidRequestException',
      "A previous rotation isn't complete. That rotation will be reattempted.",
    );
  return { ARN: secret.arn, Name: secret.name, VersionId: token };
};
