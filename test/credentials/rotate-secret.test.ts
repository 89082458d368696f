import { describe, expect, test } from 'vitest';
import {
  createSecret,
  finishSecret,
  rotateSecret,
  type RotateSecretDeps,
  RotationEvent,
  setSecret,
  testSecret,
} from '#functions/credentials/rotate-secret.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import type { Renewal } from '#shared/credentials/renewal.ts';
import { apiKeyKind } from '#shared/credentials/rotation/api-key.ts';
import { hmacKeyringKind } from '#shared/credentials/rotation/ring-kinds.ts';
import { openKeyring } from '#shared/credentials/rotation/keyring-document.ts';
import type { RotationKind } from '#shared/credentials/rotation/kind.ts';
import { operatorStagedKind } from '#shared/credentials/rotation/operator-staged.ts';
import { STAGED } from '#shared/credentials/rotation/versions.ts';
import { targetOf } from '#shared/credentials/rotation/target.ts';
import { alpaca, bytesOf, NOW, ProviderModel, TIMING } from '../proof/rotation/kinds.ts';
import { SecretsModel } from '../proof/rotation/secrets-model.ts';
import { aCredential } from './rows.ts';

const TOKEN = 'token-of-the-rotation-00000000000001';
const RENEWAL: Renewal = {
  url: 'https://api.example.test/keys',
  tokenField: 'token',
  probeUrl: 'https://api.example.test/me',
};
const RENEWED = { provider: 'http', kind: 'api-key', renewal: RENEWAL } as const;
const secret = { secretId: SecretsModel.ID, token: TOKEN };
const SEED = JSON.stringify({ v: 0, seed: 'x'.repeat(64) });

interface World {
  readonly secrets: SecretsModel;
  readonly deps: RotateSecretDeps;
  readonly lines: string[];
  readonly counted: string[];
}

const worldOf = (
  secrets: SecretsModel,
  kind: RotationKind,
  grants: Credential[] = [],
  over: object = {},
): World => {
  const lines: string[] = [];
  const counted: string[] = [];
  const deps: RotateSecretDeps = {
    versions: secrets.ports,
    targetOf: async () => ({ kind, grants }),
    countRotation: async (_grants, version) => void counted.push(version),
    sleep: async () => undefined,
    now: () => NOW,
    log: (line) => void lines.push(JSON.stringify(line)),
    ...over,
  };
  return { secrets, deps, lines, counted };
};

const ringWorld = (secrets = new SecretsModel(SEED)): World =>
  worldOf(secrets, hmacKeyringKind(TIMING, { now: () => NOW, randomBytes: bytesOf(7) }));

const stagedWorld = async (next = 'after', known: string | null = null) => {
  const provider = new ProviderModel();
  provider.keys.set('before', 'account-1').set('after', 'account-1').set('theirs', 'account-2');
  const secrets = new SecretsModel(alpaca('before'));
  await secrets.ports.putVersion(SecretsModel.ID, {
    token: 'staged-by-an-operator-0000000000000',
    value: alpaca(next),
    stage: STAGED,
  });
  const kind = operatorStagedKind(aCredential(), {
    readVersion: secrets.ports.readVersion,
    removeStage: secrets.ports.removeStage,
    probe: provider.probe,
    knownAccount: async () => known,
  });
  return { ...worldOf(secrets, kind, [aCredential()]), provider };
};

const all = async ({ deps }: World): Promise<void> => {
  for (const step of [createSecret, setSecret, testSecret, finishSecret]) await step(secret, deps);
};
const codeOf = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code ?? error,
  );

