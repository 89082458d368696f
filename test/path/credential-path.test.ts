import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, textOf } from '#infra/local/demo-browser.ts';
import { STAGES } from '#infra/stages.ts';
import { CredentialHealthView, CredentialListView } from '#shared/credentials/credential-view.ts';
import { clientConfig } from '../local/local-host-double.ts';
import { type Desk, openAs, openDesk } from './desk.ts';
import { personToken } from './person-token.ts';

const OLIVIA = 'olivia@example.test';
const SAM = 'sam@example.test';
const SEEDED = STAGES.dev.credentials.find(({ provider }) => provider === 'alpaca');

/** The whole stack on this machine: what a credential may do, and how it is doing, decides what an action does. */
describe('a credential on the path of an action', { timeout: 300_000 }, () => {
  let desk: Desk;
  let secrets: SecretsManagerClient;
  let good = '';
  const SecretId = SEEDED?.secretId ?? '';
  beforeAll(async () => {
    desk = await openDesk();
    secrets = new SecretsManagerClient(clientConfig(desk.host.awsUrl));
    good = (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  }, 300_000);
  afterAll(async () => {
    secrets.destroy();
    await desk.close();
  });

  const as = async (email: string) => ({ authorization: `Bearer ${await personToken(desk, email)}` });
  const read = async (path: string, email = OLIVIA) => desk.call('GET', path, { headers: await as(email) });
  /** The hourly look, now. */
  const look = async () => {
    const [, check] =
      [...desk.host.deployed.resources].find(
        ([id]) => /\/\w*CheckCredentials\w*$/.test(id) && !/Log|Role/.test(id),
      ) ?? [];
    return desk.host.invoke(String(check?.ref), { now: true });
  };
  const agree = async (credential: object): Promise<readonly string[]> => {
    const proposed = await desk.call('POST', '/projects/demo/changes', {
      body: { kind: 'credential', credential },
      headers: await as(OLIVIA),
    });
    expect(proposed.status).toBe(201);
    const confirmed = await desk.call(
      'POST',
      `/projects/demo/changes/${String(proposed.body['id'])}/confirm`,
      { body: {}, headers: await as(SAM) },
    );
    expect(confirmed.status).toBe(200);
    return proposed.body['warnings'] as readonly string[];
  };
  const registration = () => {
    const { project: _project, ...rest } = SEEDED ?? {};
    return rest;
  };

  it('is unknown until somebody looked, then works; operators see it and nobody sees a value', async () => {
    const before = CredentialListView.parse((await read('/projects/demo/credentials')).body);
    expect(before.credentials).toMatchObject([{ account: 'paper-demo', status: 'UNKNOWN' }]);
    expect(await look()).toMatchObject({ payload: { checked: 1, failed: 0 } });
    const health = await read('/credentials/health');
    expect(CredentialHealthView.parse(health.body)).toMatchObject({
      status: 'PRESENT',
      inService: 1,
      unhealthy: 0,
    });
    expect((await desk.call('GET', '/credentials/health')).status).toBe(403);
    const page = await openAs(openBrowser(), `${desk.host.apiUrl}/credentials`, OLIVIA);
    expect(textOf(page.html)).toContain('1 in service, 0 do not work as they should');
    for (const value of Object.values(JSON.parse(good) as Record<string, string>))
      for (const text of [JSON.stringify(health.body), page.html])
        expect(text).not.toContain(value.slice(0, 12));
  });

  it('a scope that two operators took away denies the action before anybody is asked', async () => {
    await agree({ ...registration(), scopes: ['READ'] });
    await desk.propose('scope-1');
    const denied = await desk.becomes('scope-1', 'DENIED');
    expect(denied['outcome']).toMatchObject({ code: 'CREDENTIAL_SCOPE' });
    const warnings = await agree(registration());
    expect(warnings.join('\n')).toMatch(/It may do more than before: TRADE, DELETE\./);
  });

  it('a scope that is taken away after the approval denies it inside Execute, and nothing is sent', async () => {
    await desk.propose('scope-2');
    const link = await desk.nextLink(OLIVIA);
    await agree({ ...registration(), scopes: ['READ', 'DELETE'], operations: ['alpaca/order.cancel'] });
    await desk.decide(link, 'approve');
    const denied = await desk.becomes('scope-2', 'DENIED');
    expect(denied['outcome']).toMatchObject({
      code: 'CREDENTIAL_SCOPE',
      summary: expect.stringContaining('CREDENTIAL_OPERATION'),
    });
    expect(desk.orders()).toHaveLength(0);
    await agree(registration());
  });

  it('a key that the provider refuses pauses an approved action with one task, and it runs once when it is mended', async () => {
    await desk.propose('health-1');
    const link = await desk.nextLink(OLIVIA);
    const bad = { ...(JSON.parse(good) as object), secretKey: 'nobody-has-this-key' };
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(bad) }));
    await look();
    expect((await read('/credentials/health')).body).toMatchObject({ status: 'INVALID', unhealthy: 1 });
    await desk.decide(link, 'approve');
    await desk.becomes('health-1', 'PAUSED_CREDENTIAL');
    expect(desk.orders()).toHaveLength(0);
    await desk.sweep();
    expect((await desk.show('health-1'))['status']).toBe('PAUSED_CREDENTIAL');

    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: good }));
    await look();
    await desk.sweep();
    await desk.becomes('health-1', 'SUCCEEDED');
    expect(desk.orders()).toHaveLength(1);
    const { credentials } = CredentialListView.parse((await read('/projects/demo/credentials')).body);
    expect(credentials[0]).toMatchObject({ status: 'PRESENT', lastUsedAt: expect.any(String) });
  });

  it('a retired one is denied for good', async () => {
    expect(await agree({ ...registration(), retired: true })).toContainEqual(
      expect.stringContaining('Nothing uses it from then on'),
    );
    await desk.propose('retired-1');
    expect((await desk.becomes('retired-1', 'DENIED'))['outcome']).toMatchObject({
      code: 'CREDENTIAL_RETIRED',
    });
    expect((await read('/credentials/health')).body).toMatchObject({ inService: 0 });
  });
});
