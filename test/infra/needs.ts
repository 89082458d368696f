import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, type SizedMetafile } from '../bench/bundle-sizes.ts';

/**
 * What a function needs, read from two places that cannot agree by accident: the command classes that are in its
 * bundle, and the adapters that its handler builds, each with the table it is given.
 */
const ROOT = join(import.meta.dirname, '../..');
const SERVICES: Readonly<Record<string, string>> = {
  dynamodb: 'dynamodb',
  kms: 'kms',
  s3: 's3',
  'secrets-manager': 'secretsmanager',
  sesv2: 'ses',
  sfn: 'states',
};

/** Commands that clients carry for themselves and that are never sent as we configure them. */
const NEVER_SENT = new Set([
  // Endpoint discovery is off unless it is asked for.
  'dynamodb:DescribeEndpoints',
  // Only for directory buckets.
  's3:CreateSession',
]);

/** `service:Command` of every command class whose code is in the bundle of an entry. */
export const commandsInBundle = (metafile: SizedMetafile, entry: string): ReadonlySet<string> => {
  const { start, onDemand } = filesOf(metafile, entry);
  const found = new Set<string>();
  for (const [path, { bytesInOutput }] of [...start, ...onDemand].flatMap(({ inputs }) =>
    Object.entries(inputs),
  )) {
    const match = /@aws-sdk\/client-([^/]+)\/.*\/commands\/(\w+)Command\.js$/.exec(path);
    if (match === null || bytesInOutput === 0) continue;
    const [, client = '', command = ''] = match;
    const service = SERVICES[client];
    if (service === undefined)
      throw new Error(`${entry} bundles client-${client}, which this test does not know`);
    if (!NEVER_SENT.has(`${service}:${command}`)) found.add(`${service}:${command}`);
  }
  return found;
};

/** Top-level declarations of one adapter file, by name, and where its names of other adapter files come from. */
interface Declared {
  readonly local: ReadonlyMap<string, string>;
  readonly imported: ReadonlyMap<string, string>;
}

const declaredIn = (file: string): Declared => {
  const parts = readFileSync(file, 'utf8').split(/^(?:export )?(?:const|function) (?=\w)/m);
  const [head = '', ...declared] = parts;
  const imports = [...head.matchAll(/^import \{([^}]*)\} from '(\.[^']*\.aws\.ts)';/gm)];
  return {
    local: new Map(declared.map((part) => [/^\w+/.exec(part)?.[0] ?? '', part])),
    imported: new Map(
      imports.flatMap(([, names = '', from = '']) =>
        [...names.matchAll(/(?<!type )\b\w+\b/g)].map(([name]) => [name, join(file, '..', from)] as const),
      ),
    ),
  };
};

