import { beforeEach, describe, expect, test } from 'vitest';
import { changeSecret, type ChangeSecretDeps } from '#functions/credentials/change-secret.ts';
import { type Credential, credentialPk } from '#shared/credentials/credential.ts';
import type { CredentialAct } from '#shared/credentials/rotation/acts.ts';
import { STAGED } from '#shared/credentials/rotation/versions.ts';
import { httpHandler } from '#shared/operators/http-edge.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { httpEvent } from '../operators/http-event.ts';
import { memoryRegistry, person as row } from '../operators/memory-registry.ts';
import { alpaca } from '../proof/rotation/kinds.ts';
import { SecretsModel, SecretsRefusal } from '../proof/rotation/secrets-model.ts';
import { aCredential } from './rows.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const CANARY = 'planted-secret-value';
const FIELDS = { keyId: 'id', secretKey: CANARY };
const people = memoryRegistry([
  row('olivia@example.test'),
  row('former@example.test', { active: false }),
  row('vera@example.test', { roles: ['viewer'] }),
  row('demoted@example.test', { roles: ['viewer'] }),
]);
const who = (name: string, over: object = {}): Principal => ({
  kind: 'person',
  subject: `person:${name}@example.test`,
  email: `${name}@example.test`,
  name,
  projects: ['demo'],
  roles: name === 'vera' ? ['viewer'] : ['operator'],
  authTimeMs: NOW - 60_000,
  ...over,
});
const agent: Principal = {
  kind: 'client',
  subject: 'client:bot',
  name: 'bot',
  projects: ['demo'],
  roles: ['operator'],
  owner: 'person:ada@example.test',
};

let secrets: SecretsModel;
let grants: Map<string, Credential>;
let acts: CredentialAct[];
let started: { readonly secretId: string; readonly everyDays: number }[];
let serial: number;
beforeEach(() => {
  secrets = new SecretsModel(alpaca('before'));
  grants = new Map();
  for (const grant of [
    aCredential(),
    aCredential({ account: 'gone', retired: true }),
    aCredential({
      provider: 'http',
      account: 'api',
      kind: 'api-key',
      renewal: {
        url: 'https://api.example.test/keys',
        tokenField: 'token',
        probeUrl: 'https://api.example.test/me',
      },
    }),
    aCredential({ provider: 'etsy', account: 'shop', environment: 'PRODUCTION', kind: 'oauth' }),
  ])
    grants.set(credentialPk('demo', grant), grant);
  acts = [];
  started = [];
  serial = 0;
});

const deps = (over: Partial<ChangeSecretDeps> = {}): ChangeSecretDeps => ({
  readPerson: people.readPerson,
  readCredential: async (project, ref) => grants.get(credentialPk(project, ref)),
  ...secrets.ports,
  startRotation: async (secretId, { token, everyDays }) => {
    started.push({ secretId, everyDays });
    try {
      secrets.beginRotation(token);
      return 'started';
    } catch (error) {
      if (error instanceof SecretsRefusal) return 'tried-again';
      throw error;
    }
  },
  cancelRotation: async () => {
    secrets.rotationEnabled = false;
  },
  recordAct: async (act) => void acts.push(act),
  house: { keyring: 'arn:keyring', 'signing-keys': 'arn:signing' },
  rotationFunctionArn: 'arn:rotate',
  newId: () => `00000000-0000-4000-8000-${String((serial += 1)).padStart(12, '0')}`,
  now: () => NOW,
  ...over,
});

const PAPER = { project: 'demo', provider: 'alpaca', account: 'paper-demo', environment: 'PAPER' };
const call = async (
  by: Principal,
  what: string,
  {
    params = PAPER as Readonly<Record<string, string>>,
    body = undefined as unknown,
    type = 'application/json',
    over = {} as Partial<ChangeSecretDeps>,
  } = {},
) => {
  const reply = await httpHandler((request) => changeSecret(request, deps(over)))(
    httpEvent({
      method: 'POST',
      path: `${params['secret'] === undefined ? `/projects/${Object.values(params).join('/')}` : `/house-secrets/${params['secret']}`}/${what}`,
      params,
      headers: { 'content-type': type },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      principal: by,
    }),
  );
  return { status: reply.statusCode, text: reply.body, body: JSON.parse(reply.body) as Record<string, any> };
};
const olivia = who('olivia');
const staged = () => call(olivia, 'stage', { body: { fields: FIELDS } });

