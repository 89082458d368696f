import type { GenerateSecretString } from '../ports.ts';
import {
  arn,
  digestOf,
  generatedName,
  optionalText,
  recordOf,
  textOf,
  type MakeResource,
} from './context.ts';

const bucket: MakeResource = async (resource, { host, s3 }) => {
  const name = optionalText(resource, 'BucketName') ?? generatedName(resource, 63).toLowerCase();
  await s3.ensureBucket(name, {
    versioned: recordOf(resource, 'VersioningConfiguration')['Status'] === 'Enabled',
  });
  return {
    ref: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${host.region}.amazonaws.com`,
    },
  };
};

const key: MakeResource = async (resource, { host, kms }) => {
  const id = digestOf(resource, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const keyArn = arn(host, 'kms', `key/${id}`);
  const description = optionalText(resource, 'Description');
  await kms.ensureKey(keyArn, description === undefined ? {} : { description });
  return { ref: id, attributes: { Arn: keyArn, KeyId: id } };
};

const alias: MakeResource = async (resource, { kms }) => {
  const name = textOf(resource, 'AliasName');
  await kms.ensureAlias(name, textOf(resource, 'TargetKeyId'));
  return { ref: name };
};

/** `GenerateSecretString` with the first letter of each member in lower case. */
const generated = (said: Readonly<Record<string, unknown>>): GenerateSecretString =>
  Object.fromEntries(
    Object.entries(said).map(([name, value]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      numberOrFlag(value),
    ]),
  );

/** Values of a template may be text where a number or a flag is meant. */
const numberOrFlag = (value: unknown): unknown => {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
};

const secret: MakeResource = async (resource, { host, secrets }, gathered) => {
  const name = optionalText(resource, 'Name') ?? generatedName(resource, 200);
  const secretArn = arn(host, 'secretsmanager', `secret:${name}-${digestOf(resource, 6)}`);
  const secretString = optionalText(resource, 'SecretString');
  const description = optionalText(resource, 'Description');
  const generate = resource.properties['GenerateSecretString'];
  await secrets.ensureSecret({
    arn: secretArn,
    name,
    ...(description === undefined ? {} : { description }),
    ...(secretString === undefined ? {} : { secretString }),
    ...(generate === undefined ? {} : { generate: generated(recordOf(resource, 'GenerateSecretString')) }),
  });
  gathered.secretNames.set(name, secretArn);
  return { ref: secretArn, attributes: { Id: secretArn } };
};

const rotation: MakeResource = async (resource, { secrets }) => {
  const rules = recordOf(resource, 'RotationRules');
  const days = Number(rules['AutomaticallyAfterDays']);
  const secretId = textOf(resource, 'SecretId');
  await secrets.ensureRotation(secretId, {
    rotationLambdaArn: textOf(resource, 'RotationLambdaARN'),
    ...(Number.isFinite(days) ? { automaticallyAfterDays: days } : {}),
    ...(typeof rules['ScheduleExpression'] === 'string'
      ? { scheduleExpression: rules['ScheduleExpression'] }
      : {}),
  });
  return { ref: secretId };
};

const identity: MakeResource = async (resource, { ses }) => {
  const name = textOf(resource, 'EmailIdentity');
  await ses.ensureIdentity(name);
  const tokens = [1, 2, 3].flatMap((n) => [
    [`DkimDNSTokenName${n}`, `token${n}._domainkey.${name}`],
    [`DkimDNSTokenValue${n}`, `token${n}.dkim.amazonses.com`],
  ]);
  return { ref: name, attributes: Object.fromEntries(tokens) as Record<string, string> };
};

export const DATA_TYPES: Readonly<Record<string, MakeResource>> = {
  'AWS::S3::Bucket': bucket,
  'AWS::KMS::Key': key,
  'AWS::KMS::Alias': alias,
  'AWS::SecretsManager::Secret': secret,
  'AWS::SecretsManager::RotationSchedule': rotation,
  'AWS::SES::EmailIdentity': identity,
};
