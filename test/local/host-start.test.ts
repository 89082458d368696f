import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { agentToken } from '#infra/local/example.ts';
import { cachedAssembly } from '#infra/local/assembly-cache.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START = join(ROOT, 'infra/local/start.ts');
const CACHE = join(ROOT, 'node_modules/.cache/autopack/assembly');

interface Started {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<number | null>;
}

let dataDir: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'host-start-'));
  await cachedAssembly({ folder: CACHE, log: () => undefined });
}, 300_000);
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const start = (env: Record<string, string> = {}): Started => {
  const child = spawn(process.execPath, [START], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      AUTOPACK_PORT: '0',
      AUTOPACK_AWS_PORT: '0',
      AUTOPACK_DATA_DIR: dataDir,
      AUTOPACK_ASSEMBLY_DIR: CACHE,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  const read = (chunk: Buffer): number =>
    lines.push(
      ...chunk
        .toString()
        .split('\n')
        .filter((line) => line !== ''),
    );
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  return { child, lines, ended: new Promise((resolve) => child.once('exit', resolve)) };
};

const ready = async (started: Started, last = /example|Ctrl-C/): Promise<string> => {
  await expect.poll(() => started.lines.join('\n'), { timeout: 60_000 }).toMatch(last);
  return (
    started.lines
      .find((line) => line.startsWith('Autopack is ready at '))
      ?.slice('Autopack is ready at '.length) ?? ''
  );
};

const local = (): { apiUrl: string; issuer: string; agent: { clientId: string; clientSecret: string } } =>
  JSON.parse(readFileSync(join(dataDir, 'local.json'), 'utf8'));

const statusOfExample = async (): Promise<unknown> => {
  const { apiUrl, issuer, agent } = local();
  const token = await agentToken(issuer, agent);
  const reply = await fetch(`${apiUrl}/projects/demo/actions/example-order-1`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return JSON.stringify(await reply.json()).match(/"status":"([A-Z_]+)"/)?.[1];
};

describe('npm start', { timeout: 300_000 }, () => {
  it('is ready, leaves an example waiting, and keeps it over kill -9 and over Ctrl-C', async () => {
    const first = start();
    const url = await ready(first, /an example order waits/);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const position = first.lines.findIndex((line) => line.startsWith('Autopack is ready'));
    expect(first.lines.slice(position + 1, position + 5).map((line) => line.trim().split(' ')[0])).toEqual([
      'AWS',
      'Outbox',
      'Accounts',
      'Propose',
    ]);
    expect(statSync(join(dataDir, 'local.json')).mode & 0o777).toBe(0o600);
    await expect.poll(statusOfExample, { timeout: 30_000 }).toBe('PENDING_APPROVAL');

    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.lines.at(-1)).toMatch(
      /^Autopack did not start: Autopack already runs on .* \(process \d+\)/,
    );
    first.child.kill('SIGKILL');
    await first.ended;

    const third = start();
    expect(await ready(third)).toBe(url);
    expect(await statusOfExample()).toBe('PENDING_APPROVAL');
    expect(third.lines.join('\n')).not.toMatch(/Synthesizing|an example order waits/);
    third.child.kill('SIGINT');
    expect(await third.ended).toBe(0);

    const fourth = start();
    await ready(fourth);
    expect(await statusOfExample()).toBe('PENDING_APPROVAL');
    fourth.child.kill('SIGTERM');
    expect(await fourth.ended).toBe(0);
  });

  it('says in one line what is wrong with a port', async () => {
    const wrong = start({ AUTOPACK_PORT: 'http' });
    expect(await wrong.ended).toBe(1);
    expect(wrong.lines).toEqual([
      'Autopack did not start: AUTOPACK_PORT has to be a port number from 0 to 65535, not "http".',
    ]);
  });
});
