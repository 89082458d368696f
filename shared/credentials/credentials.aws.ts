import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import {
  Credential,
  type CredentialIsUsable,
  credentialItem,
  type CredentialLookup,
  credentialOfItem,
  credentialPk,
  type PutCredential,
  type ReadCredential,
  type ResolveCredential,
} from './credential.ts';
import { bearerOf } from './oauth/connection.ts';
import { oauthProviderOf } from './oauth/endpoints.ts';
import { Secret, SecretDocument } from './secret.ts';
import { fitsHost, secretFits } from './secret-fields.ts';

const unusable = (
  code: Extract<CredentialLookup, { kind: 'unusable' }>['code'],
  detail: string,
): CredentialLookup => ({ kind: 'unusable', code, detail });

/** Strongly consistent read of a credential's metadata, never the secret. A row that does not fit is none. */
export const readCredential =
  (db: Db, table: string): ReadCredential =>
  async (project, ref) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: credentialPk(project, ref) }, ConsistentRead: true }),
    );
    const credential = Item === undefined ? undefined : credentialOfItem(Item);
    const matches =
      credential?.project === project &&
      credential.provider === ref.provider &&
      credential.account === ref.account &&
      credential.environment === ref.environment;
    return matches ? credential : undefined;
  };

/** The secret's fields, or the name of what went wrong: never a word of the value. */
const readDocument = async (
  secrets: SecretsManagerClient,
  secretId: string,
): Promise<{ document: SecretDocument } | { problem: string; missing: boolean }> => {
  let text: string | undefined;
  try {
    text = (await secrets.send(new GetSecretValueCommand({ SecretId: secretId }))).SecretString;
  } catch (error) {
    const problem = error instanceof Error ? error.name : 'unknown';
    return { problem, missing: problem === 'ResourceNotFoundException' };
  }
  try {
    return { document: SecretDocument.parse(JSON.parse(text ?? '')) };
  } catch {
    return { problem: 'the value is not a JSON object of strings', missing: false };
  }
};

/**
 * Metadata first, then the value. Anything that is missing, unreadable or not for this kind of host is an answer,
 * not an error. Of an OAuth connection it answers the access token alone, as the field `token`.
 * @throws what DynamoDB throws: then nothing is known about the credential.
 */
export const resolveCredential =
  (db: Db, table: string, secrets: SecretsManagerClient, now: () => number = Date.now): ResolveCredential =>
  async (project, ref, hostIsOverridden) => {
    const name = `${ref.provider} ${ref.account} (${ref.environment})`;
    const credential = await readCredential(db, table)(project, ref);
    if (credential === undefined)
      return unusable('CREDENTIAL_MISSING', `No credential is registered for ${name}.`);
    if (!fitsHost(credential.standIn, hostIsOverridden)) {
      const detail = credential.standIn
        ? `The credential of ${name} belongs to a stand-in and is not sent to a real host.`
        : `The credential of ${name} is real and is not sent to an overridden host.`;
      return unusable('CREDENTIAL_NOT_FOR_HOST', detail);
    }
    const read = await readDocument(secrets, credential.secretId);
    if ('problem' in read) {
      return read.missing
        ? unusable('CREDENTIAL_MISSING', `The secret of ${name} does not exist.`)
        : unusable('CREDENTIAL_UNREADABLE', `The secret of ${name} cannot be read: ${read.problem}.`);
    }
    if (oauthProviderOf(credential) !== undefined) {
      const bearer = bearerOf(read.document, now());
      if (bearer.kind === 'alive')
        return { kind: 'usable', credential, secret: new Secret({ token: bearer.token }) };
      return bearer.kind === 'absent'
        ? unusable('CREDENTIAL_MISSING', `${name} is not connected yet.`)
        : unusable('CREDENTIAL_EXPIRED', `The access of ${name} has ended and was not renewed yet.`);
    }
    if (!secretFits(ref.provider, read.document)) {
      return unusable(
        'CREDENTIAL_UNREADABLE',
        `The secret of ${name} lacks the fields that ${ref.provider} needs.`,
      );
    }
    return { kind: 'usable', credential, secret: new Secret(read.document) };
  };

/** Whether a credential could be used right now. */
export const credentialIsUsable = (
  db: Db,
  table: string,
  secrets: SecretsManagerClient,
  now: () => number = Date.now,
): CredentialIsUsable => {
  const resolve = resolveCredential(db, table, secrets, now);
  return async (project, ref, hostIsOverridden) =>
    (await resolve(project, ref, hostIsOverridden)).kind === 'usable';
};

/**
 * Registers the metadata of a credential. Replaces what is stored only where `createdAt` is the one that was read,
 * so that two changes never silently overwrite each other.
 */
export const putCredential =
  (db: Db, table: string): PutCredential =>
  async (credential, replaces) => {
    try {
      await db.send(
        new PutCommand({
          TableName: table,
          Item: credentialItem(Credential.parse(credential)),
          ...(replaces === undefined
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: 'createdAt = :seen',
                ExpressionAttributeValues: { ':seen': replaces.createdAt },
              }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return 'stored';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'refused';
      throw error;
    }
  };