/** What each adapter (`shared/…/*.aws.ts`) is made of, by name: its own text and that of everything it calls. */
const declarations = (): ReadonlyMap<string, string> => {
  const files = readdirSync(join(ROOT, 'shared'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.aws.ts'))
    .map((file) => join(ROOT, 'shared', file));
  const all = new Map(files.map((file) => [file, declaredIn(file)]));
  const closure = (file: string, name: string, seen: Set<string>): string => {
    const { local = new Map<string, string>(), imported = new Map<string, string>() } = all.get(file) ?? {};
    const text = local.get(name) ?? '';
    seen.add(`${file} ${name}`);
    const used = [...[...local.keys()].map((other) => [other, file] as const), ...imported].filter(
      ([other, from]) => !seen.has(`${from} ${other}`) && new RegExp(`\\b${other}\\b`).test(text),
    );
    return [text, ...used.map(([other, from]) => closure(from, other, seen))].join('\n');
  };
  return new Map(
    [...all].flatMap(([file, { local }]) =>
      [...local.keys()].map((name) => [name, closure(file, name, new Set())] as const),
    ),
  );
};

/** Document commands by what IAM calls them. A transaction has no permission of its own: its parts have. */
const ITEM_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  Get: ['GetItem'],
  BatchGet: ['BatchGetItem'],
  Put: ['PutItem'],
  Update: ['UpdateItem'],
  Delete: ['DeleteItem'],
  Query: ['Query'],
  TransactWrite: [],
};
const TRANSACT_PARTS = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

const adapters = declarations();

const onTable = (adapter: string, table: string): readonly string[] => {
  const text = adapters.get(adapter);
  if (text === undefined) throw new Error(`no adapter called ${adapter}`);
  const commands = [...text.matchAll(/new (\w+)Command\(/g)].map(([, name = '']) => name);
  const actions = commands.flatMap((command) => {
    if (command === 'Query')
      return [...text.matchAll(/IndexName: (.*)/g)].flatMap(([, value = '']) =>
        [...value.matchAll(/'(\w+)'/g)].map(([, index]) => `dynamodb:Query ${table}/index/${index}`),
      );
    return (ITEM_ACTIONS[command] ?? []).map((action) => `dynamodb:${action} ${table}`);
  });
  const known = commands.filter((command) => command in ITEM_ACTIONS);
  if (known.length === 0) throw new Error(`${adapter} is given ${table} and has no command on it`);
  return actions;
};

const logicalTable = (variable: string): string =>
  `${variable.charAt(0)}${variable.slice(1, -'_TABLE'.length).toLowerCase()}Table`;

/** Parts of a transaction, by the table that each names as `tables.<name>`. */
const transactions = (adapter: string): readonly string[] => {
  const text = adapters.get(adapter) ?? '';
  return Object.entries(TRANSACT_PARTS).flatMap(([part, action]) =>
    [...text.matchAll(new RegExp(`\\b${part}: \\{\\s*TableName: tables\\.(\\w+)`, 'g'))].map(
      ([, table = '']) => `dynamodb:${action} ${table.charAt(0).toUpperCase()}${table.slice(1)}Table`,
    ),
  );
};

/** A batch over several tables needs the same of each table that the adapter is given. */
const batches = (adapter: string, given: string): readonly string[] =>
  (adapters.get(adapter) ?? '').includes('new BatchGetCommand(')
    ? [...given.matchAll(/\benv\.(\w+_TABLE)\b/g)].map(
        ([, variable = '']) => `dynamodb:BatchGetItem ${logicalTable(variable)}`,
      )
    : [];

/** How the keys of rows of the credentials table begin, by the function that makes them. Grants are not among them. */
const ROWS: Readonly<Record<string, string>> = {
  actPk: 'act#',
  conditionPk: 'condition#',
  dropPk: 'drop#',
  exchangePk: 'exchange#',
  leasePk: 'lease#',
  reauthPk: 'reauth#',
  toldPk: 'told#',
  waitPk: 'wait#',
};

/** The kinds of rows that an adapter writes; undefined where it writes what only people may change. */
const rowsWritten = (adapter: string): readonly string[] | undefined => {
  const text = adapters.get(adapter) ?? '';
  const rows = Object.entries(ROWS).flatMap(([name, prefix]) =>
    new RegExp(`\\b${name}\\(`).test(text) ? [`${prefix}*`] : [],
  );
  return rows.length === 0 ? undefined : rows;
};

const PUT = 'dynamodb:PutItem CredentialsTable';

/** `dynamodb:Action Table` of everything that an entry's handler builds. */
export const tableActions = (entry: string): ReadonlySet<string> => {
  const handler = readFileSync(join(ROOT, 'functions', `${entry}.handler.ts`), 'utf8');
  const found = new Set<string>();
  const rows = new Set<string>();
  for (const [, adapter = '', variable = ''] of handler.matchAll(/\b(\w+)\(\s*db,\s*env\.(\w+_TABLE)\b/g))
    for (const action of onTable(adapter, logicalTable(variable))) {
      const written = action === PUT ? rowsWritten(adapter) : undefined;
      if (written === undefined) found.add(action);
      else for (const row of written) rows.add(row);
    }
  if (rows.size > 0) found.add(`${PUT} rows ${[...rows].toSorted().join(' ')}`);
  for (const [, adapter = '', given = ''] of handler.matchAll(/\b(\w+)\(\s*db,\s*\{([^}]*)\}/g)) {
    const actions = [...transactions(adapter), ...batches(adapter, given)];
    if (actions.length === 0) throw new Error(`${adapter} is given tables and has no command on them`);
    for (const action of actions) found.add(action);
  }
  return found;
};

/** Where the objects of a key lie, by the function that makes it. */
const FOLDERS: Readonly<Record<string, string>> = {
  payloadKey: 'projects/*/payloads',
  dryRunKey: 'projects/*/dry-runs',
  captureKey: 'policies/captures',
  contentKey: 'policies/content',
  diffKey: 'policies/diffs',
  rawKey: 'policies/raw',
};

/** `s3:Action ArtifactsBucket/…` of everything that an entry's handler builds. */
export const objectActions = (entry: string): ReadonlySet<string> => {
  const handler = readFileSync(join(ROOT, 'functions', `${entry}.handler.ts`), 'utf8');
  const found = new Set<string>();
  for (const [, adapter = ''] of handler.matchAll(
    /\b(\w+)\(\s*(?:s3|new S3Client\(\{\}\)),\s*env\.ARTIFACTS_BUCKET/g,
  )) {
    const text = adapters.get(adapter) ?? '';
    for (const [, command] of text.matchAll(/new (GetObject|PutObject)Command\(/g))
      for (const [key, folder] of Object.entries(FOLDERS))
        if (new RegExp(`\\b${key}\\(`).test(text)) found.add(`s3:${command} ArtifactsBucket/${folder}/*`);
  }
  return found;
};
