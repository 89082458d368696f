import { ArnFormat, Stack } from 'aws-cdk-lib';
import { type IGrantable, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IEmailIdentity } from 'aws-cdk-lib/aws-ses';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { ProtectedTable } from './tables.ts';

/** What a function may do to rows. There is no way to delete a row of the ledger: see `LedgerAction`. */
export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'ConditionCheckItem';

export interface Access {
  /** On the table itself. */
  readonly items?: readonly TableAction[];
  /** Names of the indexes that are queried. */
  readonly query?: readonly string[];
  /**
   * Writes go to rows of these kinds only, by how their keys begin, as `condition#`. Absent: to any row of the table.
   */
  readonly writeRows?: readonly `${string}#`[];
}

type Holder = IGrantable & IConstruct;

type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const allow = (
  to: Holder,
  actions: readonly string[],
  resources: readonly string[],
  conditions?: Conditions,
): void => {
  to.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: [...actions],
      resources: [...resources],
      ...(conditions === undefined ? {} : { conditions }),
    }),
  );
};

const viaService = (to: Holder, service: string): Conditions => ({
  StringEquals: { 'kms:ViaService': `${service}.${Stack.of(to).region}.amazonaws.com` },
});

/** `ForAllValues` holds where there is no value at all; the second line keeps that out. */
const keysBeginWith = (prefixes: readonly string[]): Conditions => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': prefixes.map((prefix) => `${prefix}*`) },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

const WRITES: readonly TableAction[] = ['PutItem', 'UpdateItem', 'DeleteItem'];

/**
 * Exactly these operations on exactly this table. DynamoDB uses the table's key on behalf of the caller, so the
 * key comes with it, usable through DynamoDB only.
 */
export const grantTable = (to: Holder, table: ProtectedTable, access: Access): void => {
  const { items = [], query = [], writeRows } = access;
  const onItems = (actions: readonly TableAction[], conditions?: Conditions): void => {
    if (actions.length > 0)
      allow(
        to,
        actions.map((action) => `dynamodb:${action}`),
        [table.tableArn],
        conditions,
      );
  };
  if (writeRows === undefined) onItems(items);
  else {
    onItems(items.filter((action) => !WRITES.includes(action)));
    onItems(
      items.filter((action) => WRITES.includes(action)),
      keysBeginWith(writeRows),
    );
  }
  if (query.length > 0)
    allow(
      to,
      ['dynamodb:Query'],
      query.map((name) => `${table.tableArn}/index/${name}`),
    );
  const writes = items.some((action) => WRITES.includes(action));
  allow(
    to,
    [
      'kms:Decrypt',
      ...(writes ? ['kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'] : []),
    ],
    [table.dataKey.keyArn],
    viaService(to, 'dynamodb'),
  );
};

/** Folders of `projects/<project>/` in the artifacts bucket. */
export type ArtifactFolder = 'payloads' | 'dry-runs';

/** Objects in these folders, to read and to write. A missing object is a 403, since nothing may list. */
export const grantArtifacts = (
  to: Holder,
  bucket: Bucket,
  folders: { readonly read?: readonly ArtifactFolder[]; readonly write?: readonly ArtifactFolder[] },
): void => {
  const { read = [], write = [] } = folders;
  const arn = (folder: ArtifactFolder): string => bucket.arnForObjects(`projects/*/${folder}/*`);
  if (read.length > 0) allow(to, ['s3:GetObject'], read.map(arn));
  if (write.length > 0) allow(to, ['s3:PutObject'], write.map(arn));
  if (bucket.encryptionKey !== undefined)
    allow(
      to,
      [...(read.length > 0 ? ['kms:Decrypt'] : []), ...(write.length > 0 ? ['kms:GenerateDataKey'] : [])],
      [bucket.encryptionKey.keyArn],
      viaService(to, 's3'),
    );
  for (const folder of new Set([...read, ...write]))
    acknowledge(roleOf(to), {
      [`AwsSolutions-IAM5[Resource::${exportName(bucket, bucket.bucketArn)}/projects/*/${folder}/*]`]:
        'Object keys hold the project and a digest, which are only known at run time; the folder is exact.',
    });
};

/** Folders of `policies/` in the artifacts bucket. */
export type PolicyFolder = 'captures' | 'content' | 'diffs' | 'raw';

/** What is kept of policy pages, in these folders. Nothing may list, delete or replace. */
export const grantPolicyBodies = (
  to: Holder,
  bucket: Bucket,
  folders: { readonly read?: readonly PolicyFolder[]; readonly write?: readonly PolicyFolder[] },
): void => {
  const { read = [], write = [] } = folders;
  const arn = (folder: PolicyFolder): string => bucket.arnForObjects(`policies/${folder}/*`);
  if (read.length > 0) allow(to, ['s3:GetObject'], read.map(arn));
  if (write.length > 0) allow(to, ['s3:PutObject'], write.map(arn));
  if (bucket.encryptionKey !== undefined)
    allow(
      to,
      [...(read.length > 0 ? ['kms:Decrypt'] : []), ...(write.length > 0 ? ['kms:GenerateDataKey'] : [])],
      [bucket.encryptionKey.keyArn],
      viaService(to, 's3'),
    );
  for (const folder of new Set([...read, ...write]))
    acknowledge(roleOf(to), {
      [`AwsSolutions-IAM5[Resource::${exportName(bucket, bucket.bucketArn)}/policies/${folder}/*]`]:
        'Object keys are digests and moments, which are only known at run time; the folder is exact.',
    });
};