describe('a step of a rotation', () => {
  test('createSecret made twice keeps the first value (B2: same token, other value)', async () => {
    const world = ringWorld();
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    const made = world.secrets.valueOf('AWSPENDING');
    await createSecret(secret, world.deps);
    expect(world.secrets.valueOf('AWSPENDING')).toBe(made);
  });

  test('createSecret that cannot see what was made takes the conflict for "already made"', async () => {
    const world = ringWorld();
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    const made = world.secrets.valueOf('AWSPENDING');
    let blind = true;
    const readVersion: typeof world.secrets.ports.readVersion = (id, wanted) => {
      if (!blind || wanted.versionId === undefined) return world.secrets.ports.readVersion(id, wanted);
      blind = false;
      return Promise.resolve(undefined);
    };
    await createSecret(secret, { ...world.deps, versions: { ...world.secrets.ports, readVersion } });
    expect(world.secrets.valueOf('AWSPENDING')).toBe(made);
  });

  test('testSecret alone, on a pending version without a value, looks at the current one and changes nothing', async () => {
    const world = await stagedWorld();
    world.secrets.beginRotation(TOKEN);
    await testSecret(secret, world.deps);
    expect(world.secrets.valueOf('AWSCURRENT')).toBe(alpaca('before'));
    world.provider.keys.delete('before');
    expect(await codeOf(testSecret(secret, world.deps))).toBe('CURRENT_REFUSED');
    expect(world.secrets.valueOf('AWSPENDING')).toBeUndefined();
  });

  test('finishSecret made again, also after the service took the pending label off, changes and adds nothing', async () => {
    const world = await stagedWorld();
    world.secrets.beginRotation(TOKEN);
    await all(world);
    await finishSecret(secret, world.deps);
    world.secrets.cleanUp(TOKEN);
    await finishSecret(secret, world.deps);
    expect(world.secrets.holders('AWSCURRENT')).toEqual([TOKEN]);
    expect(world.secrets.valueOf('AWSPREVIOUS')).toBe(alpaca('before'));
    // Counted by version, so that three times are once.
    expect(new Set(world.counted)).toEqual(new Set([TOKEN]));
  });

  test('pending that was left on the current version is no rotation under way', async () => {
    const world = ringWorld();
    world.secrets.beginRotation(TOKEN);
    await all(world);
    const next = 'token-of-the-rotation-00000000000002';
    world.secrets.beginRotation(next);
    await createSecret({ ...secret, token: next }, world.deps);
    expect(world.secrets.holders('AWSPENDING')).toEqual([next]);
  });

  test('finishSecret promotes nothing that stopped working since it was tested', async () => {
    const world = await stagedWorld();
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    await testSecret(secret, world.deps);
    world.provider.keys.delete('after');
    expect(await codeOf(finishSecret(secret, world.deps))).toBe('PENDING_REFUSED');
    expect(world.secrets.valueOf('AWSCURRENT')).toBe(alpaca('before'));
  });

  test('finishSecret that lost the race for the stage says so', async () => {
    const world = ringWorld();
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    const moveStage = async (): Promise<'refused'> => 'refused';
    const versions = { ...world.secrets.ports, moveStage };
    expect(await codeOf(finishSecret(secret, { ...world.deps, versions }))).toBe('STAGE_MOVED');
  });

  test('every step is refused once rotation was cancelled, but for a version that is current already', async () => {
    const world = ringWorld();
    world.secrets.beginRotation(TOKEN);
    world.secrets.rotationEnabled = false;
    for (const step of [createSecret, setSecret, testSecret, finishSecret])
      expect(await codeOf(step(secret, world.deps))).toBe('ROTATION_OFF');
    world.secrets.rotationEnabled = true;
    await all(world);
    world.secrets.rotationEnabled = false;
    for (const step of [createSecret, setSecret, testSecret, finishSecret])
      expect(await codeOf(step(secret, world.deps))).toBe('no error');
  });

  test('a version that is neither pending nor current is refused', async () => {
    const world = ringWorld();
    world.secrets.beginRotation(TOKEN);
    const other = { ...secret, token: 'token-of-another-rotation-0000000001' };
    expect(await codeOf(createSecret(other, world.deps))).toBe('VERSION_NOT_PENDING');
  });
});

describe('a value that an operator staged', () => {
  test('is promoted after its test; the one before it stays at hand', async () => {
    const world = await stagedWorld();
    world.secrets.beginRotation(TOKEN);
    await all(world);
    expect(world.secrets.valueOf('AWSCURRENT')).toBe(alpaca('after'));
    expect(world.secrets.valueOf('AWSPREVIOUS')).toBe(alpaca('before'));
    expect(world.secrets.holders(STAGED)).toEqual([]);
  });

  test.each([
    ['of another account is refused', 'theirs', null],
    ['of another account is refused by what was known, where the old value is dead', 'theirs', 'account-1'],
  ])('%s', async (_name, next, known) => {
    const world = await stagedWorld(next, known);
    if (known !== null) world.provider.keys.delete('before');
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    expect(await codeOf(setSecret(secret, world.deps))).toBe('OTHER_ACCOUNT');
    expect(world.secrets.valueOf('AWSCURRENT')).toBe(alpaca('before'));
  });

  test('that the provider refuses is not promoted', async () => {
    const world = await stagedWorld('wrong');
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    expect(await codeOf(setSecret(secret, world.deps))).toBe('PENDING_REFUSED');
    expect(await codeOf(testSecret(secret, world.deps))).toBe('PENDING_REFUSED');
    expect(world.secrets.valueOf('AWSCURRENT')).toBe(alpaca('before'));
  });

  test('that cannot be asked about is neither refused nor promoted', async () => {
    const world = await stagedWorld();
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    world.provider.silent = 1;
    expect(await codeOf(testSecret(secret, world.deps))).toBe('CANNOT_TELL');
    expect(await codeOf(testSecret(secret, world.deps))).toBe('no error');
  });

  test('is needed: without one nothing rotates', async () => {
    const world = await stagedWorld('before');
    world.secrets.beginRotation(TOKEN);
    expect(await codeOf(createSecret(secret, world.deps))).toBe('NEEDS_STAGED_VALUE');
  });

  test('that is staged while another one is promoted waits for the next rotation', async () => {
    const world = await stagedWorld();
    world.secrets.beginRotation(TOKEN);
    await createSecret(secret, world.deps);
    await world.secrets.ports.putVersion(SecretsModel.ID, {
      token: 'staged-by-another-operator-00000000',
      value: alpaca('later'),
      stage: STAGED,
    });
    await finishSecret(secret, world.deps);
    expect(world.secrets.valueOf(STAGED)).toBe(alpaca('later'));
  });
});

