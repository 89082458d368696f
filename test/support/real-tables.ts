import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, type GlobalSecondaryIndex } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { startDynamo } from '#infra/local/dynamodb.ts';

/** An index of the data layout in docs/architecture.md: name, partition attribute, sort attribute. */
export type IndexLayout = readonly [name: string, partition: string, sort: string];

/** Index layout of the ledger table. */
export const ACTION_INDEXES: readonly IndexLayout[] = [
  ['byTime', 'project', 'timeKey'],
  ['byRun', 'runKey', 'timeKey'],
  ['attention', 'attention', 'attentionAt'],
];

const index = ([name, partition, sort]: IndexLayout): GlobalSecondaryIndex => ({
  IndexName: name,
  KeySchema: [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' },
});

/** The real engine with tables of the given layouts, on a folder of its own; `stop` removes it. */
export const realTables = async (tables: Readonly<Record<string, readonly IndexLayout[]>>) => {
  const folder = mkdtempSync(join(tmpdir(), 'autopack-tables-'));
  const engine = await startDynamo(folder);
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${engine.port}`,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  for (const [name, indexes] of Object.entries(tables)) {
    const attributes = new Set(['pk', ...indexes.flatMap(([, partition, sort]) => [partition, sort])]);
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes.map(index) }),
      }),
    );
  }
  return {
    client,
    db: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
    stop: async () => {
      client.destroy();
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
