import * as z from 'zod';

const SecretId = z.string().min(1).max(2048);
const Token = z.string().min(32).max(64);
const Stage = z.string().min(1).max(256);
const SecretString = z.string().min(1).max(65_536);
const SecretBinary = z.base64().min(1);
const Tags = z.array(z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256) })).max(50);
const Value = { SecretString: SecretString.optional(), SecretBinary: SecretBinary.optional() };

export const INPUTS = {
  CreateSecret: z.strictObject({
    Name: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/),
    Description: z.string().max(2048).default(''),
    ClientRequestToken: Token.optional(),
    KmsKeyId: z.string().optional(),
    Tags: Tags.default([]),
    ...Value,
  }),
  PutSecretValue: z.strictObject({
    SecretId,
    ClientRequestToken: Token.optional(),
    VersionStages: z.array(Stage).min(1).max(20).optional(),
    ...Value,
  }),
  GetSecretValue: z.strictObject({ SecretId, VersionId: Token.optional(), VersionStage: Stage.optional() }),
  DescribeSecret: z.strictObject({ SecretId }),
  ListSecrets: z.strictObject({
    MaxResults: z.number().int().min(1).max(100).default(100),
    NextToken: z.string().optional(),
    IncludePlannedDeletion: z.boolean().default(false),
  }),
  UpdateSecretVersionStage: z.strictObject({
    SecretId,
    VersionStage: Stage,
    MoveToVersionId: Token.optional(),
    RemoveFromVersionId: Token.optional(),
  }),
  RotateSecret: z.strictObject({
    SecretId,
    ClientRequestToken: Token.optional(),
    RotationLambdaARN: z.string().max(2048).optional(),
    RotationRules: z
      .strictObject({
        AutomaticallyAfterDays: z.number().int().min(1).max(1000).optional(),
        ScheduleExpression: z.string().max(256).optional(),
        Duration: z.string().optional(),
      })
      .optional(),
    RotateImmediately: z.boolean().default(true),
  }),
  CancelRotateSecret: z.strictObject({ SecretId }),
  DeleteSecret: z.strictObject({
    SecretId,
    RecoveryWindowInDays: z.number().int().min(7).max(30).default(30),
    ForceDeleteWithoutRecovery: z.literal(false).optional(),
  }),
  RestoreSecret: z.strictObject({ SecretId }),
  TagResource: z.strictObject({ SecretId, Tags }),
  GetRandomPassword: z.strictObject({
    PasswordLength: z.number().int().min(1).max(4096).optional(),
    ExcludeCharacters: z.string().max(4096).optional(),
    ExcludeNumbers: z.boolean().optional(),
    ExcludePunctuation: z.boolean().optional(),
    ExcludeUppercase: z.boolean().optional(),
    ExcludeLowercase: z.boolean().optional(),
    RequireEachIncludedType: z.literal(true).optional(),
    IncludeSpace: z.literal(false).optional(),
  }),
} as const;

export type Operation = keyof typeof INPUTS;
export type InputOf<Name extends Operation> = z.output<(typeof INPUTS)[Name]>;
