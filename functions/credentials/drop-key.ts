import { timestamp } from '#shared/actions/identity.ts';
import type { RecordAct } from '#shared/credentials/rotation/acts.ts';
import {
  DROP_MEANS,
  DropBody,
  type DropRequest,
  type PutDrop,
  type ReadDrop,
  ringKeys,
  type RingView,
  standsFor,
  standsUntil,
  withoutKey,
} from '#shared/credentials/rotation/drop-key.ts';
import { HouseSecret } from '#shared/credentials/rotation/requests.ts';
import {
  CURRENT,
  type DescribeSecret,
  type MoveStage,
  pendingVersion,
  type PutVersion,
  type ReadVersion,
  type SecretVersion,
  STAGED,
} from '#shared/credentials/rotation/versions.ts';
import { type FreshOperator, operatorOf, requireFreshSignIn } from '#shared/operators/fresh-operator.ts';
import { readJson, requirePrincipal } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';

export interface DropKeyDeps {
  readonly readPerson: ReadPerson;
  readonly describeSecret: DescribeSecret;
  readonly readVersion: ReadVersion;
  readonly putVersion: PutVersion;
  readonly moveStage: MoveStage;
  readonly readDrop: ReadDrop;
  readonly putDrop: PutDrop;
  readonly recordAct: RecordAct;
  /** The secrets of the stack itself. */
  readonly house: Readonly<Record<HouseSecret, string>>;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

interface Asked {
  readonly secret: HouseSecret;
  readonly key: string;
  readonly person: FreshOperator;
}

const currentOf = async (secret: HouseSecret, deps: DropKeyDeps): Promise<SecretVersion> => {
  const current = await deps.readVersion(deps.house[secret], { stage: CURRENT });
  if (current === undefined)
    throw new ProblemError('NOT_FOUND', `The secret of ${secret} has no current value.`);
  return current;
};

const view = (
  secret: HouseSecret,
  value: string,
  over: Partial<RingView> & Pick<RingView, 'next'>,
  now: number,
): RingView => ({
  secret,
  done: null,
  key: null,
  askedBy: null,
  askedUntil: null,
  keys: ringKeys(secret, value, now),
  ...over,
});

/** The ring without the key. @throws ProblemError NOT_FOUND, LAST_KEY */
const without = ({ secret, key }: Asked, value: string, now: number): string => {
  const result = withoutKey(secret, value, key, now);
  if (result.kind === 'dropped') return result.value;
  throw result.kind === 'unknown'
    ? new ProblemError('NOT_FOUND', `The ring has no key ${key} (any more). Nothing was changed.`)
    : new ProblemError(
        'LAST_KEY',
        `Nothing could sign without this key. Rotate ${secret} first, and drop it when the new version is current. Nothing was changed.`,
      );
};

const act = (
  { secret, key, person }: Asked,
  what: 'ask-drop' | 'drop',
  versionId: string,
  deps: DropKeyDeps,
) =>
  deps.recordAct({
    schemaVersion: 1,
    id: deps.newId(),
    what,
    by: person.subject,
    at: timestamp(deps.now()),
    project: null,
    secretId: deps.house[secret],
    versionId,
    keyId: key,
  });

/** The first of two: nothing happens to the ring. */
const askFor = async (
  asked: Asked,
  before: DropRequest | undefined,
  current: SecretVersion,
  deps: DropKeyDeps,
): Promise<HttpReply> => {
  const { secret, key, person } = asked;
  const now = deps.now();
  const request: DropRequest = { schemaVersion: 1, secret, key, by: person.subject, at: timestamp(now) };
  await act(asked, 'ask-drop', '', deps);
  if ((await deps.putDrop(before, request)) === 'refused')
    throw new ProblemError('CONFLICT', 'Somebody else asked at this very moment. Ask again.');
  const next = `Another operator has to ask for the very same within an hour. ${DROP_MEANS[secret]}`;
  const stands = { askedBy: person.subject, askedUntil: standsUntil(request) };
  const json = view(secret, current.value, { done: 'waits', key, ...stands, next }, now);
  return { status: 202, json };
};

/**
 * The second of two. A rotation that is under way has read the ring before and would bring the key back, so it has to
 * end or be stopped first; the stage is moved from the very version that was read.
 */
const drop = async (
  asked: Asked,
  current: SecretVersion,
  value: string,
  deps: DropKeyDeps,
): Promise<HttpReply> => {
  const { secret, key, person } = asked;
  const secretId = deps.house[secret];
  const described = await deps.describeSecret(secretId);
  if (described === undefined || pendingVersion(described) !== undefined)
    throw new ProblemError(
      'CONFLICT',
      `A rotation of ${secret} is under way and would bring the key back. Wait for its end, or stop it with unstick; then ask again. Nothing was changed.`,
    );
  const token = deps.newId();
  await act(asked, 'drop', token, deps);
  await deps.putVersion(secretId, { token, value, stage: STAGED });
  const moved = await deps.moveStage(secretId, { stage: CURRENT, from: current.versionId, to: token });
  if (moved === 'refused')
    throw new ProblemError('CONFLICT', 'The ring changed meanwhile. Look again. The key was not dropped.');
  deps.log({ event: 'ring-key-dropped', secret, key, by: person.subject, version: token });
  const json = view(secret, value, { done: 'dropped', key, next: DROP_MEANS[secret] }, deps.now());
  return { status: 200, json };
};

/**
 * `POST /house-secrets/{secret}/drop`: shows the keys of a ring by id, and forgets one of them at once when a second
 * operator asks for the very same within an hour. Both have just signed in, and both are on record. No answer holds a key.
 * @throws ProblemError FORBIDDEN, SIGN_IN_NOT_FRESH, NOT_FOUND, LAST_KEY, CONFLICT
 */
export const dropRingKey = async (request: HttpRequest, deps: DropKeyDeps): Promise<HttpReply> => {
  const person = await operatorOf(requirePrincipal(request), deps.readPerson);
  requireFreshSignIn(person, deps.now());
  const secret = HouseSecret.safeParse(request.params['secret']).data;
  if (secret === undefined) throw new ProblemError('NOT_FOUND', 'There is no such secret of the stack.');
  const { key } = readJson(request, DropBody);
  const current = await currentOf(secret, deps);
  if (key === undefined) {
    const next = `To drop a key, send its id; another operator has to do the same. ${DROP_MEANS[secret]}`;
    return { status: 200, json: view(secret, current.value, { next }, deps.now()) };
  }
  const asked = { secret, key, person };
  const value = without(asked, current.value, deps.now());
  const before = await deps.readDrop(secret, key);
  return standsFor(before, deps.now()) && before.by.toLowerCase() !== person.subject.toLowerCase()
    ? drop(asked, current, value, deps)
    : askFor(asked, before, current, deps);
};
