import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolderInUseError, lockDataFolder } from '#infra/local/data-lock.ts';
import { callDynamo, EngineMissingError, findEngine, startDynamo } from '#infra/local/dynamodb.ts';
import { processIdentity } from '#infra/local/process-identity.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'host-dynamodb-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const TABLE = {
  TableName: 'things',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const key = { pk: { S: 'one' } };
const urlOf = ({ port }: { port: number }): string => `http://127.0.0.1:${port}`;

describe('the DynamoDB engine', () => {
  it('keeps its rows over a stop and a start', async () => {
    const first = await startDynamo(dataDir);
    await callDynamo(urlOf(first), 'CreateTable', TABLE);
    await callDynamo(urlOf(first), 'PutItem', { TableName: 'things', Item: key });
    await first.stop();
    expect(processIdentity(first.pid)).toBeUndefined();
    const second = await startDynamo(dataDir);
    try {
      expect(await callDynamo(urlOf(second), 'GetItem', { TableName: 'things', Key: key })).toEqual({
        Item: key,
      });
    } finally {
      await second.stop();
    }
  });

  it.each(['with its pid file', 'without one'])(
    'that a killed host left behind is ended, %s: never two on one file',
    async (how) => {
      const script = join(dataDir, 'host.ts');
      const module = fileURLToPath(new URL('../../infra/local/dynamodb.ts', import.meta.url));
      writeFileSync(
        script,
        `const { startDynamo, callDynamo } = await import(${JSON.stringify(module)});
       const engine = await startDynamo(${JSON.stringify(dataDir)});
       const url = 'http://127.0.0.1:' + engine.port;
       await callDynamo(url, 'CreateTable', ${JSON.stringify(TABLE)});
       await callDynamo(url, 'PutItem', { TableName: 'things', Item: ${JSON.stringify(key)} });
       console.log(engine.pid);
       setInterval(() => {}, 1000);`,
      );
      const host = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      const pid = Number(
        await new Promise<string>((resolve) =>
          host.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
        ),
      );
      host.kill('SIGKILL');
      await expect.poll(() => host.signalCode).toBe('SIGKILL');
      expect(processIdentity(pid)).toBeDefined();
      if (how === 'without one') rmSync(join(dataDir, 'dynamodb', 'engine.json'));
      const engine = await startDynamo(dataDir);
      try {
        if (how === 'with its pid file' || process.platform === 'linux')
          expect(processIdentity(pid)).toBeUndefined();
        expect(await callDynamo(urlOf(engine), 'GetItem', { TableName: 'things', Key: key })).toEqual({
          Item: key,
        });
      } finally {
        await engine.stop();
      }
    },
  );

  it('that is not installed is named in one line', () => {
    expect(() => findEngine(() => undefined)).toThrow(EngineMissingError);
    expect(() => findEngine(() => undefined)).toThrow(/^No DynamoDB engine for .*npm install.*$/);
  });
});

describe('the lock of the data folder', () => {
  it('is given to one host at a time and back again', () => {
    const unlock = lockDataFolder(dataDir);
    expect(() => lockDataFolder(dataDir)).toThrow(DataFolderInUseError);
    unlock();
    lockDataFolder(dataDir)();
    expect(existsSync(join(dataDir, 'host.lock'))).toBe(false);
  });

  it.each([
    [
      'a process that is gone',
      () => ({
        pid: Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' })),
        identity: 'x',
        token: 'old',
      }),
    ],
    [
      'a process number that somebody else has now',
      () => ({ pid: process.pid, identity: 'an earlier boot:1', token: 'old' }),
    ],
  ])('is taken over from %s', (_name, holder) => {
    writeFileSync(join(dataDir, 'host.lock'), JSON.stringify(holder()));
    lockDataFolder(dataDir)();
  });

  it('is taken over when it was cut off while it was written', () => {
    writeFileSync(join(dataDir, 'host.lock'), '{"pi');
    lockDataFolder(dataDir)();
  });
});
