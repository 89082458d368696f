import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { durableState } from './durable-file.ts';
import type { CreateKms } from './ports.ts';
import { type AwsReply, awsJson, awsJsonError } from './service.ts';

const Key = z.object({
  arn: z.string(),
  description: z.string(),
  /** 256 bits, base64. */
  material: z.string(),
  createdAt: z.number(),
});
const State = z.object({ keys: z.record(z.string(), Key), aliases: z.record(z.string(), z.string()) });
type State = z.infer<typeof State>;

const Base64 = z.base64().max(8192);
const KeyId = z.string().min(1).max(2048);
const Context = z.record(z.string().max(8192), z.string().max(8192)).default({});
const EncryptInput = z.object({ KeyId, Plaintext: Base64, EncryptionContext: Context });
const DecryptInput = z.object({
  CiphertextBlob: Base64,
  KeyId: KeyId.optional(),
  EncryptionContext: Context,
});
const DataKeyInput = z
  .object({
    KeyId,
    KeySpec: z.enum(['AES_256', 'AES_128']).optional(),
    NumberOfBytes: z.number().int().min(1).max(1024).optional(),
    EncryptionContext: Context,
  })
  .refine((input) => (input.KeySpec === undefined) !== (input.NumberOfBytes === undefined), {
    message: 'Please specify either number of bytes or key spec.',
  });

class KmsError extends Error {
  override readonly name = 'KmsError';
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const invalidCiphertext = (): KmsError => new KmsError('InvalidCiphertextException', '');

const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Order of the entries does not matter on AWS, so they are sorted before they are bound. */
const boundData = (keyId: string, context: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(JSON.stringify([keyId, Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1))]));

/** format, length and bytes of the key id, IV, tag, ciphertext. */
const seal = (
  keyId: string,
  material: Buffer,
  plaintext: Buffer,
  context: Readonly<Record<string, string>>,
): Buffer => {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', material, iv).setAAD(boundData(keyId, context));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([
    Buffer.from([FORMAT, keyId.length]),
    Buffer.from(keyId),
    iv,
    cipher.getAuthTag(),
    sealed,
  ]);
};

const parts = (blob: Buffer): { keyId: string; iv: Buffer; tag: Buffer; sealed: Buffer } => {
  const start = 2 + (blob[1] ?? 0);
  if (blob[0] !== FORMAT || blob.length < start + IV_BYTES + TAG_BYTES) throw invalidCiphertext();
  return {
    keyId: blob.toString('latin1', 2, start),
    iv: blob.subarray(start, start + IV_BYTES),
    tag: blob.subarray(start + IV_BYTES, start + IV_BYTES + TAG_BYTES),
    sealed: blob.subarray(start + IV_BYTES + TAG_BYTES),
  };
};

const idOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** KMS with symmetric keys: AES-256-GCM, the encryption context bound as on AWS. */
export const createKms: CreateKms = (host) => {
  const store = durableState<State>(join(host.dataDir, 'kms', 'keys.json'), State, () => ({
    keys: {},
    aliases: {},
  }));

  const find = (
    name: string,
  ): { id: string; arn: string; material: Buffer; description: string; createdAt: number } => {
    const { keys, aliases } = store.read();
    const resource = name.startsWith('arn:') ? name.split(':').slice(5).join(':') : name;
    const bare = resource.replace(/^key\//, '');
    const id = bare.startsWith('alias/') ? (Object.hasOwn(aliases, bare) ? aliases[bare] : undefined) : bare;
    const key = id !== undefined && Object.hasOwn(keys, id) ? keys[id] : undefined;
    if (
      id === undefined ||
      key === undefined ||
      (name.startsWith('arn:') && !bare.startsWith('alias/') && key.arn !== name)
    )
      throw new KmsError('NotFoundException', `Key '${name}' does not exist`);
    return { ...key, id, material: Buffer.from(key.material, 'base64') };
  };

  const encrypt = (input: z.infer<typeof EncryptInput>): object => {
    const key = find(input.KeyId);
    const plaintext = Buffer.from(input.Plaintext, 'base64');
    if (plaintext.length < 1 || plaintext.length > 4096)
      throw new KmsError('ValidationException', 'Plaintext must have between 1 and 4096 bytes');
    const blob = seal(key.id, key.material, plaintext, input.EncryptionContext);
    return {
      CiphertextBlob: blob.toString('base64'),
      KeyId: key.arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    };
  };

  const decrypt = (input: z.infer<typeof DecryptInput>): object => {
    const { keyId, iv, tag, sealed } = parts(Buffer.from(input.CiphertextBlob, 'base64'));
    if (!Object.hasOwn(store.read().keys, keyId)) throw invalidCiphertext();
    const key = find(keyId);
    if (input.KeyId !== undefined && find(input.KeyId).id !== key.id)
      throw new KmsError(
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK that can perform this operation.',
      );
    const decipher = createDecipheriv('aes-256-gcm', key.material, iv, { authTagLength: TAG_BYTES })
      .setAAD(boundData(key.id, input.EncryptionContext))
      .setAuthTag(tag);
    try {
      const plaintext = Buffer.concat([decipher.update(sealed), decipher.final()]);
      return {
        Plaintext: plaintext.toString('base64'),
        KeyId: key.arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      };
    } catch {
      throw invalidCiphertext();
    }
  };

  const generateDataKey = (input: z.infer<typeof DataKeyInput>): object => {
    const key = find(input.KeyId);
    const plaintext = randomBytes(input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32));
    const blob = seal(key.id, key.material, plaintext, input.EncryptionContext);
    return {
      CiphertextBlob: blob.toString('base64'),
      Plaintext: plaintext.toString('base64'),
      KeyId: key.arn,
    };
  };

  const describe = (name: string): object => {
    const key = find(name);
    return {
      KeyMetadata: {
        AWSAccountId: host.accountId,
        KeyId: key.id,
        Arn: key.arn,
        CreationDate: key.createdAt / 1000,
        Description: key.description,
        Enabled: true,
        KeyState: 'Enabled',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeyManager: 'CUSTOMER',
        Origin: 'AWS_KMS',
        KeySpec: 'SYMMETRIC_DEFAULT',
        CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        MultiRegion: false,
      },
    };
  };

  const route = (operation: string, body: unknown): object => {
    switch (operation) {
      case 'Encrypt':
        return encrypt(EncryptInput.parse(body));
      case 'Decrypt':
        return decrypt(DecryptInput.parse(body));
      case 'GenerateDataKey':
        return generateDataKey(DataKeyInput.parse(body));
      case 'DescribeKey':
        return describe(z.object({ KeyId }).parse(body).KeyId);
      default:
        host.log(`kms: ${operation} is not implemented`);
        throw new KmsError('NotImplemented', `The local host does not implement kms ${operation}.`, 501);
    }
  };

  return {
    signingNames: ['kms'],
    async handle({ target, body }): Promise<AwsReply> {
      try {
        return awsJson(
          route((target ?? '').replace(/^TrentService\./, ''), JSON.parse(body.toString() || '{}')),
        );
      } catch (error) {
        if (error instanceof KmsError) return awsJsonError(error.status, error.code, error.message);
        if (error instanceof z.ZodError)
          return awsJsonError(400, 'ValidationException', z.prettifyError(error));
        if (error instanceof SyntaxError)
          return awsJsonError(400, 'SerializationException', 'The body is not JSON');
        throw error;
      }
    },
    async ensureKey(keyArn, options = {}) {
      const id = idOf(keyArn);
      if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new Error(`${keyArn} does not end in a key id`);
      if (Object.hasOwn(store.read().keys, id)) return;
      await store.update((state) => {
        state.keys[id] ??= {
          arn: keyArn,
          description: options.description ?? '',
          material: randomBytes(32).toString('base64'),
          createdAt: host.clock.now(),
        };
      });
    },
    async ensureAlias(alias, keyId) {
      if (!/^alias\/[A-Za-z0-9/_-]{1,250}$/.test(alias)) throw new Error(`${alias} is not an alias`);
      const { id } = find(keyId);
      if (store.read().aliases[alias] === id) return;
      await store.update((state) => {
        state.aliases[alias] = id;
      });
    },
  };
};
