import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

interface Capacity {
  readonly CapacityUnits?: number;
}
/** What the engine reports for one request under ReturnConsumedCapacity INDEXES. */
export interface Consumed extends Capacity {
  readonly TableName?: string;
  readonly Table?: Capacity;
  readonly GlobalSecondaryIndexes?: Readonly<Record<string, Capacity>>;
}

/** One request and the units that it took; a refused one reports none. */
export interface Metered {
  readonly command: string;
  readonly refused: boolean;
  readonly table: number;
  readonly indexes: Readonly<Record<string, number>>;
  readonly bytes: number;
}

export const unitsOf = (consumed: Consumed | undefined): Pick<Metered, 'table' | 'indexes'> => ({
  table: consumed?.Table?.CapacityUnits ?? consumed?.CapacityUnits ?? 0,
  indexes: Object.fromEntries(
    Object.entries(consumed?.GlobalSecondaryIndexes ?? {}).map(([name, { CapacityUnits = 0 }]) => [
      name,
      CapacityUnits,
    ]),
  ),
});

/** Bytes of a value as DynamoDB counts them: UTF-8, and for a list or map three and one for each member. */
const valueBytes = (value: unknown): number => {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'number') return Math.ceil(String(value).replace(/[-.]/g, '').length / 2) + 1;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, member) => sum + 1 + valueBytes(member), 3);
  return 3 + Object.keys(value as object).length + itemBytes(value as object);
};

/** Bytes of an item: names and values. */
const itemBytes = (item: object): number =>
  Object.entries(item).reduce((sum, [name, member]) => sum + Buffer.byteLength(name) + valueBytes(member), 0);

/** A document client of its own that counts each request and asks what it consumed. */
export const meteredDb = (endpoint: string) => {
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const seen: Metered[] = [];
  const db = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  db.middlewareStack.add(
    (next, context) => async (args) => {
      const input = args.input as unknown as Record<string, unknown>;
      input['ReturnConsumedCapacity'] = 'INDEXES';
      const command = String(context.commandName).replace('Command', '');
      const item = JSON.parse(JSON.stringify(input['Item'] ?? {})) as object;
      try {
        const answer = await next(args);
        const { ConsumedCapacity } = answer.output as { ConsumedCapacity?: Consumed };
        seen.push({ command, bytes: itemBytes(item), refused: false, ...unitsOf(ConsumedCapacity) });
        return answer;
      } catch (error) {
        seen.push({ command, bytes: itemBytes(item), refused: true, ...unitsOf(undefined) });
        throw error;
      }
    },
    { step: 'initialize', name: 'meter' },
  );
  return { db, seen, take: (): Metered[] => seen.splice(0) };
};

export interface Bill {
  readonly writes: number;
  readonly refused: number;
  readonly reads: number;
  readonly tableUnits: number;
  readonly indexUnits: number;
}

/** What a path took in all. */
export const billOf = (seen: readonly Metered[]): Bill => {
  const puts = seen.filter(({ command }) => command === 'Put' || command === 'PutItem');
  const done = puts.filter(({ refused }) => !refused);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  return {
    writes: done.length,
    refused: puts.length - done.length,
    reads: seen.length - puts.length,
    tableUnits: sum(done.map(({ table }) => table)),
    indexUnits: sum(done.flatMap(({ indexes }) => Object.values(indexes))),
  };
};
