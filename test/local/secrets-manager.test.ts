import { setTimeout as sleep } from 'node:timers/promises';
import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  ReplicateSecretToRegionsCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenOnLoopback, type Loopback } from '#infra/local/loopback.ts';
import type { SecretsManagerService } from '#infra/local/ports.ts';
import { RETRY_AFTER_MS } from '#infra/local/secrets-manager/rotation.ts';
import { createSecretsManager } from '#infra/local/secrets-manager/secrets-manager.ts';
import type { InvokeResult } from '#infra/local/service.ts';
import { clientConfig, type HostDouble, hostDouble } from './local-host-double.ts';

interface StepEvent {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:autopack/alpaca-AbCdEf';
const lambda = 'arn:aws:lambda:us-east-1:000000000000:function:rotate';
let host: HostDouble;
let loopback: Loopback;
let service: SecretsManagerService;
let client: SecretsManagerClient;
let events: StepEvent[];
let failAt: string | undefined;
let onStep: (event: StepEvent) => Promise<void>;

/** A rotation function written as the AWS samples are, talking to the service over HTTP. */
const rotate = async (event: StepEvent): Promise<void> => {
  const { SecretId, ClientRequestToken } = event;
  const described = await client.send(new DescribeSecretCommand({ SecretId }));
  const stages = described.VersionIdsToStages?.[ClientRequestToken] ?? [];
  if (stages.includes('AWSCURRENT')) return;
  if (!stages.includes('AWSPENDING')) throw new Error('The version is not pending');
  if (event.Step === 'createSecret')
    await client.send(
      new PutSecretValueCommand({
        SecretId,
        ClientRequestToken,
        SecretString: `value of ${ClientRequestToken}`,
        VersionStages: ['AWSPENDING'],
      }),
    );
  if (event.Step === 'finishSecret') {
    const current = Object.entries(described.VersionIdsToStages ?? {}).find(([, of]) =>
      of.includes('AWSCURRENT'),
    )?.[0];
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: ClientRequestToken,
        RemoveFromVersionId: current,
      }),
    );
  }
};

const connect = async (): Promise<void> => {
  service = createSecretsManager(host);
  loopback = await listenOnLoopback((request) => service.handle(request));
  client = new SecretsManagerClient(clientConfig(loopback.url));
  await service.ensureSecret({
    arn,
    name: 'autopack/alpaca',
    secretString: '{"keyId":"first"}',
    tags: { project: 'demo' },
  });
};
const disconnect = async (): Promise<void> => {
  await service.close?.();
  client.destroy();
  await loopback.stop();
};

beforeEach(async () => {
  events = [];
  failAt = undefined;
  onStep = rotate;
  host = hostDouble(async (_, payload): Promise<InvokeResult> => {
    const event = payload as StepEvent;
    events.push(event);
    if (event.Step === failAt)
      return { payload: { errorType: 'Error', errorMessage: 'no' }, functionError: 'Unhandled' };
    await onStep(event);
    return { payload: null };
  });
  await connect();
});
afterEach(async () => {
  await disconnect();
  host.removeData();
});

const value = async (more: object = {}) =>
  (await client.send(new GetSecretValueCommand({ SecretId: arn, ...more }))).SecretString;
const nameOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.name,
  );
const until = async (condition: () => Promise<boolean> | boolean): Promise<void> => {
  for (let turn = 0; turn < 4_000; turn += 1) {
    if (await condition()) return;
    await sleep(10);
  }
  throw new Error('It never came true');
};
const token = (digit: string) => digit.repeat(36);

