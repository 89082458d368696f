import { randomBytes } from 'node:crypto';
import type { DurableState } from '../durable-file.ts';
import type { Host } from '../service.ts';
import type { InputOf, Operation } from './inputs.ts';
import { randomPassword } from './random-password.ts';
import { rotateSecret } from './rotate-secret.ts';
import type { Rotations } from './rotation.ts';
import {
  findSecret,
  moveStage,
  notFound,
  putVersion,
  SecretsManagerError,
  type SecretsState,
  type StoredSecret,
  usableSecret,
  versionWithStage,
} from './secrets.ts';

const DAY_MS = 86_400_000;
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
const named = (secret: StoredSecret): object => ({ ARN: secret.arn, Name: secret.name });

const described = (secret: StoredSecret): object => ({
  ...named(secret),
  Description: secret.description,
  CreatedDate: seconds(secret.createdAt),
  LastChangedDate: seconds(secret.changedAt),
  DeletedDate: seconds(secret.deletionAt),
  RotationEnabled: secret.rotation !== undefined,
  RotationLambdaARN: secret.rotation?.lambdaArn,
  RotationRules:
    secret.rotation === undefined
      ? undefined
      : {
          AutomaticallyAfterDays: secret.rotation.automaticallyAfterDays,
          ScheduleExpression: secret.rotation.scheduleExpression,
        },
  LastRotatedDate: seconds(secret.rotation?.lastRotatedAt),
  NextRotationDate: seconds(secret.rotation?.nextRotationAt),
  Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
});

const stagesOf = (secret: StoredSecret): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(secret.versions)
      .filter(([, version]) => version.stages.length > 0)
      .map(([id, version]) => [id, version.stages]),
  );

