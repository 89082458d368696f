import { createHash } from 'node:crypto';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { Context } from 'aws-lambda';
import { type Call, type Contender, INVOCATION_MS, type Surroundings } from './contender.ts';

/**
 * `default`: only the key is chosen. `best`: payload validation, SHA-256, a key is required, records live for ten
 * years, no local cache. `neverUnlocks`: the same, but no Lambda context, so that a claim has no deadline.
 */
export type PeerSetup = 'default' | 'best' | 'neverUnlocks';

const TEN_YEARS_SECONDS = 10 * 365 * 86_400;

const configOf = (setup: PeerSetup): IdempotencyConfig =>
  setup === 'default'
    ? new IdempotencyConfig({ eventKeyJmesPath: 'key' })
    : new IdempotencyConfig({
        eventKeyJmesPath: 'key',
        payloadValidationJmesPath: 'payload',
        hashFunction: 'sha256',
        throwOnNoIdempotencyKey: true,
        expiresAfterSeconds: TEN_YEARS_SECONDS,
        useLocalCache: false,
      });

const WORDS: Readonly<Record<string, string>> = {
  IdempotencyAlreadyInProgressError: 'already in progress',
  IdempotencyValidationError: 'refused: other payload',
  IdempotencyPersistenceLayerError: 'store error',
  TimedOut: 'timed out',
  Refused: 'refused by the provider',
  Busy: 'provider busy',
  OwnerFailedLate: 'failed late',
};

/** @aws-lambda-powertools/idempotency around one request to the provider. */
export const peer = ({ store, provider }: Surroundings, setup: PeerSetup): Contender => ({
  call: async (call) => {
    const act = async (_call: Call, _context?: Context) => provider.send();
    const guarded = makeIdempotent(act, {
      persistenceStore: new DynamoDBPersistenceLayer({ tableName: 'peer', awsSdkV3Client: store.client }),
      config: configOf(setup),
    });
    const context = { getRemainingTimeInMillis: () => INVOCATION_MS } as Context;
    try {
      const reply = await (setup === 'neverUnlocks' ? guarded(call) : guarded(call, context));
      return reply === undefined ? 'no result' : 'result';
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      const word = WORDS[name];
      if (word === undefined) throw error;
      return word;
    }
  },
  record: async (key) => {
    const { Items = [] } = await store.unseen.send(
      new ScanCommand({ TableName: 'peer', ConsistentRead: true }),
    );
    const hash = createHash(setup === 'default' ? 'md5' : 'sha256')
      .update(JSON.stringify(key))
      .digest('base64');
    const found = Items.find(({ id }) => String(id).endsWith(`#${hash}`));
    return found === undefined ? 'no record' : String(found['status']);
  },
  // It has no part that runs by itself.
  passTime: async () => undefined,
});
