import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENV, type EnvName } from '#shared/config/env.ts';
import { FLAGS } from '#shared/config/flags.ts';
import { SETTINGS } from '#shared/config/settings.ts';
import { readersOf } from './config-docs.ts';
import { type Part, PARTS, withPart } from './parts.ts';

const tracked = (): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => /\.(ts|js)$/.test(file));
const sources = (folders: RegExp): string =>
  tracked()
    .filter((file) => folders.test(file) && !file.endsWith('settings.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');

test.each(PARTS.map((part): [string, string, Part] => [part.file, part.name ?? 'the whole file', part]))(
  'API-10, DEP-10: %s (%s) says what the code says',
  (file, _name, part) => {
    const document = readFileSync(file, 'utf8');
    expect(withPart(document, part), 'run: npm exec -- node test/docs/generate.ts --write').toBe(document);
  },
);

test('a part that says something else is found', () => {
  const part: Part = { file: 'x.md', name: 'p', text: () => 'new' };
  const stale = '# x\n\n<!-- generated: p -->\n\nold\n\n<!-- end of generated -->\n';
  expect(withPart(stale, part)).not.toBe(stale);
  expect(withPart(withPart(stale, part), part)).toBe(withPart(stale, part));
  expect(() => withPart('# x', part)).toThrow(/no markers/);
});

test('CFG-02: every declared variable is read by some function', () => {
  for (const name of Object.keys(ENV) as EnvName[]) expect(readersOf(name), name).not.toEqual([]);
});

test('CFG-02: every flag is a declared variable and every variable that people set is read by code', () => {
  for (const name of Object.keys(FLAGS)) expect(Object.keys(ENV)).toContain(name);
  const code = sources(/^(infra|shared|test\/browser)\//);
  for (const name of Object.keys(SETTINGS)) if (name !== 'CHROMIUM_PATH') expect(code, name).toContain(name);
});

test('CFG-01: no code reads an environment variable that the documents do not know', () => {
  const known = new Set([...Object.keys(ENV), ...Object.keys(SETTINGS), 'PATH', 'HOME']);
  const code = sources(/^(infra|functions|shared)\//);
  const read = [...code.matchAll(/process\.env(?:\.(\w+)|\[['"](\w+)['"]\])/g)].map(
    ([, dotted, quoted]) => dotted ?? quoted ?? '',
  );
  expect(
    [...new Set(read)].filter((name) => !known.has(name) && !name.startsWith('AWS_') && name !== 'X'),
  ).toEqual([]);
});
