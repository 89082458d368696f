import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ROTATION_STEP_SECONDS } from '#shared/credentials/rotation/stuck-pending.ts';
import { ROTATION_POLICIES } from '#shared/credentials/rotation-policies.ts';
import { EntryFunction } from './function.ts';
import { grantHouseSecrets, grantInvoke, grantSecrets, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

/** How often secrets are looked at for a rotation that is stuck. */
const WATCH_EVERY_MINUTES = 10;

/**
 * Rotation by Secrets Manager's own protocol, and what operators do to a secret. A deployment sets schedules and rotates
 * nothing: the first rotation of every secret is somebody's decision.
 */
export class Rotation extends Construct {
  readonly rotateSecret: IFunction;
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, { record, tables, house, overrides, deadLetters }: Surroundings) {
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
      writeRows: ['condition#'],
    });
    const steps = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'] as const;
    const own = [house.keyring, house.signingKeys];
    grantSecrets(rotate, record.stage, steps);
    grantHouseSecrets(rotate, own, steps);
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
    grantTable(change, tables.credentials, { items: ['GetItem', 'PutItem'], writeRows: ['act#'] });
    grantTable(change, tables.registry, { items: ['GetItem'] });
    const byHand = [
      'DescribeSecret',
      'UpdateSecretVersionStage',
      'RotateSecret',
      'CancelRotateSecret',
    ] as const;
    grantSecrets(change, record.stage, [...byHand, 'PutSecretValue']);
    // Nobody hands in a value of the stack's own secrets.
    grantHouseSecrets(change, own, byHand);
    // Whoever starts a rotation has to be allowed to invoke the function that it runs in.
    grantInvoke(change, rotate);

    // Apart from the function above, which never reads a value: this one reads the rings, and no other secret.
    const drop = new EntryFunction(this, 'credentials/drop-key', {
      record,
      failures: 'synchronous',
      environment: { ...common, REGISTRY_TABLE: tables.registry.tableName },
    });
    grantTable(drop, tables.credentials, { items: ['GetItem', 'PutItem'], writeRows: ['act#', 'drop#'] });
    grantTable(drop, tables.registry, { items: ['GetItem'] });
    grantHouseSecrets(drop, own, steps);

    const watch = new EntryFunction(this, 'credentials/watch-rotations', {
      record,
      failures: deadLetters,
      timeout: Duration.seconds(60),
      environment: common,
    });
    grantTable(watch, tables.credentials, { items: ['BatchGetItem'], query: ['byKind'] });
    grantSecrets(watch, record.stage, ['DescribeSecret']);
    grantHouseSecrets(watch, own, ['DescribeSecret']);
    this.everyTenMinutes(watch, deadLetters);

    this.rotateSecret = rotate;
    this.functions = { 'credentials/change-secret': change, 'credentials/drop-key': drop };
  }
  private everyTenMinutes(fn: IFunction, deadLetters: IQueue): void {
    const scheduler = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
    );
    scheduler.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
    );
    new Schedule(this, 'EveryTenMinutes', {
      description: 'Looks for rotations that are stuck',
      schedule: ScheduleExpression.rate(Duration.minutes(WATCH_EVERY_MINUTES)),
      target: new LambdaInvoke(fn, {
        input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
        // The next tick looks again, so an old one is worth nothing.
        maxEventAge: Duration.minutes(WATCH_EVERY_MINUTES),
        retryAttempts: 2,
        deadLetterQueue: deadLetters,
        role: scheduler.withoutPolicyUpdates(),
      }),
    });
  }
}