/** The finding names what a cross-stack reference becomes: the export of the other stack. */
const exportName = (owner: IConstruct, value: string): string => {
  const stack = Stack.of(owner);
  const imported = stack.resolve(stack.exportValue(value)) as { readonly 'Fn::ImportValue': string };
  return imported['Fn::ImportValue'];
};

const roleOf = (to: Holder | IFunction): IConstruct => {
  const role = 'role' in to ? to.role : undefined;
  if (role === undefined) throw new Error(`${to.node.path} has no role`);
  return role;
};

/** Secrets of this stage: `autopack/<stage>/…`. Which of them an action may use is a row of the credentials table. */
export const grantProviderSecrets = (to: Holder, stage: string): void =>
  onProviderSecrets(to, stage, ['secretsmanager:GetSecretValue']);

/** Reading and renewing what an OAuth connection keeps in those secrets. Nothing may make or delete one. */
export const grantConnectionSecrets = (to: Holder, stage: string): void =>
  onProviderSecrets(to, stage, [
    'secretsmanager:GetSecretValue',
    'secretsmanager:PutSecretValue',
    'secretsmanager:UpdateSecretVersionStage',
  ]);

const onProviderSecrets = (to: Holder, stage: string, actions: readonly string[]): void => {
  const arn = Stack.of(to).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `autopack/${stage}/*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  allow(to, actions, [arn]);
  acknowledge(roleOf(to), {
    [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:autopack/${stage}/*]`]:
      'Operators add credentials without a deployment; the prefix keeps every other secret of the account out.',
  });
};

/** What the rotation of a secret is made of. Nothing may make or delete one. */
export type SecretAction =
  | 'DescribeSecret'
  | 'GetSecretValue'
  | 'PutSecretValue'
  | 'UpdateSecretVersionStage'
  | 'RotateSecret'
  | 'CancelRotateSecret';

/** Exactly these operations on the provider secrets of this stage. */
export const grantSecrets = (to: Holder, stage: string, actions: readonly SecretAction[]): void =>
  onProviderSecrets(
    to,
    stage,
    actions.map((action) => `secretsmanager:${action}`),
  );

/** Exactly these operations on secrets of the stack itself, each named. */
export const grantHouseSecrets = (
  to: Holder,
  secrets: readonly Pick<Secret, 'secretArn'>[],
  actions: readonly SecretAction[],
): void =>
  allow(
    to,
    actions.map((action) => `secretsmanager:${action}`),
    secrets.map(({ secretArn }) => secretArn),
  );

/** This function alone, and no version or alias of it. */
export const grantInvoke = (to: Holder, fn: IFunction): void =>
  allow(to, ['lambda:InvokeFunction'], [fn.functionArn]);

export const grantKey = (to: Holder, key: IKey, ...actions: readonly ('Encrypt' | 'Decrypt')[]): void =>
  allow(
    to,
    actions.map((action) => `kms:${action}`),
    [key.keyArn],
  );

/** Mail from the stage's own address, and no other. */
export const grantSending = (to: Holder, sender: IEmailIdentity): void =>
  allow(to, ['ses:SendEmail'], [sender.emailIdentityArn]);

const MACHINE_ACTIONS = {
  start: 'states:StartExecution',
  succeedTask: 'states:SendTaskSuccess',
  failTask: 'states:SendTaskFailure',
} as const;

/**
 * Starting and looking at executions of this machine, and answering its waits. A policy of its own, apart from the
 * role: a step's function must not wait for a policy that names the machine that waits for the function.
 */
export const grantExecutions = (
  to: IFunction,
  machine: StateMachine,
  ...kinds: readonly ('describe' | keyof typeof MACHINE_ACTIONS)[]
): void => {
  if (to.role === undefined) throw new Error(`${to.node.path} has no role`);
  const onMachine = kinds.flatMap((kind) => (kind === 'describe' ? [] : [MACHINE_ACTIONS[kind]]));
  const policy = new Policy(machine, `${to.node.id}May`, { roles: [to.role] });
  if (onMachine.length > 0)
    policy.addStatements(new PolicyStatement({ actions: onMachine, resources: [machine.stateMachineArn] }));
  if (!kinds.includes('describe')) return;
  const execution = `execution:${machineName(Stack.of(machine))}:*`;
  policy.addStatements(
    new PolicyStatement({
      actions: ['states:DescribeExecution'],
      resources: [
        Stack.of(machine).formatArn({
          service: 'states',
          resource: execution,
          arnFormat: ArnFormat.NO_RESOURCE_NAME,
        }),
      ],
    }),
  );
  acknowledge(policy, {
    [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:${execution}]`]:
      'The name of an execution is a digest of its action; only executions of this machine are named.',
  });
};

/** The one physical name of the stack: its own key policy and the ARNs of its executions are written with it. */
export const machineName = (stack: Stack): string => `${stack.stackName}-Action`;