/** The operations, by name. Each answers the JSON document of the protocol. */
export const operations = (
  store: DurableState<SecretsState>,
  host: Pick<Host, 'clock' | 'accountId' | 'region'>,
  rotation: Rotations,
): { readonly [Name in Operation]: (input: InputOf<Name>) => Promise<object> } => {
  const now = (): number => host.clock.now();
  return {
    CreateSecret: (input) =>
      store.update((state) => {
        const known = Object.values(state.secrets).find((secret) => secret.name === input.Name);
        const hasValue = input.SecretString !== undefined || input.SecretBinary !== undefined;
        const repeated =
          known !== undefined &&
          input.ClientRequestToken !== undefined &&
          Object.hasOwn(known.versions, input.ClientRequestToken);
        if (known !== undefined && !repeated)
          throw new SecretsManagerError(
            'ResourceExistsException',
            `The operation failed because the secret ${input.Name} already exists.`,
          );
        const suffix = randomBytes(6).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, 6);
        const secret: StoredSecret = known ?? {
          arn: `arn:aws:secretsmanager:${host.region}:${host.accountId}:secret:${input.Name}-${suffix}`,
          name: input.Name,
          description: input.Description,
          tags: Object.fromEntries(input.Tags.map((tag) => [tag.Key, tag.Value])),
          createdAt: now(),
          changedAt: now(),
          versions: {},
        };
        state.secrets[secret.arn] = secret;
        if (!hasValue) return named(secret);
        const put = putVersion(secret, {
          secretString: input.SecretString,
          secretBinary: input.SecretBinary,
          token: input.ClientRequestToken,
          now: now(),
        });
        return { ...named(secret), VersionId: put.versionId };
      }),

    PutSecretValue: async (input) => {
      if ((input.SecretString === undefined) === (input.SecretBinary === undefined))
        throw new SecretsManagerError(
          'InvalidParameterException',
          'Give either SecretString or SecretBinary.',
        );
      return store.update((state) => {
        const secret = usableSecret(state, input.SecretId);
        const { versionId, version } = putVersion(secret, {
          secretString: input.SecretString,
          secretBinary: input.SecretBinary,
          token: input.ClientRequestToken,
          stages: input.VersionStages,
          now: now(),
        });
        return { ...named(secret), VersionId: versionId, VersionStages: version.stages };
      });
    },

    GetSecretValue: async (input) => {
      const secret = usableSecret(store.read(), input.SecretId);
      const stage = input.VersionStage ?? (input.VersionId === undefined ? 'AWSCURRENT' : undefined);
      const id = input.VersionId ?? versionWithStage(secret, stage ?? '');
      const version =
        id !== undefined && Object.hasOwn(secret.versions, id) ? secret.versions[id] : undefined;
      if (version !== undefined && stage !== undefined && !version.stages.includes(stage))
        throw new SecretsManagerError(
          'InvalidRequestException',
          'You provided a VersionStage that is not associated to the provided VersionId.',
        );
      if (version === undefined || (version.secretString === undefined && version.secretBinary === undefined))
        throw notFound(
          `Secrets Manager can't find the specified secret value for ${stage === undefined ? `VersionId: ${id}` : `staging label: ${stage}`}`,
        );
      return {
        ...named(secret),
        VersionId: id,
        SecretString: version.secretString,
        SecretBinary: version.secretBinary,
        VersionStages: version.stages,
        CreatedDate: seconds(version.createdAt),
      };
    },

    DescribeSecret: async (input) => {
      const secret = findSecret(store.read(), input.SecretId);
      return { ...described(secret), VersionIdsToStages: stagesOf(secret) };
    },

    ListSecrets: async (input) => {
      const names = Object.values(store.read().secrets)
        .filter((secret) => input.IncludePlannedDeletion || secret.deletionAt === undefined)
        .toSorted((left, right) => (left.arn < right.arn ? -1 : 1))
        .filter((secret) => input.NextToken === undefined || secret.arn > input.NextToken);
      const page = names.slice(0, input.MaxResults);
      return {
        SecretList: page.map((secret) => ({
          ...described(secret),
          SecretVersionsToStages: stagesOf(secret),
        })),
        NextToken: names.length > page.length ? page.at(-1)?.arn : undefined,
      };
    },

    UpdateSecretVersionStage: (input) =>
      store.update((state) => {
        const secret = usableSecret(state, input.SecretId);
        const holder = versionWithStage(secret, input.VersionStage);
        for (const id of [input.MoveToVersionId, input.RemoveFromVersionId])
          if (id !== undefined && !Object.hasOwn(secret.versions, id))
            throw notFound(`Secrets Manager can't find the specified secret version: ${id}.`);
        if (holder !== undefined && holder !== input.MoveToVersionId && holder !== input.RemoveFromVersionId)
          throw new SecretsManagerError(
            'InvalidParameterException',
            `The parameter RemoveFromVersionId must name the version ${holder}, which has the staging label.`,
          );
        if (input.MoveToVersionId !== undefined) moveStage(secret, input.VersionStage, input.MoveToVersionId);
        else if (input.VersionStage === 'AWSCURRENT')
          throw new SecretsManagerError(
            'InvalidParameterException',
            'You can only move staging label AWSCURRENT to a different secret version.',
          );
        else if (holder !== undefined) {
          const version = secret.versions[holder];
          if (version !== undefined)
            version.stages = version.stages.filter((stage) => stage !== input.VersionStage);
        }
        secret.changedAt = now();
        return named(secret);
      }),

    RotateSecret: (input) => rotateSecret(input, store, now, rotation),

    // Labels stay where they are: a version that was pending still is.
    CancelRotateSecret: (input) =>
      store.update((state) => {
        const secret = usableSecret(state, input.SecretId);
        if (secret.rotation === undefined)
          throw new SecretsManagerError(
            'InvalidRequestException',
            'You tried to cancel rotation on a secret that has no rotation.',
          );
        delete secret.rotation;
        delete secret.rotating;
        return named(secret);
      }),

    DeleteSecret: (input) =>
      store.update((state) => {
        const secret = usableSecret(state, input.SecretId);
        secret.deletionAt = now() + input.RecoveryWindowInDays * DAY_MS;
        return { ...named(secret), DeletionDate: seconds(secret.deletionAt) };
      }),

    RestoreSecret: (input) =>
      store.update((state) => {
        const secret = findSecret(state, input.SecretId);
        delete secret.deletionAt;
        return named(secret);
      }),

    TagResource: (input) =>
      store.update((state) => {
        const secret = usableSecret(state, input.SecretId);
        for (const tag of input.Tags) secret.tags[tag.Key] = tag.Value;
        return {};
      }),

    GetRandomPassword: async (input) => ({
      RandomPassword: randomPassword({
        ...(input.PasswordLength === undefined ? {} : { passwordLength: input.PasswordLength }),
        excludeCharacters: input.ExcludeCharacters ?? '',
        excludeNumbers: input.ExcludeNumbers ?? false,
        excludePunctuation: input.ExcludePunctuation ?? false,
        excludeUppercase: input.ExcludeUppercase ?? false,
        excludeLowercase: input.ExcludeLowercase ?? false,
      }),
    }),
  };
};
