import { Duration } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ROTATION_STEP_SECONDS } from '#shared/credentials/rotation/stuck-pending.ts';
import { ROTATION_POLICIES } from '#shared/credentials/rotation-policies.ts';
import { EntryFunction } from './function.ts';
import { grantInvoke, grantSecrets, grantTable } from './grants.ts';
import type { HouseSecrets } from './house-secrets.ts';
import type { Surroundings } from './surroundings.ts';

export interface RotationProps extends Surroundings {
  readonly house: HouseSecrets;
}

/**
 * Rotation by Secrets Manager's own protocol, and what operators do to a secret. A deployment sets schedules and rotates
 * nothing: the first rotation of every secret is somebody's decision.
 */
export class Rotation extends Construct {
  readonly rotateSecret: IFunction;
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, { record, tables, house, overrides }: RotationProps) {
    super(scope, id);
    const common = {
      AUTOPACK_ENV: record.stage,
      CREDENTIALS_TABLE: tables.credentials.tableName,
      KEYRING_SECRET_ARN: house.keyring.secretArn,
      SIGNING_SECRET_ARN: house.signingKeys.secretArn,
    };

    const rotate = new EntryFunction(this, 'credentials/rotate-secret', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(ROTATION_STEP_SECONDS),
      environment: { ...common, ...overrides.url, ...overrides.loopback },
    });
    grantTable(rotate, tables.credentials, {
      items: ['GetItem', 'BatchGetItem', 'PutItem'],
      query: ['byKind'],
    });
    grantSecrets(rotate, record.stage, [
      'DescribeSecret',
      'GetSecretValue',
      'PutSecretValue',
      'UpdateSecretVersionStage',
    ]);
    rotate.addPermission('SecretsManager', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
    });
    const permission = rotate.node.findChild('SecretsManager');

    const schedule = (name: string, secretId: string, days: number): void => {
      const made = new CfnRotationSchedule(this, name, {
        secretId,
        rotationLambdaArn: rotate.functionArn,
        rotateImmediatelyOnUpdate: false,
        rotationRules: { automaticallyAfterDays: days },
      });
      made.node.addDependency(permission);
    };
    schedule('KeyringSchedule', house.keyring.secretArn, ROTATION_POLICIES['hmac-keyring'].maxDays);
    schedule('SigningKeysSchedule', house.signingKeys.secretArn, ROTATION_POLICIES['signing-key'].maxDays);

    const change = new EntryFunction(this, 'credentials/change-secret', {
      record,
      failures: 'synchronous',
      environment: {
        ...common,
        REGISTRY_TABLE: tables.registry.tableName,
        ROTATION_FUNCTION_ARN: rotate.functionArn,
      },
    });
    grantTable(change, tables.credentials, { items: ['GetItem', 'PutItem'] });
    grantTable(change, tables.registry, { items: ['GetItem'] });
    grantSecrets(change, record.stage, [
      'DescribeSecret',
      'PutSecretValue',
      'UpdateSecretVersionStage',
      'RotateSecret',
      'CancelRotateSecret',
    ]);
    // Whoever starts a rotation has to be allowed to invoke the function that it runs in.
    grantInvoke(change, rotate);

    this.rotateSecret = rotate;
    this.functions = { 'credentials/change-secret': change };
  }
}
