import type { DurableState } from '../durable-file.ts';
import { nextFire } from './rotation-schedule.ts';
import type { Host } from '../service.ts';
import { findSecret, moveStage, type SecretsState, type StoredSecret, versionWithStage } from './secrets.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type Step = (typeof STEPS)[number];

/** When a rotation that failed is tried again by itself, from the first step on; after the last one it waits. */
export const RETRY_AFTER_MS = [30_000, 60_000, 120_000, 240_000] as const;

export interface Rotations {
  /** Runs the four steps of the version that `secret.rotating` names; answers when they are over. */
  run(arn: string): Promise<void>;
  /** The configuration check of RotateImmediately=false: testSecret alone, then the pending mark is taken off. */
  check(arn: string, token: string): Promise<void>;
  /** Whatever is running, for a clean stop; what waits to be tried again goes on at the next start. */
  idle(): Promise<void>;
}

const dropPending = (secret: StoredSecret, token: string): void => {
  const version = secret.versions[token];
  if (version === undefined) return;
  version.stages = version.stages.filter((stage) => stage !== 'AWSPENDING');
  if (version.stages.length === 0 && version.secretString === undefined && version.secretBinary === undefined)
    delete secret.versions[token];
};

/** Drives rotation functions through the four steps, in order, one secret at a time. */
export const rotations = (
  store: DurableState<SecretsState>,
  host: Pick<Host, 'clock' | 'log'>,
  invoke: Host['invoke'],
): Rotations => {
  const running = new Map<string, Promise<void>>();
  const retries = new Map<string, () => void>();

  /** @returns `off` where rotation was cancelled meanwhile */
  const step = async (name: Step, arn: string, token: string): Promise<'done' | 'failed' | 'off'> => {
    const lambdaArn = findSecret(store.read(), arn).rotation?.lambdaArn;
    if (lambdaArn === undefined) return 'off';
    const event = { Step: name, SecretId: arn, ClientRequestToken: token, RotationToken: token };
    const outcome = await invoke(lambdaArn, event).catch(() => ({ functionError: 'Unhandled' as const }));
    if (outcome.functionError === undefined) return 'done';
    // The answer of the function may quote a secret, so it is not logged.
    host.log(`secretsmanager: ${name} of ${findSecret(store.read(), arn).name} failed`);
    return 'failed';
  };

  const finished = (token: string, arn: string) =>
    store.update((state) => {
      const secret = findSecret(state, arn);
      if (versionWithStage(secret, 'AWSCURRENT') !== token) {
        host.log(`secretsmanager: finishSecret of ${secret.name} left AWSCURRENT where it was`);
        return;
      }
      dropPending(secret, token);
      delete secret.rotating;
      if (secret.rotation === undefined) return;
      secret.rotation.lastRotatedAt = host.clock.now();
      const next = nextFire(secret.rotation, host.clock.now());
      if (next === undefined) delete secret.rotation.nextRotationAt;
      else secret.rotation.nextRotationAt = next;
    });

  const again = (arn: string, token: string, attempt: number): void => {
    const after = RETRY_AFTER_MS[attempt];
    if (after === undefined) return;
    const cancel = host.clock.at(host.clock.now() + after, () => {
      retries.delete(arn);
      if (findSecret(store.read(), arn).rotating === token) void run(arn, attempt + 1);
    });
    retries.set(arn, cancel);
  };

  const rotate = async (arn: string, attempt: number): Promise<void> => {
    const token = findSecret(store.read(), arn).rotating;
    if (token === undefined) return;
    for (const name of STEPS) {
      const outcome = await step(name, arn, token);
      if (outcome === 'failed') again(arn, token, attempt);
      if (outcome !== 'done') return;
    }
    await finished(token, arn);
  };

  const run = (arn: string, attempt: number): Promise<void> => {
    const current = running.get(arn);
    if (current !== undefined) return current;
    retries.get(arn)?.();
    retries.delete(arn);
    const driven = findSecret(store.read(), arn).rotating;
    const started = rotate(arn, attempt)
      .catch((error: unknown) => host.log(`secretsmanager: a rotation broke off (${String(error)})`))
      .finally(() => {
        running.delete(arn);
        // One that was begun while an older one, which was stopped, was still in its step.
        const { rotating } = findSecret(store.read(), arn);
        if (rotating !== undefined && rotating !== driven) void run(arn, 0);
      });
    running.set(arn, started);
    return started;
  };

  return {
    run: (arn) => run(arn, 0),
    async check(arn, token) {
      await store.update((state) => {
        const secret = findSecret(state, arn);
        secret.versions[token] ??= { stages: [], createdAt: host.clock.now() };
        moveStage(secret, 'AWSPENDING', token);
      });
      const checking = step('testSecret', arn, token)
        .then(() => store.update((state) => dropPending(findSecret(state, arn), token)))
        .catch((error: unknown) => host.log(`secretsmanager: a rotation check broke off (${String(error)})`))
        .finally(() => running.delete(`${arn}#${token}`));
      running.set(`${arn}#${token}`, checking);
      await checking;
    },
    async idle() {
      for (const cancel of retries.values()) cancel();
      retries.clear();
      await Promise.allSettled(running.values());
      for (const cancel of retries.values()) cancel();
    },
  };
};