describe('handing in a new value', () => {
  test('keeps it beside the current one, on record, and answers labels alone', async () => {
    const reply = await staged();
    expect(reply).toMatchObject({ status: 200, body: { done: 'staged', pendingSeconds: null } });
    expect(secrets.valueOf(STAGED)).toBe(JSON.stringify(FIELDS));
    expect(secrets.valueOf('AWSCURRENT')).toBe(alpaca('before'));
    expect(reply.text).not.toContain(CANARY);
    expect(acts).toMatchObject([
      { what: 'stage', by: 'person:olivia@example.test', project: 'demo', versionId: reply.body['version'] },
    ]);
    expect(JSON.stringify(acts)).not.toContain(CANARY);
  });

  test('again replaces what waited', async () => {
    await staged();
    await call(olivia, 'stage', { body: { fields: { ...FIELDS, secretKey: 'corrected' } } });
    expect(secrets.valueOf(STAGED)).toContain('corrected');
    expect(secrets.holders(STAGED)).toHaveLength(1);
  });

  test.each<[string, object, number, string]>([
    ['a body of another type', { body: 'fields=x', type: 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['no JSON', { body: '{' }, 400, 'INVALID_JSON'],
    ['no fields', { body: {} }, 400, 'INVALID_INPUT'],
    ['a field that is no text', { body: { fields: { keyId: 1 } } }, 400, 'INVALID_INPUT'],
    ['more than fields', { body: { fields: FIELDS, more: 1 } }, 400, 'INVALID_INPUT'],
    ['fields of another provider', { body: { fields: { apiKey: CANARY } } }, 400, 'INVALID_INPUT'],
    ['an empty field', { body: { fields: { ...FIELDS, keyId: '' } } }, 400, 'INVALID_INPUT'],
    [
      'a secret that is not there',
      { body: { fields: FIELDS }, over: { describeSecret: async () => undefined } },
      404,
      'NOT_FOUND',
    ],
  ])('%s is refused, and nothing is written', async (_what, request, status, code) => {
    const reply = await call(olivia, 'stage', request);
    expect(reply).toMatchObject({ status, body: { code } });
    expect(reply.text).not.toContain(CANARY);
    expect(secrets.holders(STAGED)).toEqual([]);
    expect(acts).toEqual([]);
  });

  test('the first value of a secret is not taken here: it would be current at once, untested', async () => {
    const describeSecret = async () => ({ ...(await secrets.ports.describeSecret('x'))!, stages: {} });
    const reply = await call(olivia, 'stage', { body: { fields: FIELDS }, over: { describeSecret } });
    expect(reply).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    expect(acts).toEqual([]);
  });

  test('a value of the stack itself is nobody’s to hand in', async () => {
    const reply = await call(olivia, 'stage', { params: { secret: 'keyring' }, body: { fields: FIELDS } });
    expect(reply).toMatchObject({ status: 409, body: { code: 'NOT_ROTATED_BY_HAND' } });
  });
});

describe('rotating', () => {
  test('needs a value that waits', async () => {
    expect(await call(olivia, 'rotate')).toMatchObject({ status: 409, body: { code: 'NOTHING_STAGED' } });
    expect(started).toEqual([]);
  });

  test('starts the four steps under a version that is on record, and never by the clock', async () => {
    await staged();
    const reply = await call(olivia, 'rotate');
    expect(reply).toMatchObject({ status: 202, body: { done: 'started', rotationEnabled: true } });
    expect(secrets.holders('AWSPENDING')).toEqual([reply.body['version']]);
    expect(started).toEqual([{ secretId: aCredential().secretId, everyDays: 1000 }]);
    expect(acts.at(-1)).toMatchObject({ what: 'rotate', versionId: reply.body['version'] });
  });

  test('again while one is stuck tries that one again and starts none', async () => {
    await staged();
    const first = await call(olivia, 'rotate');
    const again = await call(olivia, 'rotate');
    expect(again).toMatchObject({
      status: 202,
      body: { done: 'tried-again', version: first.body['version'] },
    });
    expect(secrets.holders('AWSPENDING')).toEqual([first.body['version']]);
    expect(acts.at(-1)).toMatchObject({ versionId: first.body['version'] });
  });

  test.each([
    ['keyring', 'arn:keyring', 30],
    ['signing-keys', 'arn:signing', 365],
  ])('the %s of the stack rotates by the days of the policy table', async (secret, secretId, everyDays) => {
    const reply = await call(olivia, 'rotate', { params: { secret } });
    expect(reply.status).toBe(202);
    expect(started).toEqual([{ secretId, everyDays }]);
    expect(acts).toMatchObject([{ what: 'rotate', project: null }]);
  });
});

describe('a key that its API renews', () => {
  const params = { ...PAPER, provider: 'http', account: 'api' };
  const pk = credentialPk('demo', { provider: 'http', account: 'api', environment: 'PAPER' });

  test('is rotated with nothing staged, and from then on the day before its policy would warn', async () => {
    const reply = await call(olivia, 'rotate', { params });
    expect(reply).toMatchObject({ status: 202, body: { done: 'started', rotationEnabled: true } });
    expect(reply.body['next']).toMatch(/old key stays at hand until the rotation after this one/);
    expect(started.map(({ everyDays }) => everyDays)).toEqual([134]);
    expect(acts).toMatchObject([{ what: 'rotate', project: 'demo', versionId: reply.body['version'] }]);
  });

  test.each([
    [[30, 20], 19],
    [[1], 1],
    [[1500], 1000],
  ])('with its own warnings at %j days, every %d days', async (notifyDays, days) => {
    const policy = { notifyDays, maxDays: 1500, criticalDays: 1500 };
    grants.set(pk, { ...(grants.get(pk) as Credential), policy });
    await call(olivia, 'rotate', { params });
    expect(started.map(({ everyDays }) => everyDays)).toEqual([days]);
  });

  test('is nobody’s to hand in; a rotation of it that is stuck is freed like any other', async () => {
    expect(await call(olivia, 'stage', { params, body: { fields: { token: CANARY } } })).toMatchObject({
      status: 409,
      body: { code: 'NOT_ROTATED_BY_HAND' },
    });
    expect([secrets.holders(STAGED), acts]).toEqual([[], []]);
    const { version } = (await call(olivia, 'rotate', { params })).body as { version: string };
    const reply = await call(olivia, 'unstick', { params, body: { version } });
    expect(reply).toMatchObject({ status: 200, body: { done: 'freed', rotationEnabled: false } });
    expect(secrets.holders('AWSPENDING')).toEqual([]);
  });
});

describe('a rotation that does not come to its end', () => {
  const stuck = async (): Promise<string> => {
    await staged();
    return (await call(olivia, 'rotate')).body['version'] as string;
  };

  test('is shown with its version, and nothing is changed by looking', async () => {
    const version = await stuck();
    secrets.changedAt = NOW - 600_000;
    const reply = await call(olivia, 'unstick', { body: {} });
    expect(reply).toMatchObject({ status: 200, body: { done: null, version, pendingSeconds: 600 } });
    expect(secrets.holders('AWSPENDING')).toEqual([version]);
    expect(secrets.rotationEnabled).toBe(true);
    expect(acts.map(({ what }) => what)).toEqual(['stage', 'rotate']);
  });

  test('is stopped by its version; the current value and the one that waits stay', async () => {
    const version = await stuck();
    const reply = await call(olivia, 'unstick', { body: { version } });
    expect(reply).toMatchObject({ status: 200, body: { done: 'freed', rotationEnabled: false } });
    expect(secrets.holders('AWSPENDING')).toEqual([]);
    expect(secrets.valueOf('AWSCURRENT')).toBe(alpaca('before'));
    expect(secrets.valueOf(STAGED)).toBe(JSON.stringify(FIELDS));
    expect(acts.at(-1)).toMatchObject({ what: 'unstick', versionId: version });
    expect(await call(olivia, 'rotate')).toMatchObject({ status: 202, body: { done: 'started' } });
  });

  test('is stopped also where rotation was turned off before and the label stayed', async () => {
    const version = await stuck();
    secrets.rotationEnabled = false;
    const cancelRotation = () => Promise.reject(new Error('rotation is off'));
    const reply = await call(olivia, 'unstick', { body: { version }, over: { cancelRotation } });
    expect(reply.status).toBe(200);
    expect(secrets.holders('AWSPENDING')).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['another version than the one that is pending', { version: 'x'.repeat(36) }, 'CONFLICT'],
    ['a version that is too short', { version: 'x' }, 'INVALID_INPUT'],
  ])('%s stops nothing', async (_what, body, code) => {
    const version = await stuck();
    expect((await call(olivia, 'unstick', { body })).body['code']).toBe(code);
    expect(secrets.holders('AWSPENDING')).toEqual([version]);
    expect(secrets.rotationEnabled).toBe(true);
  });

  test('nothing pending is said, and pending that was left on the current version is nothing', async () => {
    expect((await call(olivia, 'unstick', { body: {} })).body['next']).toBe('Nothing is pending.');
    const version = 'version-of-the-beginning-000000000';
    secrets.beginRotation(version);
    expect((await call(olivia, 'unstick', { body: { version } })).body['code']).toBe('NOTHING_PENDING');
  });
});

describe('who may', () => {
  test.each<[string, Principal, number, string]>([
    ['an agent', agent, 403, 'PERSON_REQUIRED'],
    ['the public reader', { kind: 'public', subject: 'system:public' }, 401, 'UNAUTHENTICATED'],
    ['a viewer', who('vera'), 403, 'FORBIDDEN'],
    ['who is no operator any more, whatever the token says', who('demoted'), 403, 'FORBIDDEN'],
    ['who left', who('former'), 403, 'FORBIDDEN'],
    ['who is not known', who('nobody'), 403, 'FORBIDDEN'],
    ['an operator of an old sign-in', who('olivia', { authTimeMs: NOW - 300_001 }), 401, 'SIGN_IN_NOT_FRESH'],
  ])('not %s', async (_who, by, status, code) => {
    const reply = [
      await call(by, 'stage', { body: { fields: FIELDS } }),
      await call(by, 'rotate'),
      await call(by, 'unstick', { body: {} }),
      await call(by, 'rotate', { params: { secret: 'keyring' } }),
    ];
    for (const each of reply) expect(each).toMatchObject({ body: { code } });
    expect(reply.map((each) => each.status)).toEqual([status, status, status, status]);
    expect([acts, started, secrets.holders(STAGED)]).toEqual([[], [], []]);
  });

  test.each<[string, Readonly<Record<string, string>>, number, string]>([
    ['of another project', { ...PAPER, project: 'other' }, 404, 'NOT_FOUND'],
    ['that is not registered', { ...PAPER, account: 'nobody' }, 404, 'NOT_FOUND'],
    ['that was retired', { ...PAPER, account: 'gone' }, 404, 'NOT_FOUND'],
    ['of an environment that there is not', { ...PAPER, environment: 'MOON' }, 404, 'NOT_FOUND'],
    [
      'that is renewed elsewhere',
      { project: 'demo', provider: 'etsy', account: 'shop', environment: 'PRODUCTION' },
      409,
      'NOT_ROTATED_BY_HAND',
    ],
    ['of the stack that there is not', { secret: 'nothing' }, 404, 'NOT_FOUND'],
  ])('not a secret %s', async (_what, params, status, code) => {
    for (const what of ['stage', 'rotate', 'unstick'])
      expect(await call(olivia, what, { params, body: { fields: FIELDS } })).toMatchObject({
        status,
        body: { code },
      });
    expect([acts, started]).toEqual([[], []]);
  });
});
