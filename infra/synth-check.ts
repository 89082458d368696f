import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeApp } from './compose.ts';

/**
 * `npm run synth`: synthesizes development and the example of production with every finding as an error. Needs no
 * account and no network. Ends with 1 and the report where something is found.
 */
const example: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('prod.example.json', import.meta.url), 'utf8'),
);

for (const deployment of [{ stage: 'dev' }, example]) {
  const outdir = mkdtempSync(join(tmpdir(), 'autopack-synth-'));
  try {
    const started = performance.now();
    const { stacks } = composeApp({ deployment, outdir }).synth();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${stacks.map((stack) => stack.stackName).join(', ')}: no findings, ${seconds} s`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
