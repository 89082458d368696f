import * as z from 'zod';
import type { CountRotation } from '#shared/credentials/rotation/count-rotation.ts';
import {
  type RotatedSecret,
  RotationError,
  type RotationKind,
  type RotationTarget,
} from '#shared/credentials/rotation/kind.ts';
import {
  CURRENT,
  holderOf,
  PENDING,
  readSettled,
  type SecretDescription,
  type SecretVersion,
  type SecretVersions,
} from '#shared/credentials/rotation/versions.ts';

/** What Secrets Manager sends, once for each step and again after a failure. */
export const RotationEvent = z.object({
  Step: z.enum(['createSecret', 'setSecret', 'testSecret', 'finishSecret']),
  SecretId: z.string().min(1).max(2048),
  ClientRequestToken: z.string().min(32).max(64),
  /** Only cross-account rotation needs it; never logged. */
  RotationToken: z.string().optional(),
});
export type RotationEvent = z.infer<typeof RotationEvent>;

export interface RotateSecretDeps {
  readonly versions: SecretVersions;
  /** What the secret is to us. @throws RotationError NOT_ROTATED_HERE */
  readonly targetOf: (secret: SecretDescription) => Promise<RotationTarget>;
  readonly countRotation: CountRotation;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** The secret of a step and how its version stands. */
interface Step extends RotatedSecret {
  readonly description: SecretDescription;
  readonly standing: 'pending' | 'current';
  readonly target: RotationTarget;
}

const ATTEMPTS = 4;

/**
 * The stage checks that come before everything. A label that was just hung may not show yet, so it is looked at a few
 * times before the step is refused.
 */
const begin = async (secret: RotatedSecret, deps: RotateSecretDeps): Promise<Step> => {
  let refusal = new RotationError('SECRET_UNUSABLE', 'there is no such secret');
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await deps.sleep(100 * 2 ** (attempt - 1));
    const description = await deps.versions.describeSecret(secret.secretId);
    if (description === undefined) continue;
    if (description.deleted)
      throw new RotationError('SECRET_UNUSABLE', 'the secret waits for its deletion; restore it first');
    const stages = description.stages[secret.token] ?? [];
    const standing = stages.includes(CURRENT) ? 'current' : stages.includes(PENDING) ? 'pending' : undefined;
    // A version that is current is finished, whatever became of the rotation's settings since.
    if (standing === 'current' || (standing === 'pending' && description.rotationEnabled))
      return { ...secret, description, standing, target: await deps.targetOf(description) };
    refusal = description.rotationEnabled
      ? new RotationError('VERSION_NOT_PENDING', 'the version is neither pending nor current')
      : new RotationError('ROTATION_OFF', 'rotation of this secret was cancelled or never set up');
  }
  throw refusal;
};

const currentVersion = async (
  { secretId }: RotatedSecret,
  deps: RotateSecretDeps,
): Promise<SecretVersion> => {
  const current = await readSettled(deps.versions.readVersion, secretId, { stage: CURRENT }, deps.sleep);
  if (current === undefined)
    throw new RotationError('SECRET_UNUSABLE', 'the secret has no current value; put one first');
  return current;
};

const currentValue = async (secret: RotatedSecret, deps: RotateSecretDeps): Promise<string> =>
  (await currentVersion(secret, deps)).value;

const pendingValue = async (
  { secretId, token }: RotatedSecret,
  deps: RotateSecretDeps,
): Promise<string | undefined> => {
  const wanted = { versionId: token, stage: PENDING } as const;
  return (await readSettled(deps.versions.readVersion, secretId, wanted, deps.sleep))?.value;
};

const required = (value: string | undefined): string => {
  if (value === undefined)
    throw new RotationError('PENDING_UNREADABLE', 'the pending version has no value that can be read yet');
  return value;
};

const prove = async (kind: RotationKind, which: 'pending' | 'current', value: string, current: string) => {
  const verdict = await kind.test(value, current);
  if (verdict === 'cannot-tell')
    throw new RotationError('CANNOT_TELL', `the provider could not be asked about the ${which} value`);
  if (verdict === 'refused') throw doesNotWork(which);
};

const doesNotWork = (which: 'pending' | 'current'): RotationError =>
  new RotationError(
    which === 'pending' ? 'PENDING_REFUSED' : 'CURRENT_REFUSED',
    `the ${which} value does not work; AWSCURRENT stays where it is`,
  );

