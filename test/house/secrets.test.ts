import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'autopack-secrets-'));

const scan = (cwd: string, ...patterns: string[]) =>
  spawnSync(
    join(root, 'node_modules/.bin/secretlint'),
    ['--maskSecrets', '--secretlintrc', join(root, '.secretlintrc.json'), ...patterns],
    { cwd, encoding: 'utf8' },
  );

describe('no secret in the repository (SEC-06)', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('finds none in what is committed', () => {
    const found = scan(
      root,
      '--secretlintignore',
      '.secretlintignore',
      '**/*',
      '.github/**/*',
      '.ci/*',
      '.env.example',
    );
    expect(found.stdout + found.stderr).not.toMatch(/error/);
    expect(found.status).toBe(0);
  });

  it('sees one that is planted', () => {
    // Put together here, so that this file does not hold it.
    const token = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');
    writeFileSync(join(folder, 'planted.ts'), `export const token = '${token}';\n`);
    expect(scan(folder, '**/*').status).toBe(1);
  });
});
