import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunctions } from '#infra/constructs/function.ts';
import { ENTRIES } from '#infra/entries.ts';
import { OTHER_ROWS } from '#shared/credentials/credential.ts';
import {
  folder,
  functionsByEntry,
  ofType,
  referenced,
  removeFolders,
  type Resource,
  synthesize,
} from './assembly.ts';
import type { SizedMetafile } from '../bench/bundle-sizes.ts';
import { commandsInBundle, objectActions, tableActions } from './needs.ts';
import { permissionsOf } from './permissions.ts';

afterAll(removeFolders);

const { controlPlane } = synthesize('dev', { bundle: false, rules: false });
const bundles = folder();
bundleFunctions(bundles);
const metafile = JSON.parse(readFileSync(join(bundles, 'bundles.json'), 'utf8')) as SizedMetafile;
const functions = functionsByEntry(controlPlane);
const asynchronous = new Set(
  ofType(controlPlane, 'AWS::Lambda::EventInvokeConfig').map(([, config]) =>
    referenced(config.Properties['FunctionName']),
  ),
);

/** Where a call of a command goes, for the services whose resource is the same for every function. */
const TARGETS: Readonly<Record<string, string>> = {
  'kms:Encrypt': 'TokenKey',
  'kms:Decrypt': 'TokenKey',
  'ses:SendEmail': 'ses:identity/Sender',
  'states:SendTaskSuccess': 'ActionPathMachine',
  'states:SendTaskFailure': 'ActionPathMachine',
  'states:DescribeExecution': 'states:execution:Autopack-dev-ControlPlane-Action:*',
};

/** Reviewed: these sign and verify forms, or drop keys of rings, and read nothing else. */
const KEYRING_ALONE: ReadonlySet<string> = new Set([
  'approvals/decide-approval',
  'approvals/show-pages',
  'credentials/drop-key',
  'credentials/show-credentials',
  'policies/acknowledge-change',
  'policies/show-policies',
]);

/**
 * Secrets of providers have one prefix; those of the stack itself are named, for the functions that are told of them.
 * Reviewed: nobody hands in a value of the latter.
 */
const secretsOf = (entry: string, command: string): readonly string[] => {
  const handler = handlerOf(entry);
  const provider = !KEYRING_ALONE.has(entry);
  const own = entry !== 'credentials/change-secret' || command !== 'secretsmanager:PutSecretValue';
  return [
    ...(provider ? ['secretsmanager:secret:autopack/dev/*'] : []),
    ...(own && handler.includes('env.KEYRING_SECRET_ARN') ? ['KeyringSecret'] : []),
    ...(own && handler.includes('env.SIGNING_SECRET_ARN') ? ['SigningKeysSecret'] : []),
  ];
};

const handlerOf = (entry: string): string =>
  readFileSync(join(import.meta.dirname, '../../functions', `${entry}.handler.ts`), 'utf8');

/**
 * Reviewed: what a call needs that is no command of the function. DynamoDB and S3 use the data key on behalf of
 * whoever calls; every function writes its log and its trace; what is invoked asynchronously reports its failures.
 */
const implied = (needed: ReadonlySet<string>, logicalId: string): readonly string[] => {
  const uses = (test: RegExp): boolean => [...needed].some((permission) => test.test(permission));
  return [
    `logs:CreateLogStream ${named(logicalId)}Logs`,
    `logs:PutLogEvents ${named(logicalId)}Logs`,
    'xray:PutTelemetryRecords *',
    'xray:PutTraceSegments *',
    ...(uses(/^dynamodb:/) ? ['kms:Decrypt DataKey via dynamodb'] : []),
    ...(uses(/^dynamodb:(Put|Update|Delete)Item/)
      ? ['Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo'].map(
          (action) => `kms:${action} DataKey via dynamodb`,
        )
      : []),
    ...(uses(/^s3:GetObject/) ? ['kms:Decrypt DataKey via s3'] : []),
    ...(uses(/^s3:PutObject/) ? ['kms:GenerateDataKey DataKey via s3'] : []),
    // Whoever starts a rotation has to be allowed to invoke the function that it runs in.
    ...(uses(/^secretsmanager:RotateSecret/) ? ['lambda:InvokeFunction RotationRotateSecret'] : []),
    ...(asynchronous.has(logicalId) ? ['sqs:SendMessage DeadLettersQueue'] : []),
  ];
};

/** Logical ids without the hash that CDK puts at their end. */
const named = (permission: string): string => permission.replace(/([A-Za-z])[0-9A-F]{8}(?=$|\/| )/, '$1');

