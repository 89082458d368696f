import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { functionArn, machineArn, temporaryFolder } from './step-functions-rig.ts';

const program = fileURLToPath(new URL('step-functions-process.ts', import.meta.url));

/** Starts the process and lets it run for a while after it has begun, or to its end. */
async function live(dataDir: string, killAfterMs: number | undefined): Promise<string> {
  const child = spawn(process.execPath, [program, dataDir, machineArn('M'), functionArn('f')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const exited = once(child, 'exit');
  if (killAfterMs !== undefined) {
    await Promise.race([once(child.stdout, 'data'), exited]);
    await setTimeout(killAfterMs);
    child.kill('SIGKILL');
  }
  await exited;
  return output;
}

test('an execution that is killed again and again comes to its end, with at most one call twice for each kill (DEP-06)', async () => {
  const folder = await temporaryFolder();
  const kills = [5, 40, 90, 20];
  for (const ms of kills) await live(folder.path, ms);
  expect(await live(folder.path, undefined)).toContain('SUCCEEDED 600');
  const calls = (await readFile(join(folder.path, 'calls'), 'utf8')).trim().split('\n').map(Number);
  expect([...new Set(calls)]).toEqual(Array.from({ length: 600 }, (_, n) => n));
  expect(calls.length).toBeLessThanOrEqual(600 + kills.length);
  await folder.remove();
});
