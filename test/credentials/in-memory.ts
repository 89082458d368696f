import type { Db } from '#shared/config/dynamo.aws.ts';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** The part of a table that the adapters of this room use: strongly consistent reads and conditional puts. */
export const tableOf = (items: Map<string, Record<string, unknown>>): Db =>
  ({
    send: async (command: unknown) => {
      if (command instanceof GetCommand) {
        if (command.input.ConsistentRead !== true) throw new Error('an eventually consistent read');
        const item = items.get(String(command.input.Key?.['pk']));
        return item === undefined ? {} : { Item: structuredClone(item) };
      }
      if (command instanceof BatchGetCommand) {
        const Responses: Record<string, Record<string, unknown>[]> = {};
        for (const [table, { Keys = [], ConsistentRead }] of Object.entries(
          command.input.RequestItems ?? {},
        )) {
          if (ConsistentRead !== true) throw new Error('an eventually consistent read');
          Responses[table] = Keys.flatMap(({ pk }) => {
            const item = items.get(String(pk));
            return item === undefined ? [] : [structuredClone(item)];
          });
        }
        return { Responses };
      }
      if (command instanceof PutCommand) {
        const { Item = {}, ConditionExpression, ExpressionAttributeValues } = command.input;
        const pk = String(Item['pk']);
        const stored = items.get(pk);
        const seen = ExpressionAttributeValues?.[':seen'];
        const holds =
          ConditionExpression === 'attribute_not_exists(pk)'
            ? stored === undefined
            : ConditionExpression === '#version = :seen'
              ? stored?.['version'] === seen
              : ConditionExpression === 'createdAt = :seen' && stored?.['createdAt'] === seen;
        if (!holds) throw new ConditionalCheckFailedException({ message: 'refused', $metadata: {} });
        items.set(pk, structuredClone(Item));
        return {};
      }
      throw new Error('a command that this room has no permission for');
    },
  }) as unknown as Db;

/** Secrets by id: text, or an error that reading it throws. */
export const secretsOf = (
  secrets: Readonly<Record<string, string | Error>>,
  asked: string[] = [],
): SecretsManagerClient =>
  ({
    send: async (command: unknown) => {
      if (!(command instanceof GetSecretValueCommand))
        throw new Error('a command that this room has no permission for');
      const id = String(command.input.SecretId);
      asked.push(id);
      const found = secrets[id];
      if (found === undefined) throw Object.assign(new Error('gone'), { name: 'ResourceNotFoundException' });
      if (found instanceof Error) throw found;
      return { SecretString: found };
    },
  }) as unknown as SecretsManagerClient;