/** Which machines a handler starts, by the variable that it hands to its adapter. */
const startedBy = (entry: string): readonly string[] => {
  const handler = handlerOf(entry);
  return [
    ...(handler.includes('env.ACTION_STATE_MACHINE_ARN') ? ['ActionPathMachine'] : []),
    ...(handler.includes('env.POLICY_CHECK_STATE_MACHINE_ARN') ? ['PolicyCheckMachine'] : []),
  ];
};

const neededBy = (entry: string, logicalId: string): ReadonlySet<string> => {
  const objects = objectActions(entry);
  const needed = new Set([...tableActions(entry), ...objects]);
  for (const command of commandsInBundle(metafile, entry)) {
    if (command.startsWith('dynamodb:')) continue;
    if (command.startsWith('s3:')) {
      if (![...objects].some((action) => action.startsWith(`${command} `)))
        needed.add(`${command} (no adapter calls it)`);
    } else if (command.startsWith('secretsmanager:'))
      for (const secret of secretsOf(entry, command)) needed.add(`${command} ${secret}`);
    else if (command === 'states:StartExecution')
      for (const machine of startedBy(entry)) needed.add(`${command} ${machine}`);
    else needed.add(`${command} ${TARGETS[command] ?? '(a target that this test does not know)'}`);
  }
  return new Set([...needed, ...implied(needed, logicalId)]);
};

describe('every function may do exactly what it calls (DEP-15)', () => {
  it.each(ENTRIES)('%s', (entry) => {
    const [logicalId, fn] = functions.get(entry) as readonly [string, Resource];
    const allowed = new Set(permissionsOf(controlPlane, fn).map(named));
    expect([...allowed].toSorted()).toEqual([...neededBy(entry, logicalId)].toSorted());
  });

  it.each(ENTRIES)('%s: the commands of its bundle are those of its adapters', (entry) => {
    const inBundle = [...commandsInBundle(metafile, entry)].filter((command) =>
      command.startsWith('dynamodb:'),
    );
    const byAdapters = new Set([...tableActions(entry)].map((action) => action.split(' ')[0]));
    const single = inBundle.filter((command) => command !== 'dynamodb:TransactWriteItems');
    for (const command of single) expect(byAdapters, command).toContain(command);
    for (const action of byAdapters)
      expect(inBundle.includes(`${action}`) || inBundle.includes('dynamodb:TransactWriteItems'), action).toBe(
        true,
      );
  });

  it('and is told about no table, bucket, key or machine that it may not use', () => {
    for (const [entry, [, fn]] of functions) {
      const allowed = permissionsOf(controlPlane, fn).map(named).join('\n');
      for (const [name, value] of Object.entries(fn.Properties['Environment'].Variables))
        if (/_TABLE$|_BUCKET$|_KEY_ARN$|_MACHINE_ARN$/.test(name))
          expect(allowed, `${entry}: ${name}`).toContain(named(` ${referenced(value)}`).trim());
    }
  });

  it('nobody may delete a row of the ledger, or a table, bucket, key or log (promise 4)', () => {
    for (const [, policy] of ofType(controlPlane, 'AWS::IAM::Policy')) {
      const text = JSON.stringify(policy.Properties['PolicyDocument']);
      expect(text).not.toMatch(
        /"dynamodb:(Delete|BatchWrite|PartiQL|\*)|"s3:(Delete|\*)|"kms:(Schedule|Disable|\*)|"logs:Delete(?!LogDelivery)|"\*"\s*:|"Action":"\*"/,
      );
    }
  });

  it('rows of the credentials table that say what a credential may do are written by people and the deployment alone', () => {
    const free = ENTRIES.filter((entry) => {
      const [, fn] = functions.get(entry) as readonly [string, Resource];
      return permissionsOf(controlPlane, fn).map(named).includes('dynamodb:PutItem CredentialsTable');
    });
    expect(free).toEqual(['governance/change-project', 'operators/seed-registry']);
  });

  it('no project can be called as the keys of rows begin that functions may write without grants', () => {
    const begins = ENTRIES.flatMap((entry) => {
      const [, fn] = functions.get(entry) as readonly [string, Resource];
      return permissionsOf(controlPlane, fn)
        .map(named)
        .flatMap((permission) => / CredentialsTable rows (.*)$/.exec(permission)?.[1]?.split(' ') ?? []);
    });
    expect([...new Set(begins)].map((row) => row.replace(/#\*?$/, '')).toSorted()).toEqual(OTHER_ROWS);
  });

  it('no role has a managed policy', () => {
    for (const [id, role] of ofType(controlPlane, 'AWS::IAM::Role'))
      expect(role.Properties['ManagedPolicyArns'], id).toBeUndefined();
  });
});
