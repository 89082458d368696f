import type { ListCredentials } from '#shared/credentials/credential.ts';
import { rotationGauges } from '#shared/credentials/rotation/rotation-gauges.ts';
import { stuckPending } from '#shared/credentials/rotation/stuck-pending.ts';
import type { DescribeSecret } from '#shared/credentials/rotation/versions.ts';

export interface WatchRotationsDeps {
  readonly listCredentials: ListCredentials;
  readonly describeSecret: DescribeSecret;
  /** The secrets of the stack itself, by ARN. */
  readonly house: readonly string[];
  readonly stage: string;
  readonly now: () => number;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** Counts of one run. */
export interface WatchedRotations {
  readonly looked: number;
  readonly stuck: number;
  /** Secrets that are not there or could not be looked at. */
  readonly unseen: number;
}

const AT_ONCE = 8;

/**
 * Every ten minutes: looks at the labels of every secret that a credential in use names, and of the stack's own. Reads
 * no value and changes nothing; what to do about a version that is stuck is an operator's decision.
 */
export const watchRotations = async (deps: WatchRotationsDeps): Promise<WatchedRotations> => {
  const grants = (await deps.listCredentials()).filter(({ retired }) => !retired);
  const secrets = [...new Set([...deps.house, ...grants.map(({ secretId }) => secretId)])];
  const looked = secrets.length;
  let stuck = 0;
  let unseen = 0;

  const look = async (secretId: string): Promise<void> => {
    const description = await deps.describeSecret(secretId).catch((error: unknown) => {
      const name = error instanceof Error ? error.name : 'unknown';
      deps.log({ level: 'WARN', event: 'rotation-not-seen', secret: secretId, error: name });
      return undefined;
    });
    if (description === undefined) {
      unseen += 1;
      return;
    }
    const found = stuckPending(description, deps.now());
    if (found === undefined) return;
    stuck += 1;
    const seconds = Math.floor(found.ageMs / 1000);
    const { name: secret } = description;
    deps.log({ level: 'ERROR', event: 'rotation-stuck', secret, version: found.versionId, seconds });
  };
  const worker = async (): Promise<void> => {
    for (let secretId = secrets.pop(); secretId !== undefined; secretId = secrets.pop()) await look(secretId);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  deps.log(rotationGauges(stuck, deps.stage, deps.now()));
  return { looked, stuck, unseen };
};
