import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The emulator, and the package without which it signs no tokens and compares no encryption context. */
export const PACKAGES = ['ministack==1.5.33', 'cryptography==50.0.2'] as const;

const CACHE = fileURLToPath(
  new URL(`../../node_modules/.cache/autopack/ministack-${PACKAGES.join('-')}`, import.meta.url),
);

/** Python or its registry is not there: nothing can be said about the stack. */
export class EmulatorMissingError extends Error {
  override readonly name = 'EmulatorMissingError';
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/**
 * Installs MiniStack into a virtual environment of its own, once per version.
 * @returns the path of its executable
 * @throws EmulatorMissingError without Python 3.10 or the registry
 */
export const installMinistack = (log: (line: string) => void): string => {
  const bin = join(CACHE, process.platform === 'win32' ? 'Scripts' : 'bin');
  const executable = join(bin, 'ministack');
  const done = join(CACHE, 'pyvenv.cfg');
  if (existsSync(executable) && existsSync(done)) return executable;
  const python = process.env['AUTOPACK_PYTHON'] ?? 'python3';
  const run = (what: string, command: string, args: readonly string[]): void => {
    try {
      execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 });
    } catch (error) {
      const said =
        (error as { stderr?: Buffer }).stderr?.toString().trim().split('\n').at(-1) ?? String(error);
      throw new EmulatorMissingError(`${what}: ${said}`);
    }
  };
  log(`installing ${PACKAGES.join(' and ')}`);
  run('Python is not usable', python, ['-c', 'import sys, venv; assert sys.version_info >= (3, 10)']);
  run('the virtual environment cannot be made', python, ['-m', 'venv', '--clear', CACHE]);
  run('the package registry cannot be reached', join(bin, 'python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    ...PACKAGES,
  ]);
  return executable;
};

export interface Ministack {
  /** `http://127.0.0.1:<port>`: a name instead of the address would make SDKs put bucket names into it. */
  readonly url: string;
  /** What SDK clients, the CDK CLI and the functions are told. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  stop(): Promise<void>;
}

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

/** Starts MiniStack on loopback with everything that it writes in `folder`; ends it with this process. */
export const startMinistack = async (
  executable: string,
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Ministack> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  const logFile = join(folder, 'ministack.log');
  const out = openSync(logFile, 'a');
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_CONFIG_FILE: join(folder, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const child: ChildProcess = spawn(executable, [], {
    cwd: folder,
    stdio: ['ignore', out, out],
    env: {
      HOME: folder,
      // Functions run on the `node` that is found first: the one that runs this.
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      TMPDIR: join(folder, 'tmp'),
      LANG: 'C.UTF-8',
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      IOT_MTLS_ENABLED: '0',
      ...settings,
    },
  });
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const stopNow = (): void => void child.kill('SIGKILL');
  process.once('exit', stopNow);
  const stop = async (): Promise<void> => {
    process.off('exit', stopNow);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const late = setTimeout(stopNow, 5000);
    await ended;
    clearTimeout(late);
  };
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) break;
    const reply = await fetch(`${url}/_ministack/ready`).catch(() => undefined);
    if (reply?.ok) return { url, environment, logFile, stop };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error(`MiniStack did not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
};
