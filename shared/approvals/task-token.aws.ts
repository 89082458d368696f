import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';

/** Encrypts a task token for storage, bound to its action. Answers base64. */
export type EncryptToken = (actionPk: string, token: string) => Promise<string>;
/** Opens a stored task token. Throws where it belongs to another action. */
export type DecryptToken = (actionPk: string, cipher: string) => Promise<string>;

export const encryptToken =
  (kms: KMSClient, keyArn: string): EncryptToken =>
  async (actionPk, token) => {
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({
        KeyId: keyArn,
        Plaintext: Buffer.from(token, 'utf8'),
        EncryptionContext: { action: actionPk },
      }),
    );
    if (CiphertextBlob === undefined) throw new Error('KMS answered no ciphertext');
    return Buffer.from(CiphertextBlob).toString('base64');
  };

export const decryptToken =
  (kms: KMSClient, keyArn: string): DecryptToken =>
  async (actionPk, cipher) => {
    const { Plaintext } = await kms.send(
      new DecryptCommand({
        KeyId: keyArn,
        CiphertextBlob: Buffer.from(cipher, 'base64'),
        EncryptionContext: { action: actionPk },
      }),
    );
    if (Plaintext === undefined) throw new Error('KMS answered no plaintext');
    return Buffer.from(Plaintext).toString('utf8');
  };
