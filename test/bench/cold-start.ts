import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { composeApp, stackNames } from '#infra/compose.ts';
import { BUILD } from '#infra/constructs/function.ts';
import { ownSourceMap } from '#infra/constructs/own-source-map.ts';
import { filesOf, type SizedMetafile } from './bundle-sizes.ts';
import { median } from './statistics.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** The start of a handler may take this much of the start of an empty one with the same clients. */
export const COLD_START_TARGET = 1.25;

export interface ColdStart {
  readonly entry: string;
  /** Milliseconds from the start of the process until the handler could be called. */
  readonly ms: number;
  readonly emptyMs: number;
  readonly ratio: number;
  /** The same without the start of Node itself: loading alone. */
  readonly loadRatio: number;
}

interface TemplateFunction {
  readonly Type: string;
  readonly Properties?: {
    readonly Description?: string;
    readonly Environment?: { readonly Variables: Readonly<Record<string, unknown>> };
  };
}

/** Values that a deployment fills in; good enough for the schemas, never called. */
const placeholder = (name: string): string => {
  if (name.endsWith('MACHINE_ARN')) return 'arn:aws:states:eu-central-1:000000000000:stateMachine:path';
  if (name.endsWith('_ARN'))
    return 'arn:aws:kms:eu-central-1:000000000000:key/00000000-0000-0000-0000-000000000000';
  if (/URL|ISSUER/.test(name)) return 'https://example.test';
  return 'placeholder';
};

/** The bundles of all the functions with the environment that their template gives them. */
const synthesize = (folder: string) => {
  composeApp({ stage: 'dev', outdir: folder, rules: false }).synth();
  const template = JSON.parse(
    readFileSync(join(folder, `${stackNames('dev').controlPlane}.template.json`), 'utf8'),
  ) as { Resources: Record<string, TemplateFunction> };
  const metafile = JSON.parse(readFileSync(join(folder, 'bundles.json'), 'utf8')) as SizedMetafile;
  const functions = Object.values(template.Resources).flatMap(({ Type, Properties }) => {
    const { Description: entry, Environment } = Properties ?? {};
    if (Type !== 'AWS::Lambda::Function' || entry === undefined || !/^\w+\/[\w-]+$/.test(entry)) return [];
    const environment = Object.fromEntries(
      Object.entries(Environment?.Variables ?? {}).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : placeholder(name),
      ]),
    );
    return [{ entry, environment }];
  });
  return { metafile, functions };
};

/** Source of an empty handler that loads and builds the clients, and the commands, that a bundle has. */
const emptyHandler = (inputs: readonly string[]): string => {
  const clients = new Map<string, Set<string>>();
  for (const path of inputs) {
    const [, client, command] = /@aws-sdk\/client-([^/]+)\/.*\/commands\/(\w+Command)\.js$/.exec(path) ?? [];
    if (client === undefined || command === undefined) continue;
    clients.set(client, (clients.get(client) ?? new Set()).add(command));
  }
  const names: Readonly<Record<string, string>> = {
    dynamodb: 'DynamoDBClient',
    kms: 'KMSClient',
    s3: 'S3Client',
    'secrets-manager': 'SecretsManagerClient',
    sesv2: 'SESv2Client',
    sfn: 'SFNClient',
  };
  const used = [...clients].map(
    ([client, commands]) => [client, names[client] ?? '', [...commands]] as const,
  );
  const cedar = inputs.some((path) => path.includes('/@cedar-policy/'));
  const documents = inputs.some((path) => path.includes('/lib-dynamodb/'));
  return [
    ...used.map(
      ([client, name, commands]) =>
        `import { ${[name, ...commands].join(', ')} } from '@aws-sdk/client-${client}';`,
    ),
    ...(documents ? ["import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';"] : []),
    ...(cedar ? ["import * as cedar from '@cedar-policy/cedar-wasm/nodejs';"] : []),
    `const clients = [${used.map(([, name]) => `new ${name}({})`).join(', ')}];`,
    ...(documents
      ? [
          `const db = DynamoDBDocumentClient.from(clients[${used.findIndex(([client]) => client === 'dynamodb')}]);`,
        ]
      : []),
    `globalThis.loaded = [clients, ${documents ? 'db, ' : ''}${cedar ? 'cedar.isAuthorized, ' : ''}${used.flatMap(([, , commands]) => commands).join(', ')}];`,
    'export const handler = async () => ({});',
  ].join('\n');
};

const MEASURE =
  'const before = performance.now(); await import(process.argv[1]); const now = performance.now(); process.stdout.write(JSON.stringify({ total: now, load: now - before }));';

const start = (file: string, environment: Readonly<Record<string, string>>) =>
  JSON.parse(
    execFileSync(
      process.execPath,
      ['--enable-source-maps', '--input-type=module', '-e', MEASURE, pathToFileURL(file).href],
      {
        encoding: 'utf8',
        env: {
          ...environment,
          AWS_REGION: 'eu-central-1',
          AWS_ACCESS_KEY_ID: 'bench',
          AWS_SECRET_ACCESS_KEY: 'bench',
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      },
    ),
  ) as { total: number; load: number };

/**
 * Starts every handler and its empty twin in turn, `rounds` times, each in a fresh process, and compares medians.
 * @param folder an empty one
 */
export const coldStarts = (folder: string, rounds: number): ColdStart[] => {
  const { metafile, functions } = synthesize(folder);
  const inputsOf = (entry: string): string[] =>
    filesOf(metafile, entry)
      .start.flatMap(({ inputs }) => Object.entries(inputs))
      .flatMap(([path, { bytesInOutput }]) => (bytesInOutput === 0 ? [] : [path]));
  const subjects = functions.map(({ entry, environment }) => {
    const bundle = join(folder, 'bundles', entry);
    const empty = join(folder, 'empty', entry);
    mkdirSync(empty, { recursive: true });
    const result = buildSync({
      ...BUILD,
      // As anybody would bundle the clients: what our own bundles leave out of them is a gain, not the measure.
      alias: { '@aws-sdk/lib-dynamodb': BUILD.alias['@aws-sdk/lib-dynamodb'] },
      stdin: { contents: emptyHandler(inputsOf(entry)), resolveDir: ROOT, sourcefile: 'empty.js' },
      outfile: join(empty, 'index.mjs'),
    });
    for (const { path, text } of result.outputFiles)
      writeFileSync(path, path.endsWith('.map') ? ownSourceMap(text) : text);
    for (const file of readdirSync(bundle).filter((name) => name.endsWith('.wasm')))
      copyFileSync(join(bundle, file), join(empty, file));
    return {
      entry,
      environment,
      file: join(bundle, 'index.mjs'),
      empty: join(empty, 'index.mjs'),
      own: [] as { total: number; load: number }[],
      twin: [] as { total: number; load: number }[],
    };
  });
  // The first start of each reads its file from the disk; nothing of it is counted.
  for (let round = -1; round < rounds; round += 1)
    for (const subject of subjects) {
      const own = start(subject.file, subject.environment);
      const twin = start(subject.empty, subject.environment);
      if (round < 0) continue;
      subject.own.push(own);
      subject.twin.push(twin);
    }
  return subjects.map(({ entry, own, twin }) => {
    const of = (runs: readonly { total: number; load: number }[], what: 'total' | 'load'): number =>
      median(runs.map((run) => run[what]));
    return {
      entry,
      ms: of(own, 'total'),
      emptyMs: of(twin, 'total'),
      ratio: of(own, 'total') / of(twin, 'total'),
      loadRatio: of(own, 'load') / of(twin, 'load'),
    };
  });
};
