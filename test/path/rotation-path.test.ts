import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RotationView } from '#shared/credentials/rotation/requests.ts';
import { STAGES } from '#infra/stages.ts';
import { clientConfig } from '../local/local-host-double.ts';
import { type Desk, openDesk, until } from './desk.ts';
import { personToken } from './person-token.ts';

const PAPER = '/projects/demo/credentials/alpaca/paper-demo/PAPER';
const OLIVIA = 'olivia@example.test';
const SAM = 'sam@example.test';
const KEYRING = 'autopack-house/dev/keyring';

/** The whole stack on this machine: the deployed functions, invoked by the local Secrets Manager. */
describe('rotating secrets', { timeout: 300_000 }, () => {
  let desk: Desk;
  let secrets: SecretsManagerClient;
  let secretId = '';
  const lines: string[] = [];
  beforeAll(async () => {
    desk = await openDesk({}, (line) => void lines.push(line));
    secrets = new SecretsManagerClient(clientConfig(desk.host.awsUrl));
    secretId = STAGES.dev.credentials.find(({ provider }) => provider === 'alpaca')?.secretId ?? '';
  }, 300_000);
  afterAll(async () => {
    secrets.destroy();
    await desk.close();
  });

  const operator = async (path: string, body?: unknown, email = OLIVIA) => {
    const headers = { authorization: `Bearer ${await personToken(desk, email)}` };
    const reply = await desk.call('POST', path, { headers, ...(body === undefined ? {} : { body }) });
    return { status: reply.status, body: reply.body as unknown as RotationView & Record<string, unknown> };
  };
  const value = async (SecretId: string) =>
    (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  const rotatedTo = (SecretId: string, version: string | null) =>
    until('the rotation', async () => {
      const { VersionIdsToStages: stages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId }));
      return stages[version ?? '']?.includes('AWSCURRENT') === true ? stages : undefined;
    });

  it('a deployment rotates nothing: the ring is still the seed that nobody has seen', async () => {
    expect(JSON.parse(await value(KEYRING))).toEqual({ v: 0, seed: expect.stringMatching(/^.{64}$/) });
  });

  it('the ring rotates by hand through throttling and lost replies, and the console goes on deciding', async () => {
    await desk.propose('rotation-1');
    const link = await desk.nextLink(OLIVIA);
    for (const [operation, kind] of [
      ['GetSecretValue', 'throttle'],
      ['PutSecretValue', 'lostReply'],
      ['UpdateSecretVersionStage', 'internalFailure'],
    ] as const)
      desk.host.secretsFaults.inject({ kind, operation });
    desk.host.secretsFaults.lagReads(2);
    const started = await operator('/house-secrets/keyring/rotate');
    expect([started.status, started.body.done]).toEqual([202, 'started']);
    await rotatedTo(KEYRING, started.body.version);
    desk.host.secretsFaults.clear();
    const ring = JSON.parse(await value(KEYRING)) as { keys: { id: string }[] };
    expect(ring.keys.map(({ id }) => id)).toEqual(['first-key', expect.any(String)]);
    await desk.decide(link, 'approve');
    await desk.becomes('rotation-1', 'SUCCEEDED');
  });

  it('a staged key is tried at the provider: a wrong one is never used, a right one is', async () => {
    const before = JSON.parse(await value(secretId)) as Record<string, string>;
    expect((await operator(`${PAPER}/rotate`)).body.code).toBe('NOTHING_STAGED');

    const wrong = { ...before, secretKey: 'nobody-has-this-key' };
    expect((await operator(`${PAPER}/stage`, { fields: wrong })).status).toBe(200);
    const stuck = await operator(`${PAPER}/rotate`);
    const refused = 'setSecret of autopack/dev/alpaca-paper-demo failed';
    await until('the refusal', () => lines.find((line) => line.includes(refused)));
    expect(lines.join('\n')).toContain('PENDING_REFUSED');
    expect((await operator(`${PAPER}/unstick`, {})).body.version).toBe(stuck.body.version);
    expect(JSON.parse(await value(secretId))).toEqual(before);
    const freed = await operator(`${PAPER}/unstick`, { version: stuck.body.version });
    expect([freed.status, freed.body.done]).toEqual([200, 'freed']);

    // The same keys under one more field: the provider knows them, and the value is another one.
    const right = { ...before, note: 'second' };
    expect((await operator(`${PAPER}/stage`, { fields: right })).status).toBe(200);
    const started = await operator(`${PAPER}/rotate`);
    const stages = await rotatedTo(secretId, started.body.version);
    expect(JSON.parse(await value(secretId))).toEqual(right);
    expect(Object.values(stages).flat()).toContain('AWSPREVIOUS');

    await desk.propose('rotation-2');
    await desk.decide(await desk.nextLink(OLIVIA), 'approve');
    await desk.becomes('rotation-2', 'SUCCEEDED');
  });

  it('a key of the ring is dropped by two people, and the console goes on deciding with the other one', async () => {
    const drop = '/house-secrets/keyring/drop';
    expect((await operator(drop, {})).body['keys']).toMatchObject([{ id: 'first-key' }, {}]);
    const first = await operator(drop, { key: 'first-key' });
    expect([first.status, first.body.done]).toEqual([202, 'waits']);
    const second = await operator(drop, { key: 'first-key' }, SAM);
    expect([second.status, second.body.done]).toEqual([200, 'dropped']);
    const ring = JSON.parse(await value(KEYRING)) as { keys: { id: string }[] };
    expect(ring.keys.map(({ id }) => id)).not.toContain('first-key');
    const [newest] = ring.keys;
    expect((await operator(drop, { key: newest?.id })).body.code).toBe('LAST_KEY');
    await desk.propose('rotation-3');
    await desk.decide(await desk.nextLink(OLIVIA), 'approve');
    await desk.becomes('rotation-3', 'SUCCEEDED');
  });

  it('a credential is looked at now, at its provider, and not again within the minute', async () => {
    const looked = await operator(`${PAPER}/look`);
    expect([looked.status, looked.body['look']]).toEqual([200, 'done']);
    expect(looked.body['credential']).toMatchObject({ status: 'PRESENT', detail: null });
    expect((await operator(`${PAPER}/look`)).body['look']).toBe('recent');
  });

  it('nothing that the host said has a word of a value', async () => {
    const values = [secretId, KEYRING].map(async (id) =>
      Object.values(JSON.parse(await value(id)) as object),
    );
    const words = (await Promise.all(values))
      .flat()
      .filter((word): word is string => typeof word === 'string');
    for (const word of [...words.filter((each) => each.length > 12), 'nobody-has-this-key'])
      expect(lines.join('\n')).not.toContain(word);
  });
});
