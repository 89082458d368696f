import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ListKeysCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKms } from '#infra/local/kms.ts';
import { listenOnLoopback, type Loopback } from '#infra/local/loopback.ts';
import { clientConfig, hostDouble } from './local-host-double.ts';

const host = hostDouble();
const arn = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555';
const otherArn = 'arn:aws:kms:us-east-1:000000000000:key/99999999-2222-3333-4444-555555555555';
let loopback: Loopback;
let kms: KMSClient;

const connect = async (): Promise<void> => {
  const service = createKms(host);
  await service.ensureKey(arn, { description: 'Task tokens' });
  await service.ensureKey(otherArn);
  await service.ensureAlias('alias/autopack/tokens', arn);
  loopback = await listenOnLoopback((request) => service.handle(request));
  kms = new KMSClient(clientConfig(loopback.url));
};

beforeAll(connect);
afterAll(async () => {
  kms.destroy();
  await loopback.stop();
  host.removeData();
});

const Plaintext = Buffer.from('task token');
const EncryptionContext = { action: 'demo#key', purpose: 'wait' };
const encrypt = async (KeyId: string) =>
  (await kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }))).CiphertextBlob!;
const nameOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.name,
  );

describe('KMS of the local host, driven by the SDK', () => {
  test.each([
    ['another value', { action: 'demo#other', purpose: 'wait' }],
    ['a missing entry', { action: 'demo#key' }],
    ['a further entry', { ...EncryptionContext, more: '' }],
    ['none at all', undefined],
  ])('a ciphertext does not open under a context with %s', async (_, context) => {
    const CiphertextBlob = await encrypt(arn);
    expect(await nameOf(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context })))).toBe(
      'InvalidCiphertextException',
    );
  });

  test('a ciphertext opens under the same context in any order, also after a restart', async () => {
    const CiphertextBlob = await encrypt('alias/autopack/tokens');
    kms.destroy();
    await loopback.stop();
    await connect();
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob, EncryptionContext: { purpose: 'wait', action: 'demo#key' } }),
    );
    expect(Buffer.from(opened.Plaintext!)).toEqual(Plaintext);
    expect(opened.KeyId).toBe(arn);
  });

  test('one changed bit anywhere makes a ciphertext invalid', async () => {
    const blob = Buffer.from(await encrypt(arn));
    for (let index = 0; index < blob.length; index += 1) {
      const CiphertextBlob = Buffer.from(blob);
      CiphertextBlob[index] = CiphertextBlob[index]! ^ 1;
      expect(await nameOf(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })))).toBe(
        'InvalidCiphertextException',
      );
    }
  });

  test('a ciphertext of one key is refused for another', async () => {
    const CiphertextBlob = await encrypt(arn);
    expect(
      await nameOf(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: otherArn }))),
    ).toBe('IncorrectKeyException');
  });

  test.each([
    arn,
    '11111111-2222-3333-4444-555555555555',
    'alias/autopack/tokens',
    'arn:aws:kms:us-east-1:000000000000:alias/autopack/tokens',
  ])('%s names the key', async (KeyId) => {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ Arn: arn, KeyState: 'Enabled', Description: 'Task tokens' });
  });

  test.each(['nothing', 'alias/nothing', 'constructor', arn.replace('us-east-1', 'eu-west-1')])(
    '%s is not found',
    async (KeyId) => {
      expect(await nameOf(kms.send(new DescribeKeyCommand({ KeyId })))).toBe('NotFoundException');
    },
  );

  test('a data key comes in clear and sealed', async () => {
    const made = await kms.send(
      new GenerateDataKeyCommand({ KeyId: arn, KeySpec: 'AES_256', EncryptionContext }),
    );
    expect(made.Plaintext).toHaveLength(32);
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext }),
    );
    expect(opened.Plaintext).toEqual(made.Plaintext);
    expect(await nameOf(kms.send(new GenerateDataKeyCommand({ KeyId: arn })))).toBe('ValidationException');
  });

  test('key material is readable by its owner only', async () => {
    expect(statSync(join(host.dataDir, 'kms', 'keys.json')).mode & 0o777).toBe(0o600);
  });

  test('what the template does not use is refused loudly', async () => {
    expect(await nameOf(kms.send(new ListKeysCommand({})))).toBe('NotImplemented');
    expect(host.lines.join()).toContain('ListKeys');
  });
});
