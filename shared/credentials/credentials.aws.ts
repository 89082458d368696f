import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { timestamp } from '../actions/identity.ts';
import type { Db } from '../config/dynamo.aws.ts';
import { readStanding } from './conditions.aws.ts';
import {
  Credential,
  type CredentialIsUsable,
  credentialItem,
  type CredentialLookup,
  credentialPk,
  grantOf,
  type PutCredential,
  type ReadCredential,
  type ReadSecretDocument,
  type ResolveCredential,
} from './credential.ts';
import { healthReasons, TASK_MS } from './may-perform.ts';
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
    return Item === undefined ? undefined : grantOf(project, ref, Item);
  };

/** The secret's fields, or the name of what went wrong: never a word of the value. */
export const readSecretDocument =
  (secrets: SecretsManagerClient): ReadSecretDocument =>
  async (secretId) => {
    let text: string | undefined;
    try {
      text = (await secrets.send(new GetSecretValueCommand({ SecretId: secretId }))).SecretString;
    } catch (error) {
      const problem = error instanceof Error ? error.name : 'unknown';
      return problem === 'ResourceNotFoundException' ? { kind: 'missing' } : { kind: 'unreadable', problem };
    }
    try {
      return { kind: 'read', document: SecretDocument.parse(JSON.parse(text ?? '')) };
    } catch {
      return { kind: 'malformed' };
    }
  };

/**
 * The value behind metadata that a gate has read. Anything that is missing, unreadable or not for this kind of host is
 * an answer, not an error. Of an OAuth connection it answers the access token alone, as the field `token`.
 */
export const openCredential =
  (secrets: SecretsManagerClient, now: () => number = Date.now): ResolveCredential =>
  async (_project, ref, hostIsOverridden, credential) => {
    const name = `${ref.provider} ${ref.account} (${ref.environment})`;
    if (credential === undefined)
      return unusable('CREDENTIAL_MISSING', `No credential is registered for ${name}.`);
    if (!fitsHost(credential.standIn, hostIsOverridden)) {
      const detail = credential.standIn
        ? `The credential of ${name} belongs to a stand-in and is not sent to a real host.`
        : `The credential of ${name} is real and is not sent to an overridden host.`;
      return unusable('CREDENTIAL_NOT_FOR_HOST', detail);
    }
    const read = await readSecretDocument(secrets)(credential.secretId);
    if (read.kind === 'missing')
      return unusable('CREDENTIAL_MISSING', `The secret of ${name} does not exist.`);
    if (read.kind !== 'read') {
      const problem = read.kind === 'unreadable' ? read.problem : 'the value is not a JSON object of strings';
      return unusable('CREDENTIAL_UNREADABLE', `The secret of ${name} cannot be read: ${problem}.`);
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

/**
 * Metadata first, then the value.
 * @throws what DynamoDB throws: then nothing is known about the credential.
 */
export const resolveCredential = (
  db: Db,
  table: string,
  secrets: SecretsManagerClient,
  now: () => number = Date.now,
): ResolveCredential => {
  const read = readCredential(db, table);
  const open = openCredential(secrets, now);
  return async (project, ref, hostIsOverridden, known) =>
    open(project, ref, hostIsOverridden, known ?? (await read(project, ref)));
};

/**
 * Whether a credential could be used right now: nothing that is known of it speaks against it, and its secret can be
 * read. The same question that pauses an action inside Execute, so that what is resumed does not pause again.
 */
export const credentialIsUsable = (
  db: Db,
  table: string,
  secrets: SecretsManagerClient,
  now: () => number = Date.now,
): CredentialIsUsable => {
  const readBoth = readStanding(db, table);
  const open = openCredential(secrets, now);
  return async (project, ref, hostIsOverridden) => {
    const { grant, condition } = await readBoth(project, ref);
    if (grant === undefined) return false;
    const at = timestamp(now());
    if (healthReasons(grant, condition, { now: at, taskMs: TASK_MS }).length > 0) return false;
    return (await open(project, ref, hostIsOverridden, grant)).kind === 'usable';
  };
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