describe('Secrets Manager of the local host, driven by the SDK', () => {
  test('a rotation invokes the four real steps in order and leaves current and previous right', async () => {
    await client.send(
      new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: lambda, ClientRequestToken: token('1') }),
    );
    await until(async () => (await value()) === `value of ${token('1')}`);
    await until(
      async () =>
        (await client.send(new DescribeSecretCommand({ SecretId: arn }))).LastRotatedDate !== undefined,
    );
    expect(events.map((event) => event.Step)).toEqual([
      'createSecret',
      'setSecret',
      'testSecret',
      'finishSecret',
    ]);
    expect(await value({ VersionStage: 'AWSPREVIOUS' })).toBe('{"keyId":"first"}');
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: arn }));
    expect(VersionIdsToStages?.[token('1')]).toEqual(['AWSCURRENT']);
  });

  test('a rotation that fails keeps the current value, blocks the next call and is attempted again by it', async () => {
    failAt = 'testSecret';
    await client.send(
      new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: lambda, ClientRequestToken: token('2') }),
    );
    await until(() => events.some((event) => event.Step === 'testSecret'));
    await until(() => host.lines.length > 0);
    expect(await value()).toBe('{"keyId":"first"}');
    failAt = undefined;
    expect(
      await nameOf(client.send(new RotateSecretCommand({ SecretId: arn, ClientRequestToken: token('3') }))),
    ).toBe('InvalidRequestException');
    await until(async () => (await value()) === `value of ${token('2')}`);
    expect(host.lines.join()).not.toContain('value of');
  });

  test('a rotation that fails is tried again by itself a few times, and then waits for a call', async () => {
    failAt = 'setSecret';
    await client.send(
      new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: lambda, ClientRequestToken: token('6') }),
    );
    const failed = () => events.filter((event) => event.Step === 'setSecret').length;
    for (const [attempt, after] of RETRY_AFTER_MS.entries()) {
      await until(() => host.lines.length === attempt + 1);
      await sleep(5);
      host.clock.advance(after - 1);
      await sleep(5);
      expect(failed()).toBe(attempt + 1);
      host.clock.advance(1);
    }
    await until(() => host.lines.length === RETRY_AFTER_MS.length + 1);
    host.clock.advance(86_400_000);
    await sleep(20);
    expect(failed()).toBe(RETRY_AFTER_MS.length + 1);
    expect(await value()).toBe('{"keyId":"first"}');
  });

  test('a cancelled rotation is not tried again, and leaves the pending label where it is', async () => {
    failAt = 'testSecret';
    const rotating = { SecretId: arn, RotationLambdaARN: lambda, ClientRequestToken: token('7') };
    await client.send(new RotateSecretCommand(rotating));
    await until(() => host.lines.length > 0);
    await client.send(new CancelRotateSecretCommand({ SecretId: arn }));
    failAt = undefined;
    host.clock.advance(86_400_000);
    await sleep(20);
    expect(events.filter((event) => event.Step === 'testSecret')).toHaveLength(1);
    const described = await client.send(new DescribeSecretCommand({ SecretId: arn }));
    expect(described.RotationEnabled).toBe(false);
    expect(described.VersionIdsToStages?.[token('7')]).toEqual(['AWSPENDING']);
    expect(await nameOf(client.send(new CancelRotateSecretCommand({ SecretId: arn })))).toBe(
      'InvalidRequestException',
    );
  });

  test('one that is begun while a cancelled one is still in its step is driven after it', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    onStep = async (event) => {
      if (event.ClientRequestToken === token('a')) await held;
      await rotate(event);
    };
    const begin = (version: string) =>
      client.send(
        new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: lambda, ClientRequestToken: version }),
      );
    await begin(token('a'));
    await until(() => events.length === 1);
    await client.send(new CancelRotateSecretCommand({ SecretId: arn }));
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: arn,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: token('a'),
      }),
    );
    await begin(token('b'));
    release();
    await until(async () => (await value()) === `value of ${token('b')}`);
  });

  describe('with faults on demand', () => {
    const put = (SecretString: string) =>
      client.send(new PutSecretValueCommand({ SecretId: arn, ClientRequestToken: token('8'), SecretString }));

    test('a throttled and a failed request do nothing, and the next one is answered', async () => {
      service.faults.inject({ kind: 'throttle', operation: 'PutSecretValue' });
      service.faults.inject({ kind: 'internalFailure', operation: 'PutSecretValue' });
      expect(await value()).toBe('{"keyId":"first"}');
      expect(await nameOf(put('next'))).toBe('ThrottlingException');
      expect(await nameOf(put('next'))).toBe('InternalServiceError');
      expect(await value()).toBe('{"keyId":"first"}');
      await put('next');
      expect(await value()).toBe('next');
    });

    test('a lost reply is that of a request that took effect', async () => {
      service.faults.inject({ kind: 'lostReply', operation: 'PutSecretValue' });
      await expect(put('next')).rejects.toThrow();
      expect(await value()).toBe('next');
    });

    test('reads lag behind writes by as many as was asked for', async () => {
      service.faults.lagReads(2);
      await put('next');
      expect([await value(), await value(), await value()]).toEqual([
        '{"keyId":"first"}',
        '{"keyId":"first"}',
        'next',
      ]);
      service.faults.clear();
    });
  });

  test('a rotation that a stop interrupted goes on after the start', async () => {
    failAt = 'setSecret';
    await client.send(
      new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: lambda, ClientRequestToken: token('4') }),
    );
    await until(() => host.lines.length > 0);
    await disconnect();
    failAt = undefined;
    await connect();
    service.start();
    await until(async () => (await value()) === `value of ${token('4')}`);
  });

  test('without RotateImmediately only testSecret runs, on an empty pending version that is gone afterwards', async () => {
    let seen: string[] | undefined;
    onStep = async (event) => {
      seen = (await client.send(new DescribeSecretCommand({ SecretId: arn }))).VersionIdsToStages?.[
        event.ClientRequestToken
      ];
      const read = client.send(
        new GetSecretValueCommand({
          SecretId: arn,
          VersionId: event.ClientRequestToken,
          VersionStage: 'AWSPENDING',
        }),
      );
      expect(await nameOf(read)).toBe('ResourceNotFoundException');
    };
    await client.send(
      new RotateSecretCommand({
        SecretId: arn,
        RotationLambdaARN: lambda,
        RotationRules: { AutomaticallyAfterDays: 30 },
        RotateImmediately: false,
      }),
    );
    await until(async () => {
      const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: arn }));
      return seen !== undefined && Object.keys(VersionIdsToStages ?? {}).length === 1;
    });
    expect(events.map((event) => event.Step)).toEqual(['testSecret']);
    expect(seen).toEqual(['AWSPENDING']);
  });

  test('the schedule rotates by itself once the host has started', async () => {
    await service.ensureRotation(arn, { rotationLambdaArn: lambda, automaticallyAfterDays: 7 });
    service.start();
    host.clock.advance(6 * 86_400_000);
    expect(events).toEqual([]);
    host.clock.advance(86_400_001);
    await until(async () => (await value())?.startsWith('value of') ?? false);
    await until(async () => {
      const { NextRotationDate } = await client.send(new DescribeSecretCommand({ SecretId: arn }));
      return (NextRotationDate?.getTime() ?? 0) > host.clock.now();
    });
  });

  test('a version token is idempotent for the same value and refused for another', async () => {
    const put = (SecretString: string) =>
      client.send(new PutSecretValueCommand({ SecretId: arn, ClientRequestToken: token('5'), SecretString }));
    const first = await put('one');
    expect((await put('one')).VersionId).toBe(first.VersionId);
    expect(await nameOf(put('two'))).toBe('ResourceExistsException');
    expect(await value()).toBe('one');
    expect(await value({ VersionStage: 'AWSPREVIOUS' })).toBe('{"keyId":"first"}');
  });

  test('an acknowledged value is there after a restart, and ensuring the secret again does not replace it', async () => {
    await client.send(
      new PutSecretValueCommand({ SecretId: 'autopack/alpaca', SecretString: 'changed by hand' }),
    );
    await disconnect();
    await connect();
    expect(await value()).toBe('changed by hand');
    expect(await service.currentValue('autopack/alpaca')).toBe('changed by hand');
  });

  test.each([
    ['an unknown secret', { SecretId: 'nothing' }, 'ResourceNotFoundException'],
    ['an unknown stage', { SecretId: arn, VersionStage: 'AWSPENDING' }, 'ResourceNotFoundException'],
    ['an unknown version', { SecretId: arn, VersionId: token('9') }, 'ResourceNotFoundException'],
  ])('%s is not found', async (_, input, name) => {
    expect(await nameOf(client.send(new GetSecretValueCommand(input)))).toBe(name);
  });

  test('a stage moves only away from the version that the caller names', async () => {
    const made = await client.send(
      new PutSecretValueCommand({ SecretId: arn, SecretString: 'next', VersionStages: ['AWSPENDING'] }),
    );
    const move = { SecretId: arn, VersionStage: 'AWSCURRENT', MoveToVersionId: made.VersionId };
    expect(await nameOf(client.send(new UpdateSecretVersionStageCommand(move)))).toBe(
      'InvalidParameterException',
    );
    const { VersionId: current } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    await client.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId: current }));
    expect(await value()).toBe('next');
    expect(await value({ VersionId: current })).toBe('{"keyId":"first"}');
  });

  test('a secret that is made, tagged, listed and marked for deletion is out of use but not gone', async () => {
    const made = await client.send(new CreateSecretCommand({ Name: 'own', SecretString: 'mine' }));
    await client.send(new TagResourceCommand({ SecretId: 'own', Tags: [{ Key: 'a', Value: 'b' }] }));
    const { SecretList } = await client.send(new ListSecretsCommand({}));
    expect(SecretList?.map((secret) => secret.Name).toSorted()).toEqual(['autopack/alpaca', 'own']);
    expect(SecretList?.find((secret) => secret.Name === 'own')?.Tags).toEqual([{ Key: 'a', Value: 'b' }]);
    expect(await nameOf(client.send(new CreateSecretCommand({ Name: 'own', SecretString: 'other' })))).toBe(
      'ResourceExistsException',
    );
    await client.send(new DeleteSecretCommand({ SecretId: 'own' }));
    expect(await nameOf(client.send(new GetSecretValueCommand({ SecretId: 'own' })))).toBe(
      'InvalidRequestException',
    );
    const described = await client.send(new DescribeSecretCommand({ SecretId: 'own' }));
    expect(described).toMatchObject({
      ARN: made.ARN,
      DeletedDate: new Date(host.clock.now() + 30 * 86_400_000),
    });
  });

  test('a generated value is made once and follows the template', async () => {
    const spec = {
      arn: `${arn.slice(0, -6)}GGGGGG`,
      name: 'generated',
      generate: {
        secretStringTemplate: '{"user":"agent"}',
        generateStringKey: 'secret',
        passwordLength: 40,
        excludePunctuation: true,
      },
    };
    await service.ensureSecret(spec);
    const made = JSON.parse(await service.currentValue('generated')) as { user: string; secret: string };
    expect(made.user).toBe('agent');
    expect(made.secret).toMatch(/^[A-Za-z0-9]{40}$/);
    await service.ensureSecret(spec);
    expect(JSON.parse(await service.currentValue('generated'))).toEqual(made);
  });

  test('what the template does not use is refused loudly', async () => {
    const refused = client.send(
      new ReplicateSecretToRegionsCommand({ SecretId: arn, AddReplicaRegions: [{ Region: 'x' }] }),
    );
    expect(await nameOf(refused)).toBe('NotImplemented');
    expect(host.lines.join()).toContain('ReplicateSecretToRegions');
  });
});
