import { CredentialRef } from '#shared/actions/dry-run.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { Credential, ReadCredential } from '#shared/credentials/credential.ts';
import type { CredentialAct, RecordAct } from '#shared/credentials/rotation/acts.ts';
import {
  HouseSecret,
  type RotationView,
  StageBody,
  UnstickBody,
} from '#shared/credentials/rotation/requests.ts';
import { ROTATION_POLICIES, rotationPolicyOf } from '#shared/credentials/rotation-policies.ts';
import {
  type CancelRotation,
  LONGEST_SCHEDULE_DAYS,
  scheduleDays,
  type StartRotation,
} from '#shared/credentials/rotation/start.ts';
import {
  CURRENT,
  type DescribeSecret,
  holderOf,
  PENDING,
  pendingVersion,
  type PutVersion,
  type RemoveStage,
  type SecretDescription,
  STAGED,
} from '#shared/credentials/rotation/versions.ts';
import { secretFits } from '#shared/credentials/secret-fields.ts';
import { type FreshOperator, operatorOf, requireFreshSignIn } from '#shared/operators/fresh-operator.ts';
import { readJson, requirePrincipal, requireProject } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';

export interface ChangeSecretDeps {
  readonly readPerson: ReadPerson;
  readonly readCredential: ReadCredential;
  readonly describeSecret: DescribeSecret;
  readonly putVersion: PutVersion;
  readonly removeStage: RemoveStage;
  readonly startRotation: StartRotation;
  readonly cancelRotation: CancelRotation;
  readonly recordAct: RecordAct;
  /** The secrets of the stack itself. */
  readonly house: Readonly<Record<HouseSecret, string>>;
  readonly rotationFunctionArn: string;
  readonly newId: () => string;
  readonly now: () => number;
}

/** The secret that a request is about, how often it rotates, and whose it is. */
interface Target {
  readonly secretId: string;
  readonly everyDays: number;
  readonly credential: Credential | undefined;
}

const HOUSE_DAYS: Readonly<Record<HouseSecret, number>> = {
  keyring: ROTATION_POLICIES['hmac-keyring'].maxDays,
  'signing-keys': ROTATION_POLICIES['signing-key'].maxDays,
};

const targetOf = async (
  { params }: HttpRequest,
  person: FreshOperator,
  deps: ChangeSecretDeps,
): Promise<Target> => {
  const house = HouseSecret.safeParse(params['secret']).data;
  if (house !== undefined)
    return { secretId: deps.house[house], everyDays: HOUSE_DAYS[house], credential: undefined };
  const project = params['project'] ?? '';
  requireProject(person, project);
  const { provider, account, environment } = params;
  const ref = CredentialRef.safeParse({ provider, account, environment }).data;
  const credential = ref === undefined ? undefined : await deps.readCredential(project, ref);
  if (credential === undefined || credential.retired)
    throw new ProblemError('NOT_FOUND', 'There is no such credential in this project, or it was retired.');
  if (credential.kind === 'api-key') {
    const policy = credential.policy ?? rotationPolicyOf(credential.provider);
    return { secretId: credential.secretId, everyDays: scheduleDays(policy), credential };
  }
  if (credential.kind !== 'operator-staged')
    throw new ProblemError(
      'NOT_ROTATED_BY_HAND',
      `A credential of kind "${credential.kind}" is not renewed by handing in a value. Reconnect it instead.`,
    );
  return { secretId: credential.secretId, everyDays: LONGEST_SCHEDULE_DAYS, credential };
};

const described = async ({ secretId }: Target, deps: ChangeSecretDeps): Promise<SecretDescription> => {
  const description = await deps.describeSecret(secretId);
  if (description === undefined || description.deleted)
    throw new ProblemError(
      'NOT_FOUND',
      `The secret ${secretId} does not exist or waits for its deletion. Create or restore it in Secrets Manager first.`,
    );
  return description;
};

const view = (
  { name, stages, rotationEnabled, lastChangedAt }: SecretDescription,
  done: RotationView['done'],
  version: string | null,
  next: string,
  now: number,
): RotationView => ({
  secret: name,
  done,
  version,
  rotationEnabled,
  pendingSeconds:
    pendingVersion({ stages }) === undefined || lastChangedAt === null
      ? null
      : Math.max(0, Math.floor((now - lastChangedAt) / 1000)),
  stages: Object.fromEntries(Object.entries(stages).map(([id, labels]) => [id, [...labels]])),
  next,
});

const record = (
  what: CredentialAct['what'],
  versionId: string,
  { secretId, credential }: Target,
  person: FreshOperator,
  deps: ChangeSecretDeps,
): Promise<void> =>
  deps.recordAct({
    schemaVersion: 1,
    id: deps.newId(),
    what,
    by: person.subject,
    at: timestamp(deps.now()),
    project: credential?.project ?? null,
    secretId,
    versionId,
  });

type Change = (
  request: HttpRequest,
  target: Target,
  person: FreshOperator,
  deps: ChangeSecretDeps,
) => Promise<HttpReply>;

