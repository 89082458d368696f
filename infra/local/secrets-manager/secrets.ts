import { randomUUID } from 'node:crypto';
import * as z from 'zod';

const Version = z.object({
  secretString: z.string().optional(),
  /** Base64. */
  secretBinary: z.string().optional(),
  stages: z.array(z.string()),
  createdAt: z.number(),
});
export type Version = z.infer<typeof Version>;

const Rotation = z.object({
  lambdaArn: z.string(),
  automaticallyAfterDays: z.number().optional(),
  scheduleExpression: z.string().optional(),
  lastRotatedAt: z.number().optional(),
  nextRotationAt: z.number().optional(),
});
export type Rotation = z.infer<typeof Rotation>;

export const StoredSecret = z.object({
  arn: z.string(),
  name: z.string(),
  description: z.string(),
  tags: z.record(z.string(), z.string()),
  createdAt: z.number(),
  changedAt: z.number(),
  /** When the recovery window ends; nothing here removes the secret then. */
  deletionAt: z.number().optional(),
  rotation: Rotation.optional(),
  /** Version that a rotation under way has made; survives a restart so that it can go on. */
  rotating: z.string().optional(),
  versions: z.record(z.string(), Version),
});
export type StoredSecret = z.infer<typeof StoredSecret>;

export const SecretsState = z.object({ secrets: z.record(z.string(), StoredSecret) });
export type SecretsState = z.infer<typeof SecretsState>;

/** A refusal as Secrets Manager names it; always status 400 but for `NotImplemented`. */
export class SecretsManagerError extends Error {
  override readonly name = 'SecretsManagerError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const notFound = (message = "Secrets Manager can't find the specified secret."): SecretsManagerError =>
  new SecretsManagerError('ResourceNotFoundException', message);

/** By name, by ARN, or by ARN without the six characters that AWS appends. */
export const findSecret = (state: SecretsState, secretId: string): StoredSecret => {
  const found = Object.values(state.secrets).find(
    (secret) =>
      secret.arn === secretId ||
      secret.name === secretId ||
      secret.arn.replace(/-[A-Za-z0-9]{6}$/, '') === secretId,
  );
  if (found === undefined) throw notFound();
  return found;
};

/** As `findSecret`, but a secret that is marked for deletion is out of use. */
export const usableSecret = (state: SecretsState, secretId: string): StoredSecret => {
  const secret = findSecret(state, secretId);
  if (secret.deletionAt !== undefined)
    throw new SecretsManagerError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  return secret;
};

/** Id of the version that carries a stage, if one does. */
export const versionWithStage = (secret: StoredSecret, stage: string): string | undefined =>
  Object.keys(secret.versions).find((id) => secret.versions[id]?.stages.includes(stage));

/** A pending version that is not current: a rotation is under way or got stuck. */
export const pendingVersion = (secret: StoredSecret): string | undefined => {
  const pending = versionWithStage(secret, 'AWSPENDING');
  return pending === versionWithStage(secret, 'AWSCURRENT') ? undefined : pending;
};

const takeStage = (secret: StoredSecret, stage: string): void => {
  for (const version of Object.values(secret.versions))
    version.stages = version.stages.filter((each) => each !== stage);
};

/** Puts a stage on one version; moving AWSCURRENT leaves AWSPREVIOUS on the version that had it. */
export const moveStage = (secret: StoredSecret, stage: string, versionId: string): void => {
  const before = versionWithStage(secret, stage);
  if (before === versionId) return;
  takeStage(secret, stage);
  secret.versions[versionId]?.stages.push(stage);
  if (stage !== 'AWSCURRENT' || before === undefined) return;
  takeStage(secret, 'AWSPREVIOUS');
  secret.versions[before]?.stages.push('AWSPREVIOUS');
};

const VERSIONS_KEPT = 100;

/** AWS forgets the oldest versions without a stage beyond about a hundred. */
const forgetOldVersions = (secret: StoredSecret): void => {
  const unstaged = Object.entries(secret.versions)
    .filter(([, version]) => version.stages.length === 0)
    .toSorted(([, left], [, right]) => left.createdAt - right.createdAt);
  const excess = Object.keys(secret.versions).length - VERSIONS_KEPT;
  for (const [id] of unstaged.slice(0, Math.max(0, excess))) delete secret.versions[id];
};

export interface NewValue {
  readonly secretString?: string | undefined;
  readonly secretBinary?: string | undefined;
  readonly token?: string | undefined;
  readonly stages?: readonly string[] | undefined;
  readonly now: number;
}

/**
 * Adds a version under the client's token. The same token with the same value is the same version again.
 * @throws SecretsManagerError ResourceExistsException where the token has another value.
 */
export const putVersion = (
  secret: StoredSecret,
  value: NewValue,
): { versionId: string; version: Version } => {
  const versionId = value.token ?? randomUUID();
  const known = Object.hasOwn(secret.versions, versionId) ? secret.versions[versionId] : undefined;
  const hasValue = known?.secretString !== undefined || known?.secretBinary !== undefined;
  const same = known?.secretString === value.secretString && known?.secretBinary === value.secretBinary;
  if (hasValue && !same)
    throw new SecretsManagerError(
      'ResourceExistsException',
      `You tried to create a version with the token ${versionId}, which exists with another value.`,
    );
  if (known !== undefined && hasValue) return { versionId, version: known };
  secret.versions[versionId] = {
    ...(value.secretString === undefined ? {} : { secretString: value.secretString }),
    ...(value.secretBinary === undefined ? {} : { secretBinary: value.secretBinary }),
    stages: known?.stages ?? [],
    createdAt: value.now,
  };
  const stages = value.stages ?? ['AWSCURRENT'];
  // The first value of a secret is always current as well.
  const first = versionWithStage(secret, 'AWSCURRENT') === undefined;
  for (const stage of first ? new Set([...stages, 'AWSCURRENT']) : stages)
    moveStage(secret, stage, versionId);
  secret.changedAt = value.now;
  forgetOldVersions(secret);
  const version = secret.versions[versionId];
  if (version === undefined) throw new Error('A version that was just put is gone');
  return { versionId, version };
};
