import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

/** One violation of each wall: where it is planted, what it says, and the rule that has to see it. */
const PLANTED: readonly (readonly [what: string, file: string, code: string, rule: string])[] = [
  [
    'the SDK in a pure room',
    'shared/actions/a.ts',
    "import { S3Client } from '@aws-sdk/client-s3';\nexport const a = S3Client;",
    'no-restricted-imports',
  ],
  [
    'the CDK in shared',
    'shared/actions/b.aws.ts',
    "import { Stack } from 'aws-cdk-lib';\nexport const b = Stack;",
    'no-restricted-imports',
  ],
  [
    'the network in a pure room',
    'shared/actions/c.ts',
    "import { request } from 'node:https';\nexport const c = request;",
    'no-restricted-imports',
  ],
  [
    'fetch in a pure room',
    'shared/actions/d.ts',
    "export const d = () => fetch('http://127.0.0.1');",
    'no-restricted-globals',
  ],
  [
    'the clock in a pure room',
    'shared/actions/e.ts',
    'export const e = () => Date.now();',
    'no-restricted-properties',
  ],
  [
    'chance in a pure room',
    'shared/actions/f.ts',
    'export const f = () => Math.random();',
    'no-restricted-properties',
  ],
  [
    'the environment in a pure room',
    'shared/actions/g.ts',
    'export const g = () => process.env.X;',
    'no-restricted-properties',
  ],
  [
    'files in a pure room',
    'shared/actions/h.ts',
    "import { readFileSync } from 'node:fs';\nexport const h = readFileSync;",
    'no-restricted-imports',
  ],
  [
    'an adapter in a pure room',
    'shared/actions/i.ts',
    "import { readAction } from './ledger.aws.ts';\nexport const i = readAction;",
    'no-restricted-imports',
  ],
  [
    'functions in shared',
    'shared/actions/j.ts',
    "import { env } from '#functions/actions/env.ts';\nexport const j = env;",
    'no-restricted-imports',
  ],
  [
    'the SDK in a use case',
    'functions/actions/a.ts',
    "import { S3Client } from '@aws-sdk/client-s3';\nexport const a = S3Client;",
    'no-restricted-imports',
  ],
  [
    'an adapter in a use case',
    'functions/actions/b.ts',
    "import { readAction } from '#shared/actions/ledger.aws.ts';\nexport const b = readAction;",
    'no-restricted-imports',
  ],
  [
    'the clock in a use case',
    'functions/actions/c.ts',
    'export const c = () => Date.now();',
    'no-restricted-properties',
  ],
  [
    'a handler in a handler',
    'functions/actions/d.handler.ts',
    "import { handler } from './e.handler.ts';\nexport const d = handler;",
    'no-restricted-imports',
  ],
  [
    'a provider called outside execute and reconcile (EXT-19)',
    'functions/actions/f.handler.ts',
    "import { outboundSend } from '#shared/providers/outbound.http.ts';\nexport const f = outboundSend;",
    'no-restricted-imports',
  ],
  [
    'the CDK in a function',
    'functions/actions/g.handler.ts',
    "import { Stack } from 'aws-cdk-lib';\nexport const g = Stack;",
    'no-restricted-imports',
  ],
  [
    'a use case in infra',
    'infra/stacks/a.ts',
    "import { proposeAction } from '#functions/actions/propose-action.ts';\nexport const a = proposeAction;",
    'no-restricted-imports',
  ],
  [
    'a handler in infra',
    'infra/stacks/b.ts',
    "import { handler } from '#functions/actions/propose-action.handler.ts';\nexport const b = handler;",
    'no-restricted-imports',
  ],
  [
    'an adapter in infra',
    'infra/stacks/c.ts',
    "import { readAction } from '#shared/actions/ledger.aws.ts';\nexport const c = readAction;",
    'no-restricted-imports',
  ],
  [
    'the environment in infra',
    'infra/stacks/d.ts',
    'export const d = process.env.X;',
    'no-restricted-properties',
  ],
  [
    'functions in the local host',
    'infra/local/a.ts',
    "import { proposeAction } from '#functions/actions/propose-action.ts';\nexport const a = proposeAction;",
    'no-restricted-imports',
  ],
  [
    'infra in running code',
    'functions/actions/h.handler.ts',
    "import { stages } from '#infra/stages.ts';\nexport const h = stages;",
    'no-restricted-imports',
  ],
  [
    'tests in running code',
    'shared/actions/k.ts',
    "import { at } from '../../test/actions/rows.ts';\nexport const k = at;",
    'no-restricted-imports',
  ],
  ['a circle', 'shared/actions/l.ts', "import { m } from './m.ts';\nexport const l = () => m;", 'no-cycle'],
  ['a barrel', 'shared/actions/index.ts', "export * from './a.ts';", 'no-barrel-file'],
];

