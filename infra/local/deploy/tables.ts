import { callDynamo, DynamoCallError } from '../dynamodb.ts';
import {
  arn,
  generatedName,
  listOf,
  optionalText,
  recordOf,
  type MakeResource,
  type ResourceToMake,
} from './context.ts';

interface Index {
  readonly IndexName: string;
  readonly KeySchema: readonly unknown[];
  readonly Projection: unknown;
}

interface Described {
  readonly KeySchema: readonly unknown[];
  readonly GlobalSecondaryIndexes?: readonly Index[];
}

const same = (left: unknown, right: unknown): boolean =>
  JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
};

const indexesOf = (resource: ResourceToMake): Index[] =>
  listOf(resource, 'GlobalSecondaryIndexes').map((entry) => {
    const { IndexName, KeySchema, Projection } = entry as Index;
    return { IndexName, KeySchema, Projection };
  });

const describe = async (url: string, name: string): Promise<Described | undefined> => {
  try {
    return (await callDynamo(url, 'DescribeTable', { TableName: name }))['Table'] as Described;
  } catch (error) {
    if (error instanceof DynamoCallError && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
};

/** Brings the indexes of a table that is there up to date; its keys can never change. */
const reconcile = async (
  url: string,
  name: string,
  resource: ResourceToMake,
  there: Described,
): Promise<void> => {
  if (!same(there.KeySchema, listOf(resource, 'KeySchema')))
    throw new Error(
      `${resource.at}: the table ${name} is there with other keys; move the data folder away to start afresh`,
    );
  const wanted = indexesOf(resource);
  const present = there.GlobalSecondaryIndexes ?? [];
  const equal = (a: Index, b: Index): boolean =>
    a.IndexName === b.IndexName && same(a.KeySchema, b.KeySchema) && same(a.Projection, b.Projection);
  const change = (update: unknown): Promise<unknown> =>
    callDynamo(url, 'UpdateTable', {
      TableName: name,
      AttributeDefinitions: listOf(resource, 'AttributeDefinitions'),
      GlobalSecondaryIndexUpdates: [update],
    });
  for (const index of present.filter((old) => !wanted.some((next) => equal(old, next))))
    await change({ Delete: { IndexName: index.IndexName } });
  for (const index of wanted.filter((next) => !present.some((old) => equal(old, next))))
    await change({ Create: index });
};

/** `AWS::DynamoDB::Table` and `GlobalTable`: made when absent; a table that is there keeps its rows. */
const table: MakeResource = async (resource, { host, dynamoUrl }) => {
  const name = optionalText(resource, 'TableName') ?? generatedName(resource, 255);
  const there = await describe(dynamoUrl, name);
  if (there === undefined) {
    const indexes = indexesOf(resource);
    await callDynamo(dynamoUrl, 'CreateTable', {
      TableName: name,
      KeySchema: listOf(resource, 'KeySchema'),
      AttributeDefinitions: listOf(resource, 'AttributeDefinitions'),
      BillingMode: 'PAY_PER_REQUEST',
      ...(indexes.length > 0 ? { GlobalSecondaryIndexes: indexes } : {}),
    });
  } else await reconcile(dynamoUrl, name, resource, there);
  const { AttributeName, Enabled } = recordOf(resource, 'TimeToLiveSpecification');
  if (Enabled === true) {
    const { TimeToLiveDescription } = await callDynamo(dynamoUrl, 'DescribeTimeToLive', { TableName: name });
    if ((TimeToLiveDescription as { TimeToLiveStatus?: string } | undefined)?.TimeToLiveStatus !== 'ENABLED')
      await callDynamo(dynamoUrl, 'UpdateTimeToLive', {
        TableName: name,
        TimeToLiveSpecification: { AttributeName, Enabled },
      });
  }
  return { ref: name, attributes: { Arn: arn(host, 'dynamodb', `table/${name}`), TableId: name } };
};

export const TABLE_TYPES: Readonly<Record<string, MakeResource>> = {
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
};
