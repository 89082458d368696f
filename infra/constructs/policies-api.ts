import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantExecutions, grantHouseSecrets, grantPolicyBodies, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

export interface PoliciesApiProps extends Surroundings {
  /** The machine of the policy check. */
  readonly check: StateMachine;
}

/** What people and agents do with the policy monitor: read, acknowledge, edit sources, look now, and the pages. */
export class PoliciesApi extends Construct {
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, { record, tables, artifacts, house, check }: PoliciesApiProps) {
    super(scope, id);
    const common = { AUTOPACK_ENV: record.stage, POLICIES_TABLE: tables.policies.tableName };
    const registry = { REGISTRY_TABLE: tables.registry.tableName };
    const ring = { KEYRING_SECRET_ARN: house.keyring.secretArn };
    const bodies = { ARTIFACTS_BUCKET: artifacts.bucketName };

    const read = new EntryFunction(this, 'policies/read-policies', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(29),
      environment: { ...common, ...bodies },
    });
    grantTable(read, tables.policies, { items: ['GetItem', 'BatchGetItem'], query: ['byKind'] });
    grantPolicyBodies(read, artifacts, { read: ['content', 'diffs'] });

    const acknowledge = new EntryFunction(this, 'policies/acknowledge-change', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...registry, ...ring, CONTROLS_TABLE: tables.controls.tableName },
    });
    grantHouseSecrets(acknowledge, [house.keyring], ['GetSecretValue']);
    grantTable(acknowledge, tables.policies, { items: ['GetItem', 'PutItem'] });
    grantTable(acknowledge, tables.registry, { items: ['GetItem', 'UpdateItem'] });
    grantTable(acknowledge, tables.controls, { items: ['UpdateItem'] });

    const change = new EntryFunction(this, 'policies/change-source', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...registry },
    });
    grantTable(change, tables.policies, { items: ['GetItem', 'PutItem'] });
    grantTable(change, tables.registry, { items: ['GetItem'] });

    const checkNow = new EntryFunction(this, 'policies/check-now', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...registry, POLICY_CHECK_STATE_MACHINE_ARN: check.stateMachineArn },
    });
    grantTable(checkNow, tables.policies, { items: ['GetItem'] });
    grantTable(checkNow, tables.registry, { items: ['GetItem'] });
    grantExecutions(checkNow, check, 'start');

    const pages = new EntryFunction(this, 'policies/show-policies', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...registry, ...ring, ...bodies },
    });
    grantHouseSecrets(pages, [house.keyring], ['GetSecretValue']);
    grantTable(pages, tables.policies, { items: ['GetItem', 'BatchGetItem'], query: ['byKind'] });
    grantTable(pages, tables.registry, { items: ['GetItem', 'UpdateItem'] });
    grantPolicyBodies(pages, artifacts, { read: ['content', 'diffs'] });

    this.functions = {
      'policies/read-policies': read,
      'policies/acknowledge-change': acknowledge,
      'policies/change-source': change,
      'policies/check-now': checkNow,
      'policies/show-policies': pages,
    };
  }
}