/** Keeps a new value beside the current one until somebody rotates. A second one replaces the first. */
const stage: Change = async (request, target, person, deps) => {
  const { provider = '' } = target.credential ?? {};
  if (target.credential === undefined)
    throw new ProblemError(
      'NOT_ROTATED_BY_HAND',
      'Autopack makes the values of this secret itself. Rotate it.',
    );
  if (target.credential.kind === 'api-key')
    throw new ProblemError(
      'NOT_ROTATED_BY_HAND',
      'The API of this credential makes the values of its secret itself. Rotate it.',
    );
  const { fields } = readJson(request, StageBody);
  if (!secretFits(provider, fields))
    throw new ProblemError('INVALID_INPUT', `fields: the value lacks the fields that ${provider} needs.`, {
      field: 'fields',
    });
  const before = await described(target, deps);
  // Secrets Manager makes the first value of a secret the current one, whatever its label: nobody would have tested it.
  if (holderOf(before.stages, CURRENT) === undefined)
    throw new ProblemError(
      'CONFLICT',
      'The secret has no value yet. Put the first one into Secrets Manager; later ones are staged here. Nothing was changed.',
    );
  const token = deps.newId();
  await record('stage', token, target, person, deps);
  await deps.putVersion(target.secretId, { token, value: JSON.stringify(fields), stage: STAGED });
  const after = await described(target, deps);
  const next = 'Rotate the credential: the value is tested at the provider before it is used.';
  return { status: 200, json: view(after, 'staged', token, next, deps.now()) };
};

const oldValue = ({ credential }: Target): string =>
  credential?.kind === 'api-key'
    ? 'The old key stays at hand until the rotation after this one.'
    : 'Delete the old value at the provider only then.';

/** Starts the four steps. Where one is under way or stuck, Secrets Manager tries that one again. */
const rotate: Change = async (_request, target, person, deps) => {
  const before = await described(target, deps);
  const waits = holderOf(before.stages, STAGED) ?? pendingVersion(before);
  if (target.credential?.kind === 'operator-staged' && waits === undefined)
    throw new ProblemError(
      'NOTHING_STAGED',
      'Fetch a new value from the provider and stage it first. Nothing was started.',
    );
  const token = deps.newId();
  await record('rotate', pendingVersion(before) ?? token, target, person, deps);
  const done = await deps.startRotation(target.secretId, {
    token,
    functionArn: deps.rotationFunctionArn,
    everyDays: target.everyDays,
  });
  const after = await described(target, deps);
  const version = done === 'started' ? token : (pendingVersion(after) ?? token);
  const next =
    done === 'started'
      ? `Look again in a minute: the new version is current when its test passed. ${oldValue(target)}`
      : 'An earlier rotation is not complete and is tried again. If it goes on failing, unstick it.';
  return { status: 202, json: view(after, done, version, next, deps.now()) };
};

/** Says what is pending; with its version also stops that rotation and takes the label off. */
const unstick: Change = async (request, target, person, deps) => {
  const { version } = readJson(request, UnstickBody);
  const before = await described(target, deps);
  const pending = pendingVersion(before);
  if (version === undefined) {
    const next =
      pending === undefined
        ? 'Nothing is pending.'
        : `To stop this rotation, send the version ${pending}. The current value stays as it is.`;
    return { status: 200, json: view(before, null, pending ?? null, next, deps.now()) };
  }
  if (pending === undefined)
    throw new ProblemError('NOTHING_PENDING', 'No rotation of this secret is pending. Nothing was changed.');
  if (pending !== version)
    throw new ProblemError(
      'CONFLICT',
      'Another version is pending than the one you named. Look again. Nothing was changed.',
    );
  await record('unstick', version, target, person, deps);
  if (before.rotationEnabled) await deps.cancelRotation(target.secretId);
  const removed = await deps.removeStage(target.secretId, { stage: PENDING, from: version });
  if (removed === 'refused')
    throw new ProblemError('CONFLICT', 'The rotation moved on meanwhile. Look again.');
  const next = 'Rotation is off for this secret until you rotate it again.';
  return { status: 200, json: view(await described(target, deps), 'freed', version, next, deps.now()) };
};

const CHANGES: Readonly<Record<string, Change>> = { stage, rotate, unstick };

/**
 * `POST …/stage`, `…/rotate` and `…/unstick`: what operators do to a secret, by a fresh sign-in and on record. This
 * function can write values and never reads one.
 */
export const changeSecret = async (request: HttpRequest, deps: ChangeSecretDeps): Promise<HttpReply> => {
  const person = await operatorOf(requirePrincipal(request), deps.readPerson);
  requireFreshSignIn(person, deps.now());
  const target = await targetOf(request, person, deps);
  const change = CHANGES[request.path.slice(request.path.lastIndexOf('/') + 1)];
  if (change === undefined) throw new ProblemError('NOT_FOUND', 'There is nothing here.');
  return change(request, target, person, deps);
};
