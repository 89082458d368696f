import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { DynamoDBClient, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import type { Desk } from '../../path/desk.ts';

/** Rows as DynamoDB answers them, by table. */
export type Items = ReadonlyMap<string, readonly Record<string, unknown>[]>;
/** Everything that was left behind, by where it is. */
export type Places = Map<string, Buffer>;

export const settings = (desk: Desk) => ({
  endpoint: desk.host.awsUrl,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

export const itemsByTable = async (desk: Desk): Promise<Items> => {
  const db = new DynamoDBClient(settings(desk));
  const { TableNames = [] } = await db.send(new ListTablesCommand({}));
  const found = new Map<string, Record<string, unknown>[]>();
  for (const TableName of TableNames)
    found.set(TableName, (await db.send(new ScanCommand({ TableName }))).Items ?? []);
  db.destroy();
  return found;
};

/** The tokens of the waits, as the tables hold them: encrypted for the action that they belong to. */
export const taskTokens = async (desk: Desk, items: Items): Promise<string[]> => {
  const kms = new KMSClient(settings(desk));
  const rows = [...items.values()].flat() as Record<string, { S?: string } | undefined>[];
  const tokens: string[] = [];
  for (const { taskToken, project, key } of rows) {
    if (taskToken?.S === undefined) continue;
    const { Plaintext } = await kms.send(
      new DecryptCommand({
        CiphertextBlob: Buffer.from(taskToken.S, 'base64'),
        EncryptionContext: { action: `${project?.S}#${key?.S}` },
      }),
    );
    tokens.push(Buffer.from(Plaintext ?? []).toString());
  }
  kms.destroy();
  return tokens;
};

/** What the API of Step Functions tells of the executions: input, output and every event. */
const executions = async (desk: Desk): Promise<string> => {
  const sfn = new SFNClient(settings(desk));
  const told: unknown[] = [];
  for (const { stateMachineArn } of (await sfn.send(new ListStateMachinesCommand({}))).stateMachines ?? [])
    for (const { executionArn } of (await sfn.send(new ListExecutionsCommand({ stateMachineArn })))
      .executions ?? [])
      told.push(
        await sfn.send(new DescribeExecutionCommand({ executionArn })),
        await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 })),
      );
  sfn.destroy();
  return JSON.stringify(told);
};

/** Every file below a folder, by its path with slashes. */
export const filesIn = (folder: string): [path: string, bytes: Buffer][] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return [];
    const file = join(entry.parentPath, entry.name);
    return [[relative(folder, file).split(sep).join('/'), readFileSync(file)]];
  });

/** Items, executions with their history, the log, and every file of the host's data folder. */
export const placesIn = async (desk: Desk, items: Items, log: readonly string[]): Promise<Places> => {
  const places: Places = new Map();
  for (const [table, rows] of items) places.set(`table ${table}`, Buffer.from(JSON.stringify(rows)));
  places.set('executions', Buffer.from(await executions(desk)));
  places.set('host log', Buffer.from(log.join('\n')));
  for (const [path, bytes] of filesIn(desk.dataDir)) places.set(`file ${path}`, bytes);
  return places;
};

const shapesOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
];

/** Where a secret is found, as it is or in any of the shapes that programs give it. */
export const findSecret = (places: ReadonlyMap<string, Buffer>, secret: string): string[] => {
  const shapes = shapesOf(secret);
  return [...places]
    .filter(([, bytes]) => shapes.some((shape) => bytes.includes(shape)))
    .map(([place]) => place);
};
