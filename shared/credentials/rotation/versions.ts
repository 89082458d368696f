/**
 * The part of Secrets Manager that a rotation is made of. A version is named by its id, which is the
 * `ClientRequestToken` of the request that made it; stages are labels that each hang on one version.
 */
export const CURRENT = 'AWSCURRENT';
export const PENDING = 'AWSPENDING';
export const PREVIOUS = 'AWSPREVIOUS';
/**
 * Our own label: what an operator handed in and nobody has promoted yet. It is not `AWSPENDING`, because Secrets
 * Manager takes that for a rotation under way and refuses to start one.
 */
export const STAGED = 'AUTOPACK_STAGED';
export type Stage = typeof CURRENT | typeof PENDING | typeof PREVIOUS | typeof STAGED;

export interface SecretDescription {
  readonly arn: string;
  readonly name: string;
  /** Labels by version id. A version without any is not listed. */
  readonly stages: Readonly<Record<string, readonly string[]>>;
  readonly rotationEnabled: boolean;
  readonly rotationLambdaArn: string | null;
  /** Epoch milliseconds. */
  readonly lastChangedAt: number | null;
  readonly lastRotatedAt: number | null;
  /** It waits for its deletion and can neither be read nor rotated. */
  readonly deleted: boolean;
}

export interface SecretVersion {
  readonly versionId: string;
  readonly value: string;
}

/** By stage alone, or by id with the stage that it has to carry. */
export interface VersionWanted {
  readonly stage: Stage;
  readonly versionId?: string;
}

/** Labels as they are now; `undefined` where there is no such secret. */
export type DescribeSecret = (secretId: string) => Promise<SecretDescription | undefined>;

/** One read. `undefined`: no such version, it does not carry the stage, or it has no value (yet). */
export type ReadVersion = (secretId: string, wanted: VersionWanted) => Promise<SecretVersion | undefined>;

/**
 * Makes or fills the version `token` and hangs the stage on it.
 * @returns `exists` where the token has another value already: somebody made it, read it again
 */
export type PutVersion = (
  secretId: string,
  version: { readonly token: string; readonly value: string; readonly stage: Stage },
) => Promise<'stored' | 'exists'>;

/**
 * Moves a stage from the version that was seen with it. Moving `AWSCURRENT` leaves `AWSPREVIOUS` on `from`.
 * @returns `refused` where the stage hangs on another version by now
 */
export type MoveStage = (
  secretId: string,
  move: { readonly stage: Stage; readonly from: string; readonly to: string },
) => Promise<'moved' | 'refused'>;

/** Takes a stage off. Never `AWSCURRENT`. @returns `refused` where it hangs on another version by now */
export type RemoveStage = (
  secretId: string,
  removal: { readonly stage: Exclude<Stage, typeof CURRENT>; readonly from: string },
) => Promise<'removed' | 'refused'>;

/** What the four steps and an OAuth exchange need. */
export interface SecretVersions {
  readonly describeSecret: DescribeSecret;
  readonly readVersion: ReadVersion;
  readonly putVersion: PutVersion;
  readonly moveStage: MoveStage;
  readonly removeStage: RemoveStage;
}

/** The version that carries a stage, if one does. */
export const holderOf = (stages: SecretDescription['stages'], stage: Stage): string | undefined =>
  Object.keys(stages).find((versionId) => stages[versionId]?.includes(stage));

/**
 * The version that a rotation is making: pending on a version other than the current one. Pending that was left on
 * the current version is the trace of a rotation that ended well.
 */
export const pendingVersion = ({ stages }: Pick<SecretDescription, 'stages'>): string | undefined => {
  const pending = holderOf(stages, PENDING);
  return pending === undefined || stages[pending]?.includes(CURRENT) === true ? undefined : pending;
};

const READS = 4;

/**
 * Secrets Manager may answer a read with what was true a moment ago. Reads by version id until the answer is there,
 * four times at most, with 100, 200 and 400 milliseconds between.
 */
export const readSettled = async (
  read: ReadVersion,
  secretId: string,
  wanted: VersionWanted,
  sleep: (ms: number) => Promise<void>,
): Promise<SecretVersion | undefined> => {
  for (let attempt = 0; attempt < READS; attempt += 1) {
    if (attempt > 0) await sleep(100 * 2 ** (attempt - 1));
    const version = await read(secretId, wanted);
    if (version !== undefined) return version;
  }
  return undefined;
};
