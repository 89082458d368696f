import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dropRingKey, type DropKeyDeps } from '#functions/credentials/drop-key.ts';
import { finishSecret, rotateSecret, type RotateSecretDeps } from '#functions/credentials/rotate-secret.ts';
import { timestamp } from '#shared/actions/identity.ts';
import {
  newKeyring,
  rotateKeyring,
  signWithKeyring,
  verifyWithKeyring,
} from '#shared/credentials/keyring.ts';
import type { CredentialAct } from '#shared/credentials/rotation/acts.ts';
import { DROP_WAITS_MS, dropPk, RingView, withoutKey } from '#shared/credentials/rotation/drop-key.ts';
import { putDrop, readDrop } from '#shared/credentials/rotation/drops.aws.ts';
import { KEYRING_TIMING, openKeyring } from '#shared/credentials/rotation/keyring-document.ts';
import { hmacKeyringKind, signingKeyKind } from '#shared/credentials/rotation/ring-kinds.ts';
import {
  openSigningKeys,
  rotateSigningKeys,
  signReceipt,
  verifyReceipt,
} from '#shared/credentials/rotation/signing-keys.ts';
import { CURRENT, PENDING } from '#shared/credentials/rotation/versions.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { httpEvent } from '../operators/http-event.ts';
import { memoryRegistry, person as row } from '../operators/memory-registry.ts';
import { SecretsModel } from '../proof/rotation/secrets-model.ts';
import { realTables } from '../support/real-tables.ts';

const T0 = Date.parse('2026-11-21T10:00:00.000Z');
const MINUTE = 60_000;
const WHAT = { purpose: 'test', text: 'what is signed' };
const bytes = (n: number) => new Uint8Array(32).fill(n);
const key = (n: number) => ({ id: `key-${String(n).padStart(6, '0')}`, bytes: bytes(n) });
/** Keys one and two; two is the newest and has not begun to sign. */
const twoKeys = (now = T0): string => {
  const rotated = rotateKeyring(newKeyring(key(1), now - 86_400_000), key(2), now, KEYRING_TIMING);
  if (rotated.kind === 'full') throw new Error('full');
  return JSON.stringify(rotated.ring);
};
const twoSigningKeys = (): string => {
  const first = openSigningKeys(JSON.stringify({ v: 0, seed: 's'.repeat(50) }));
  const rotated = rotateSigningKeys(first, key(2), T0, KEYRING_TIMING);
  if (rotated.kind === 'full') throw new Error('full');
  return JSON.stringify(rotated.ring);
};

const people = memoryRegistry(
  ['olivia', 'sam', 'vera'].map((name) =>
    row(`${name}@example.test`, { roles: name === 'vera' ? ['viewer'] : ['operator'] }),
  ),
);
const who = (name: string, over: object = {}): Principal => ({
  kind: 'person',
  subject: `person:${name}@example.test`,
  email: `${name}@example.test`,
  name,
  projects: ['demo'],
  roles: ['operator'],
  authTimeMs: T0 - MINUTE,
  ...over,
});
const [olivia, sam] = [who('olivia'), who('sam')];

let tables: Awaited<ReturnType<typeof realTables>>;
let serial = 0;
beforeAll(async () => {
  tables = await realTables(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`drops-${n}`, []])));
});
afterAll(() => tables.stop());