/** What is allowed in the same rooms: the walls may not close more than they should. */
const INNOCENT: readonly (readonly [file: string, code: string])[] = [
  ['shared/actions/ok.aws.ts', "import { S3Client } from '@aws-sdk/client-s3';\nexport const ok = S3Client;"],
  ['shared/providers/ok.http.ts', "import { request } from 'node:https';\nexport const ok = request;"],
  [
    'functions/actions/ok.ts',
    "import { canonicalJson } from '#shared/actions/canonical-json.ts';\nexport const ok = canonicalJson;",
  ],
  [
    'functions/actions/ok.handler.ts',
    "import { S3Client } from '@aws-sdk/client-s3';\nexport const ok = [S3Client, process.env.X, Date.now];",
  ],
  [
    'functions/actions/execute-action.handler.ts',
    "import { outboundSend } from '#shared/providers/outbound.http.ts';\nexport const ok = outboundSend;",
  ],
  [
    'infra/stacks/ok.ts',
    "import { env } from '#functions/actions/env.ts';\nimport { Stack } from 'aws-cdk-lib';\nexport const ok = [env, Stack];",
  ],
  ['infra/app.ts', 'export const ok = process.env.X;'],
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

describe('the import walls of the house', () => {
  let folder = '';
  let found: Diagnostic[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'autopack-walls-'));
    cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    const plant = (file: string, code: string): void => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), `${code}\n`);
    };
    for (const [, file, code] of PLANTED) plant(file, code);
    for (const [file, code] of INNOCENT) plant(file, code);
    plant('shared/actions/m.ts', "import { l } from './l.ts';\nexport const m = () => l;");
    let output = '';
    try {
      output = execFileSync(
        join(root, 'node_modules/.bin/oxlint'),
        ['-f', 'json', '-c', '.oxlintrc.json', '.'],
        { cwd: folder, encoding: 'utf8' },
      );
    } catch (error) {
      output = String((error as { stdout: string }).stdout);
    }
    found = (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(PLANTED)('sees %s', (_what, file, _code, rule) => {
    const seen = found.filter((one) => one.filename.endsWith(file)).map((one) => one.code);
    expect(
      seen.some((code) => code.includes(rule)),
      `${file}: ${seen.join(', ')}`,
    ).toBe(true);
  });

  it.each(INNOCENT)('lets %s pass', (file) => {
    expect(found.filter((one) => one.filename.endsWith(file)).map((one) => one.code)).toEqual([]);
  });
});

const sources = (room: string): string[] =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(room, file));

describe('the house', () => {
  const rooms = ['infra', 'functions', 'shared', 'statemachines', 'test'];

  it('has nothing at the top but what belongs there', () => {
    const visible = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
      .split('\n')
      .map((file) => file.split('/')[0] ?? '')
      .filter((name) => name !== '' && !name.startsWith('.'));
    const allowed = new Set([
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'cdk.json',
      'infra',
      'functions',
      'statemachines',
      'shared',
      'docs',
      'test',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
    ]);
    expect([...new Set(visible)].filter((name) => !allowed.has(name))).toEqual([]);
  });

  it('has no drawers: utils, helpers, common, manager', () => {
    const drawers = rooms
      .flatMap(sources)
      .filter((file) => /(^|\/)(utils?|helpers?|common|managers?|misc)(\/|\.|$)/.test(file));
    expect(drawers).toEqual([]);
  });

  it('imports zod as a namespace only: the named import defeats tree shaking', () => {
    const named = rooms
      .flatMap(sources)
      .filter((file) =>
        /import (type )?(\{|z[, ]).* from 'zod'/.test(readFileSync(join(root, file), 'utf8')),
      );
    expect(named.filter((file) => !file.endsWith('import-walls.test.ts'))).toEqual([]);
  });
});
