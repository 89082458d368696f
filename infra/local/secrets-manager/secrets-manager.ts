import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { durableState } from '../durable-file.ts';
import type { CreateSecretsManager } from '../ports.ts';
import { type AwsReply, awsJson, awsJsonError } from '../service.ts';
import { faults } from './faults.ts';
import { INPUTS, type Operation } from './inputs.ts';
import { operations } from './operations.ts';
import { generatedSecretString } from './random-password.ts';
import { nextFire } from './rotation-schedule.ts';
import { rotations } from './rotation.ts';
import {
  findSecret,
  moveStage,
  pendingVersion,
  putVersion,
  SecretsManagerError,
  SecretsState,
  versionWithStage,
} from './secrets.ts';

const isOperation = (name: string): name is Operation => Object.hasOwn(INPUTS, name);

/** Secrets Manager with the real four-step rotation: the rotation function is invoked, not imitated. */
export const createSecretsManager: CreateSecretsManager = (
  host,
  invoke = (arn, payload) => host.invoke(arn, payload),
) => {
  const store = durableState<SecretsState>(
    join(host.dataDir, 'secrets-manager', 'secrets.json'),
    SecretsState,
    () => ({
      secrets: {},
    }),
  );
  const rotation = rotations(store, host, invoke);
  const faulty = faults(() => store.read());
  const operation = operations({ ...store, read: faulty.seen }, host, rotation);
  let cancelTimer: (() => void) | undefined;
  let started = false;

  const arm = (): void => {
    cancelTimer?.();
    if (!started) return;
    const due = Object.values(store.read().secrets)
      .filter((secret) => secret.deletionAt === undefined)
      .map((secret) => secret.rotation?.nextRotationAt)
      .filter((at) => at !== undefined);
    if (due.length > 0) cancelTimer = host.clock.at(Math.min(...due), () => void rotateDue());
  };

  const rotateDue = async (): Promise<void> => {
    const arns = await store.update((state) =>
      Object.values(state.secrets)
        .filter(
          (secret) =>
            secret.deletionAt === undefined &&
            (secret.rotation?.nextRotationAt ?? Infinity) <= host.clock.now(),
        )
        .map((secret) => {
          if (pendingVersion(secret) === undefined) {
            const token = randomUUID();
            secret.versions[token] = { stages: [], createdAt: host.clock.now() };
            moveStage(secret, 'AWSPENDING', token);
            secret.rotating = token;
          }
          const next =
            secret.rotation === undefined ? undefined : nextFire(secret.rotation, host.clock.now());
          if (secret.rotation !== undefined && next !== undefined) secret.rotation.nextRotationAt = next;
          else delete secret.rotation?.nextRotationAt;
          return secret.arn;
        }),
    );
    arm();
    await Promise.all(arns.map((arn) => rotation.run(arn)));
    arm();
  };

  const run = async (name: string, body: unknown): Promise<AwsReply> => {
    if (!isOperation(name)) {
      host.log(`secretsmanager: ${name} is not implemented`);
      return awsJsonError(501, 'NotImplemented', `The local host does not implement secretsmanager ${name}.`);
    }
    // Each operation is called with the output of its own schema; the union hides that from the compiler.
    const call = operation[name] as (input: unknown) => Promise<object>;
    const reply = awsJson(await call(INPUTS[name].parse(body)));
    if (name === 'RotateSecret' || name === 'RestoreSecret') arm();
    return reply;
  };

  const answer = async (name: string, body: Buffer): Promise<AwsReply> => {
    try {
      return await run(name, JSON.parse(body.toString() || '{}'));
    } catch (error) {
      if (error instanceof SecretsManagerError) return awsJsonError(400, error.code, error.message);
      if (error instanceof z.ZodError)
        return awsJsonError(400, 'InvalidParameterException', z.prettifyError(error));
      if (error instanceof SyntaxError)
        return awsJsonError(400, 'SerializationException', 'The body is not JSON');
      throw error;
    }
  };

  return {
    signingNames: ['secretsmanager'],
    faults: faulty.control,
    handle({ target, body }) {
      const name = (target ?? '').replace(/^secretsmanager\./, '');
      return faulty.disturb(name, () => answer(name, body));
    },
    async ensureSecret(spec) {
      await store.update((state) => {
        const now = host.clock.now();
        const secret = (state.secrets[spec.arn] ??= {
          arn: spec.arn,
          name: spec.name,
          description: '',
          tags: {},
          createdAt: now,
          changedAt: now,
          versions: {},
        });
        secret.description = spec.description ?? secret.description;
        Object.assign(secret.tags, spec.tags);
        if (versionWithStage(secret, 'AWSCURRENT') !== undefined) return;
        const value =
          spec.secretString ??
          (spec.generate === undefined ? undefined : generatedSecretString(spec.generate));
        if (value !== undefined) putVersion(secret, { secretString: value, now });
      });
    },
    async ensureRotation(secretId, rules) {
      await store.update((state) => {
        const secret = findSecret(state, secretId);
        const wanted = {
          lambdaArn: rules.rotationLambdaArn,
          ...(rules.automaticallyAfterDays === undefined
            ? {}
            : { automaticallyAfterDays: rules.automaticallyAfterDays }),
          ...(rules.scheduleExpression === undefined ? {} : { scheduleExpression: rules.scheduleExpression }),
        };
        const { lastRotatedAt, nextRotationAt, ...present } = secret.rotation ?? {};
        const same = JSON.stringify(present) === JSON.stringify(wanted);
        const next = same ? nextRotationAt : nextFire(wanted, host.clock.now());
        secret.rotation = {
          ...wanted,
          ...(lastRotatedAt === undefined ? {} : { lastRotatedAt }),
          ...(next === undefined ? {} : { nextRotationAt: next }),
        };
      });
      arm();
    },
    start() {
      started = true;
      arm();
      for (const secret of Object.values(store.read().secrets))
        if (secret.rotating !== undefined) void rotation.run(secret.arn);
    },
    async currentValue(secretId) {
      const secret = findSecret(store.read(), secretId);
      const version = secret.versions[versionWithStage(secret, 'AWSCURRENT') ?? ''];
      if (version?.secretString === undefined) throw new Error(`The secret ${secret.name} has no value`);
      return version.secretString;
    },
    async close() {
      cancelTimer?.();
      await rotation.idle();
    },
  };
};
