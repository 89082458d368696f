import { DynamoDBClient, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Ministack } from './ministack.ts';
import type { RawApi } from './raw-api.ts';

/** Types whose replacement would lose what is in them. */
const STATEFUL = [
  'AWS::DynamoDB::GlobalTable',
  'AWS::S3::Bucket',
  'AWS::KMS::Key',
  'AWS::Cognito::UserPool',
  'AWS::Cognito::UserPoolClient',
  'AWS::StepFunctions::StateMachine',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
] as const;

/** Physical ids of what must never be replaced, by stack and logical id. */
export const statefulIds = async (
  raw: RawApi,
  stacks: readonly string[],
): Promise<Readonly<Record<string, string>>> => {
  const ids: Record<string, string> = {};
  for (const stack of stacks) {
    const xml = await raw.cloudFormation('DescribeStackResources', { StackName: stack });
    for (const [, member = ''] of xml.matchAll(/<member>([\s\S]*?)<\/member>/g)) {
      const field = (name: string): string =>
        new RegExp(`<${name}>([^<]*)</${name}>`).exec(member)?.[1] ?? '';
      if ((STATEFUL as readonly string[]).includes(field('ResourceType')))
        ids[`${field('ResourceType')} ${stack}/${field('LogicalResourceId')}`] = field('PhysicalResourceId');
    }
  }
  return ids;
};

/** `CREATE_COMPLETE` and the like. */
export const stackStatus = async (raw: RawApi, stack: string): Promise<string> =>
  /<StackStatus>([^<]*)</.exec(await raw.cloudFormation('DescribeStacks', { StackName: stack }))?.[1] ?? '';

const client = (ministack: Ministack) => ({
  endpoint: ministack.url,
  region: String(ministack.environment['AWS_REGION']),
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

/**
 * Everything in the tables and the bucket: items as JSON text by table and key, objects by key and ETag.
 * Counters of requests (`controls`) and sessions of browsers come and go by themselves and are left out.
 */
export const contents = async (
  ministack: Ministack,
  ids: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> => {
  const db = new DynamoDBClient(client(ministack));
  const s3 = new S3Client({ ...client(ministack), forcePathStyle: true });
  const found: Record<string, string> = {};
  for (const [what, id] of Object.entries(ids)) {
    if (what.startsWith('AWS::DynamoDB::GlobalTable') && !what.endsWith('/ControlsTable')) {
      let from: ScanCommandOutput['LastEvaluatedKey'];
      do {
        const page = await db.send(
          new ScanCommand({ TableName: id, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }),
        );
        for (const item of page.Items ?? []) {
          const key = String(item['pk']?.S);
          if (!/^(session|signin)#/.test(key))
            found[`${what} ${key}`] = JSON.stringify(Object.entries(item).toSorted());
        }
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
    }
    if (what.startsWith('AWS::S3::Bucket'))
      for (const { Key, ETag } of (await s3.send(new ListObjectsV2Command({ Bucket: id }))).Contents ?? [])
        found[`${what} ${Key}`] = String(ETag);
  }
  return found;
};

/** What of `before` is missing or different in `after`. */
export const lost = (
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] =>
  Object.entries(before)
    .filter(([name, value]) => after[name] !== value)
    .map(([name, value]) => `${name}: ${value} -> ${after[name] ?? 'gone'}`);