describe('what a rotation says', () => {
  const CANARY = 'planted-secret-value';

  test('a log line has step, version, outcome and time, and no error has a word of a value', async () => {
    const secrets = new SecretsModel(CANARY);
    const world = ringWorld(secrets);
    secrets.beginRotation(TOKEN);
    const event = { Step: 'createSecret', SecretId: SecretsModel.ID, ClientRequestToken: TOKEN };
    const failing: RotateSecretDeps = {
      ...world.deps,
      versions: {
        ...secrets.ports,
        putVersion: async (_id, { value }) => {
          throw Object.assign(new Error(`cannot store ${value} ${CANARY}`), { name: 'LimitExceeded' });
        },
      },
    };
    const said: string[] = [];
    for (const [step, deps] of [
      ['createSecret', world.deps],
      ['testSecret', world.deps],
      ['createSecret', failing],
    ] as const)
      await rotateSecret(RotationEvent.parse({ ...event, Step: step }), deps).catch((error: unknown) =>
        said.push(String(error), JSON.stringify(error)),
      );
    expect(said.length).toBeGreaterThan(0);
    expect([...said, ...world.lines].join('\n')).not.toContain(CANARY);
    for (const line of world.lines)
      expect(Object.keys(JSON.parse(line) as object)).toEqual([
        'rotation',
        'version',
        'outcome',
        'milliseconds',
      ]);
  });

  test('an event that does not fit is refused before anything is asked', () => {
    expect(
      RotationEvent.safeParse({ Step: 'dropSecret', SecretId: 'x', ClientRequestToken: TOKEN }),
    ).toMatchObject({ success: false });
  });
});

describe('what a secret is to us', () => {
  const arn = SecretsModel.ID;
  const name = 'autopack/dev/model';
  const find = (grants: Credential[], house = {}) =>
    targetOf({
      listCredentials: async () => grants,
      house,
      operatorStaged: () => hmacKeyringKind(TIMING, { now: () => NOW, randomBytes: bytesOf(1) }),
      apiKey: (credential, renewal) =>
        apiKeyKind(credential, renewal, {
          readVersion: async () => undefined,
          ask: async () => undefined,
        }),
    })({ arn, name });

  test.each([
    ['its name', name],
    ['its ARN', arn],
    ['its ARN without the suffix', arn.slice(0, -7)],
  ])('a credential names it by %s', async (_by, secretId) => {
    const grants = [aCredential({ secretId }), aCredential({ secretId: `${secretId}-other` })];
    expect((await find(grants)).grants).toEqual([grants[0]]);
  });

  test.each<[string, Credential[]]>([
    ['nobody registered', []],
    ['only a retired credential names', [aCredential({ secretId: name, retired: true })]],
    [
      'credentials of two accounts name',
      [aCredential({ secretId: name }), aCredential({ secretId: name, account: 'other' })],
    ],
    [
      'credentials name that renew it in two ways',
      [
        aCredential({ ...RENEWED, secretId: name }),
        aCredential({
          ...RENEWED,
          project: 'other',
          secretId: name,
          renewal: { ...RENEWAL, url: 'https://api.example.test/other' },
        }),
      ],
    ],
    ['an OAuth connection has', [aCredential({ secretId: name, kind: 'oauth', provider: 'etsy' })]],
  ])('one that %s is not touched', async (_what, grants) => {
    expect(await codeOf(find(grants))).toBe('NOT_ROTATED_HERE');
  });

  test('a key that its API renews is one for every credential that names it and renews it alike', async () => {
    const grants = [
      aCredential({ ...RENEWED, secretId: name }),
      aCredential({ ...RENEWED, project: 'other', secretId: arn }),
    ];
    const target = await find(grants);
    expect(target.grants).toEqual(grants);
    expect(await target.kind.test(JSON.stringify({ token: 'k' }), '')).toBe('cannot-tell');
  });

  test('a ring that was made from a seed keeps what the seed signed', async () => {
    const world = ringWorld();
    world.secrets.beginRotation(TOKEN);
    await all(world);
    expect(openKeyring(world.secrets.valueOf('AWSCURRENT') ?? '').keys.map(({ id }) => id)).toContain(
      'first-key',
    );
  });
});