let secrets: SecretsModel;
let acts: CredentialAct[];
let now: number;
let deps: DropKeyDeps;
const open = (value: string): void => {
  const table = `drops-${(serial += 1)}`;
  secrets = new SecretsModel(value);
  acts = [];
  now = T0;
  let ids = 0;
  deps = {
    readPerson: people.readPerson,
    ...secrets.ports,
    readDrop: readDrop(tables.db, table),
    putDrop: putDrop(tables.db, table),
    recordAct: async (act) => void acts.push(act),
    house: { keyring: 'arn:keyring', 'signing-keys': 'arn:signing' },
    newId: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`,
    now: () => now,
    log: () => undefined,
  };
};
const ask = async (by: Principal, body: object = {}, secret = 'keyring') => {
  const reply = await httpHandler((request) => dropRingKey(request, deps))(
    httpEvent({
      method: 'POST',
      path: `/house-secrets/${secret}/drop`,
      params: { secret },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      principal: by,
    }),
  );
  return { status: reply.statusCode, body: JSON.parse(reply.body) as any, text: reply.body };
};
const current = () => openKeyring(secrets.valueOf(CURRENT) ?? '');
const FIRST = { key: 'key-000001' };

describe('a key that leaked', () => {
  beforeEach(() => open(twoKeys()));

  test('is dropped when a second operator asks for the very same, both on record, and voids what it signed', async () => {
    const signature = signWithKeyring(current(), WHAT, T0, MINUTE * 30);
    const first = await ask(olivia, FIRST);
    expect(first.status).toBe(202);
    expect(RingView.parse(first.body)).toMatchObject({
      done: 'waits',
      askedBy: 'person:olivia@example.test',
      askedUntil: timestamp(T0 + DROP_WAITS_MS),
    });
    expect(current().keys).toHaveLength(2);

    const second = await ask(sam, FIRST);
    expect([second.status, RingView.parse(second.body).done]).toEqual([200, 'dropped']);
    expect(current().keys.map(({ id }) => id)).toEqual(['key-000002']);
    expect(verifyWithKeyring(current(), WHAT, signature, T0, KEYRING_TIMING)).toBe('unknown-key');
    expect(acts).toMatchObject([
      { what: 'ask-drop', by: 'person:olivia@example.test', keyId: 'key-000001', versionId: '' },
      { what: 'drop', by: 'person:sam@example.test', keyId: 'key-000001', project: null },
    ]);
    expect(secrets.holders(CURRENT)).toEqual([acts[1]?.versionId]);
    expect((await ask(olivia, FIRST)).body.code).toBe('NOT_FOUND');
  });

  test('leaves nobody without a key that signs at once, though the newest had not begun', async () => {
    await ask(olivia, FIRST);
    await ask(sam, FIRST);
    const signature = signWithKeyring(current(), WHAT, T0, MINUTE);
    expect(signature).toContain('key-000002');
    expect(verifyWithKeyring(current(), WHAT, signature, T0, KEYRING_TIMING)).toBe('valid');
  });

  test('one person asks as often as they like, and nothing happens', async () => {
    for (const by of [olivia, who('olivia', { subject: 'person:OLIVIA@example.test' }), olivia])
      expect((await ask(by, FIRST)).status).toBe(202);
    expect(current().keys).toHaveLength(2);
  });

  test('the word of the first counts for an hour, and for the key that they named', async () => {
    await ask(olivia, FIRST);
    now = T0 + DROP_WAITS_MS;
    const late = who('sam', { authTimeMs: now });
    expect((await ask(late, FIRST)).status).toBe(202);
    expect((await ask(who('olivia', { authTimeMs: now }), FIRST)).status).toBe(200);
  });

  test('the newest stays: without it nobody could sign. Rotated once more, it can go', async () => {
    for (const by of [olivia, sam]) expect((await ask(by, { key: 'key-000002' })).body.code).toBe('LAST_KEY');
    expect(acts).toEqual([]);
    const rotated = rotateKeyring(current(), key(3), T0, KEYRING_TIMING);
    if (rotated.kind === 'full') throw new Error('full');
    open(JSON.stringify(rotated.ring));
    await ask(olivia, { key: 'key-000002' });
    expect((await ask(sam, { key: 'key-000002' })).body.done).toBe('dropped');
    expect(current().keys.map(({ id }) => id)).toEqual(['key-000001', 'key-000003']);
  });

  test.each<[string, Principal, object, string, number, string]>([
    ['a viewer', who('vera'), FIRST, 'keyring', 403, 'FORBIDDEN'],
    [
      'an old sign-in',
      who('sam', { authTimeMs: T0 - 6 * MINUTE }),
      FIRST,
      'keyring',
      401,
      'SIGN_IN_NOT_FRESH',
    ],
    ['a key that there is not', sam, { key: 'key-999999' }, 'keyring', 404, 'NOT_FOUND'],
    ['a name that is no key', sam, { key: '#' }, 'keyring', 400, 'INVALID_INPUT'],
    ['a secret that is none of the stack', sam, FIRST, 'alpaca', 404, 'NOT_FOUND'],
  ])('%s is refused also as the second', async (_, by, body, secret, status, code) => {
    await ask(olivia, FIRST);
    const reply = await ask(by, body, secret);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(current().keys).toHaveLength(2);
  });

  test('the keys are shown by id and time, and no answer holds one', async () => {
    const { body, text } = await ask(olivia);
    expect(RingView.parse(body).keys.map(({ id, signsNow }) => [id, signsNow])).toEqual([
      ['key-000001', true],
      ['key-000002', false],
    ]);
    const said = text + (await ask(olivia, FIRST)).text + (await ask(sam, FIRST)).text + JSON.stringify(acts);
    for (const n of [1, 2]) expect(said).not.toContain(Buffer.from(bytes(n)).toString('base64url'));
  });

  test('the request for it is no row of anything else', () => {
    expect(dropPk({ secret: 'keyring', key: 'key-000001' })).toBe('drop#keyring#key-000001');
  });
});

describe('a rotation beside it never brings the key back', () => {
  const kind = hmacKeyringKind(KEYRING_TIMING, {
    now: () => now,
    randomBytes: (size) => new Uint8Array(size).fill(9),
  });
  const rotation = (over: Partial<RotateSecretDeps> = {}): RotateSecretDeps => ({
    versions: secrets.ports,
    targetOf: async () => ({ kind, grants: [] }),
    countRotation: async () => undefined,
    sleep: async () => undefined,
    now: () => now,
    log: () => undefined,
    ...over,
  });
  const TOKEN = 'r'.repeat(36);
  const step = (Step: 'createSecret' | 'testSecret' | 'finishSecret', over: Partial<RotateSecretDeps> = {}) =>
    rotateSecret({ Step, SecretId: SecretsModel.ID, ClientRequestToken: TOKEN }, rotation(over));
  beforeEach(() => open(twoKeys()));

  test('one that is under way has to end first', async () => {
    await ask(olivia, FIRST);
    secrets.beginRotation(TOKEN);
    await step('createSecret');
    expect((await ask(sam, FIRST)).body).toMatchObject({ code: 'CONFLICT' });
    expect(current().keys).toHaveLength(2);
  });

  test('one that began unseen is refused when it is tested, and when it would be promoted', async () => {
    await ask(olivia, FIRST);
    secrets.beginRotation(TOKEN);
    await step('createSecret');
    const seen = deps.describeSecret;
    deps = {
      ...deps,
      describeSecret: async (id) => {
        const description = await seen(id);
        return description === undefined ? undefined : { ...description, stages: {} };
      },
    };
    expect((await ask(sam, FIRST)).body.done).toBe('dropped');
    await expect(step('testSecret')).rejects.toMatchObject({ code: 'PENDING_REFUSED' });
    await expect(step('finishSecret')).rejects.toMatchObject({ code: 'PENDING_REFUSED' });
    expect(current().keys.map(({ id }) => id)).toEqual(['key-000002']);
  });

  test('a drop between the last test and the promotion wins', async () => {
    secrets.beginRotation(TOKEN);
    await step('createSecret');
    let dropped = false;
    // The last thing that the step does before it moves the stage is to look at the labels once more.
    const describeSecret: SecretsModel['ports']['describeSecret'] = async (id) => {
      const description = await secrets.ports.describeSecret(id);
      const pendingRead = reads >= 2;
      if (pendingRead && !dropped) {
        dropped = true;
        const result = withoutKey('keyring', secrets.valueOf(CURRENT) ?? '', 'key-000001', now);
        if (result.kind !== 'dropped') throw new Error(result.kind);
        const token = 'd'.repeat(36);
        await secrets.ports.putVersion(id, { token, value: result.value, stage: 'AUTOPACK_STAGED' });
        const [from = ''] = secrets.holders(CURRENT);
        await secrets.ports.moveStage(id, { stage: CURRENT, from, to: token });
        return secrets.ports.describeSecret(id);
      }
      return description;
    };
    let reads = 0;
    const readVersion: SecretsModel['ports']['readVersion'] = async (id, wanted) => {
      reads += 1;
      return secrets.ports.readVersion(id, wanted);
    };
    const versions = { ...secrets.ports, describeSecret, readVersion };
    await expect(
      finishSecret({ secretId: SecretsModel.ID, token: TOKEN }, rotation({ versions })),
    ).rejects.toMatchObject({ code: 'STAGE_MOVED' });
    expect(dropped).toBe(true);
    expect(current().keys.map(({ id }) => id)).toEqual(['key-000002']);
    expect(secrets.holders(PENDING)).toEqual([TOKEN]);
  });
});

describe('signing keys', () => {
  const ring = () => openSigningKeys(secrets.valueOf(CURRENT) ?? '');
  beforeEach(() => open(twoSigningKeys()));

  test('the receipts of the one that leaked fail their check, and the other one signs', async () => {
    const receipt = signReceipt(ring(), WHAT, T0);
    for (const by of [olivia, sam]) await ask(by, { key: 'first-key' }, 'signing-keys');
    expect(verifyReceipt(ring(), WHAT, receipt)).toBe('unknown-key');
    expect(verifyReceipt(ring(), WHAT, signReceipt(ring(), WHAT, T0))).toBe('valid');
    expect((await ask(olivia, { key: key(2).id }, 'signing-keys')).body.code).toBe('LAST_KEY');
  });

  test('a ring from before it is refused by a rotation', async () => {
    const before = secrets.valueOf(CURRENT) ?? '';
    const kind = signingKeyKind(KEYRING_TIMING, {
      now: () => now,
      randomBytes: (size) => new Uint8Array(size).fill(9),
    });
    const secret = { secretId: SecretsModel.ID, token: 'r'.repeat(36) };
    const stale = await kind.create(secret, before);
    expect(await kind.test(stale, before)).toBe('works');
    for (const by of [olivia, sam]) await ask(by, { key: 'first-key' }, 'signing-keys');
    expect(await kind.test(stale, secrets.valueOf(CURRENT) ?? '')).toBe('refused');
  });
});
