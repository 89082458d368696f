#!/usr/bin/env node
// Runs on any Node from 20 on; the program itself needs 24, which `npm ci` brings along.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Settings of this folder; what is in the environment already wins.
if (existsSync('.env')) process.loadEnvFile?.('.env');

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'autopack.http.ts');

/** The Node 24 of a node_modules folder, or undefined. */
const bundledNode = (modules) => {
  if (!existsSync(modules)) return undefined;
  for (const name of readdirSync(modules)) {
    if (!name.startsWith('node-')) continue;
    const file = join(modules, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(file)) return file;
  }
  return undefined;
};

if (Number(process.versions.node.split('.')[0]) >= 24) {
  const { main } = await import(program);
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = bundledNode(join(here, '..', '..', 'node_modules'));
  if (node === undefined) {
    console.error('autopack: Node 24 is needed. Run "npm ci" in the repository, or install Node 24.');
    process.exitCode = 2;
  } else {
    // Ctrl-C reaches both; the child says what to do about it.
    process.on('SIGINT', () => {});
    const child = spawnSync(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
    });
    process.exitCode = child.status ?? 1;
  }
}
