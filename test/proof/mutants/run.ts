/**
 * Breaks production code in one place at a time, in a copy, and runs the tests that look after it: they have to fail.
 * `node test/proof/mutants/run.ts [words]` runs all, or those whose file or description has the words; prints what
 * survived and the kill rate, and ends with 1 if anything survived.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { recordFigures } from '../figures.ts';
import { applyEdits } from './edit.ts';
import { type Mutation, MUTATIONS, TESTS } from './list.ts';

const root = new URL('../../..', import.meta.url).pathname;
const NEEDED = ['shared', 'functions', 'statemachines', 'infra', 'package.json', 'tsconfig.json', 'test'];
const LANES = 2;
const LONGEST_MS = 120_000;

const copyTree = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'autopack-mutants-'));
  for (const part of NEEDED) {
    mkdirSync(dirname(join(folder, part)), { recursive: true });
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
};

const vitest = join(root, 'node_modules/vitest/vitest.mjs');

/** What the tests said: that they passed, that some failed, or that they could not be run. */
const runTests = async (
  folder: string,
  files: readonly string[],
): Promise<{ readonly verdict: 'passed' | 'failed' | 'broken'; readonly output: string }> => {
  const args = [vitest, 'run', '--config', 'test/vitest.config.ts', '--bail', '1', ...files];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: folder,
      timeout: LONGEST_MS,
      maxBuffer: 1e8,
    });
    return { verdict: 'passed', output: stdout };
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      killed = false,
    } = error as {
      stdout?: string;
      stderr?: string;
      killed?: boolean;
    };
    // A test that said no, or hung: noticed. Anything else (a mutant that is no program) proves nothing.
    const noticed = killed || /Tests .*failed|Unhandled/.test(stripVTControlCharacters(stdout));
    return { verdict: noticed ? 'failed' : 'broken', output: stdout + stderr };
  }
};

const wanted = process.argv.slice(2).join(' ');
const chosen = MUTATIONS.filter(({ edit: [file], breaks }) => `${file} ${breaks}`.includes(wanted));
const testsOf = ({ edit: [file] }: Mutation): readonly string[] => TESTS[file] ?? [];

const survivors: string[] = [];
let done = 0;
const queue = [...chosen];

const lane = async (folder: string): Promise<void> => {
  for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
    const restore = applyEdits(folder, [mutation.edit]);
    const { verdict, output } = await runTests(folder, testsOf(mutation));
    restore();
    done += 1;
    const name = `${mutation.edit[0]}: ${mutation.breaks}`;
    process.stdout.write(
      `${done}/${chosen.length} ${verdict === 'failed' ? 'killed' : verdict.toUpperCase()} ${name}\n`,
    );
    if (verdict === 'failed') continue;
    survivors.push(name);
    if (verdict === 'broken') process.stdout.write(`${output.slice(-2000)}\n`);
  }
};

const folders = Array.from({ length: LANES }, copyTree);
try {
  const all = [...new Set(chosen.flatMap(testsOf))];
  const { verdict, output } = await runTests(folders[0] ?? root, all);
  if (verdict !== 'passed') throw new Error(`The tests fail without a mutation:\n${output.slice(-4000)}`);
  await Promise.all(folders.map(lane));
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true });
}

const killed = chosen.length - survivors.length;
process.stdout.write(
  `${killed} of ${chosen.length} killed: ${((100 * killed) / Math.max(1, chosen.length)).toFixed(1)} %\n`,
);
for (const survivor of survivors) process.stdout.write(`survived: ${survivor}\n`);
if (wanted === '') {
  const files = Object.keys(TESTS).map((file) => ({
    file,
    mutations: MUTATIONS.filter(({ edit }) => edit[0] === file).length,
  }));
  recordFigures('mutants', { mutations: chosen.length, killed, files });
}
process.exitCode = survivors.length === 0 && chosen.length > 0 ? 0 : 1;