/** Makes the pending value, unless it is there: by version id and stage, then with the token of the request. */
export const createSecret = async (secret: RotatedSecret, deps: RotateSecretDeps): Promise<void> => {
  const { standing, target } = await begin(secret, deps);
  if (standing === 'current') return;
  const { secretId, token } = secret;
  const made = await deps.versions.readVersion(secretId, { versionId: token, stage: PENDING });
  if (made !== undefined) return;
  const value = await target.kind.create(secret, await currentValue(secret, deps));
  const put = await deps.versions.putVersion(secretId, { token, value, stage: PENDING });
  // Somebody made it with this very token: theirs is the pending value, and ours was never used.
  if (put === 'exists') required(await pendingValue(secret, deps));
};

/** Makes the provider accept the pending value. Never that of another account. */
export const setSecret = async (secret: RotatedSecret, deps: RotateSecretDeps): Promise<void> => {
  const { standing, target } = await begin(secret, deps);
  if (standing === 'current') return;
  const pending = required(await pendingValue(secret, deps));
  const current = await currentValue(secret, deps);
  await requireSameAccount(target.kind, current, pending);
  await target.kind.set(secret, pending, current);
};

const requireSameAccount = async (kind: RotationKind, current: string, pending: string): Promise<void> => {
  const account = await kind.sameAccount(current, pending);
  if (account === 'different')
    throw new RotationError(
      'OTHER_ACCOUNT',
      'the pending value belongs to another account than the current one; register that as a credential of its own',
    );
  if (account === 'refused') throw doesNotWork('pending');
  if (account === 'cannot-tell')
    throw new RotationError('ACCOUNT_UNKNOWN', 'whose account the pending value belongs to is not known yet');
};

/**
 * Tries the pending value. A version without a value is the check of the configuration that Secrets Manager asks for
 * when a schedule is set up: then it is the current value that is tried. Never changes anything.
 */
export const testSecret = async (secret: RotatedSecret, deps: RotateSecretDeps): Promise<void> => {
  const { standing, target } = await begin(secret, deps);
  const current = await currentValue(secret, deps);
  const pending = standing === 'current' ? undefined : await pendingValue(secret, deps);
  if (pending === undefined) await prove(target.kind, 'current', current, current);
  else await prove(target.kind, 'pending', pending, current);
};

/** Promotes the pending value from the version that holds the stage now, and looks whether it did. */
const promote = async (step: Step, deps: RotateSecretDeps): Promise<string> => {
  const { secretId, token, target } = step;
  const pending = required(await pendingValue(step, deps));
  const current = await currentVersion(step, deps);
  // The test step may have seen the version before its value: what is promoted was seen to work by this very step.
  await prove(target.kind, 'pending', pending, current.value);
  const { stages } = await begin(step, deps).then(({ description }) => description);
  const observed = holderOf(stages, CURRENT);
  if (observed === undefined)
    throw new RotationError('SECRET_UNUSABLE', 'no version of the secret is current; put a value first');
  if (observed !== token)
    // From the very version that it was proven against: one that became current since, without a key that leaked, stays.
    await deps.versions.moveStage(secretId, { stage: CURRENT, from: current.versionId, to: token });
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await deps.sleep(100 * 2 ** (attempt - 1));
    const described = await deps.versions.describeSecret(secretId);
    if (described?.stages[token]?.includes(CURRENT) === true) return pending;
  }
  throw new RotationError(
    'STAGE_MOVED',
    'another version became current meanwhile; look at the secret first',
  );
};

/** Makes the pending version the current one, tidies up, and counts the rotation: each once, however often it runs. */
export const finishSecret = async (secret: RotatedSecret, deps: RotateSecretDeps): Promise<void> => {
  const step = await begin(secret, deps);
  const promoted = step.standing === 'current' ? await currentValue(secret, deps) : await promote(step, deps);
  await step.target.kind.finish(secret, promoted);
  await deps.countRotation(step.target.grants, secret.token);
};

const STEPS = { createSecret, setSecret, testSecret, finishSecret } as const;

/**
 * One step of a rotation. The log says step, version, duration and code, and nothing else: what a secret's own
 * errors quote is not known.
 * @throws RotationError; Error ROTATION_STEP_FAILED for what others threw, without their words
 */
export const rotateSecret = async (event: RotationEvent, deps: RotateSecretDeps): Promise<void> => {
  const { Step: step, ClientRequestToken: version } = event;
  const startedAt = deps.now();
  const said = (outcome: string): void =>
    deps.log({ rotation: step, version, outcome, milliseconds: deps.now() - startedAt });
  try {
    await STEPS[step]({ secretId: event.SecretId, token: version }, deps);
    said('done');
  } catch (error) {
    if (error instanceof RotationError) {
      said(error.code);
      throw error;
    }
    const name = error instanceof Error ? error.name : 'unknown';
    said(name);
    throw new Error(`ROTATION_STEP_FAILED: ${step} stopped at ${name}; Secrets Manager tries it again`);
  }
};
