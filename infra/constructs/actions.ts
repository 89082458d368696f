import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { EXECUTE_TIMEOUT_SECONDS } from '../stages.ts';
import { EntryFunction } from './function.ts';
import { grantArtifacts, grantProviderSecrets, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

/** The steps of the path that render, execute and reconcile an action. */
export class ActionSteps extends Construct {
  readonly renderAction: IFunction;
  readonly executeAction: IFunction;
  readonly reconcileAction: IFunction;

  constructor(scope: Construct, id: string, { record, tables, artifacts, overrides }: Surroundings) {
    super(scope, id);
    const common = {
      AUTOPACK_ENV: record.stage,
      ACTIONS_TABLE: tables.actions.tableName,
      ARTIFACTS_BUCKET: artifacts.bucketName,
    };
    const lag = { PROVIDER_LAG_SECONDS: String(record.timing.providerLagSeconds) };
    const timeout = Duration.seconds(EXECUTE_TIMEOUT_SECONDS);

    const render = new EntryFunction(this, 'actions/render-action', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(30),
      environment: {
        ...common,
        ...overrides.url,
        REGISTRY_TABLE: tables.registry.tableName,
      },
    });
    grantTable(render, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(render, tables.registry, { items: ['GetItem'] });
    grantArtifacts(render, artifacts, { read: ['payloads', 'dry-runs'], write: ['dry-runs'] });
    this.renderAction = render;

    const execute = new EntryFunction(this, 'actions/execute-action', {
      record,
      failures: 'synchronous',
      timeout,
      memoryMb: 1024,
      environment: {
        ...common,
        LEASE_SECONDS: String(record.timing.leaseSeconds),
        ...lag,
        ...overrides.loopback,
        APPROVALS_TABLE: tables.approvals.tableName,
        REGISTRY_TABLE: tables.registry.tableName,
        CREDENTIALS_TABLE: tables.credentials.tableName,
        POLICIES_TABLE: tables.policies.tableName,
      },
    });
    grantTable(execute, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(execute, tables.approvals, { items: ['BatchGetItem'] });
    grantTable(execute, tables.registry, { items: ['BatchGetItem'] });
    grantTable(execute, tables.credentials, {
      items: ['BatchGetItem', 'PutItem'],
      // When it was used, and whether it was refused. What it may do is for people to change.
      writeRows: ['condition#'],
    });
    grantTable(execute, tables.policies, { items: ['BatchGetItem'] });
    grantArtifacts(execute, artifacts, { read: ['dry-runs'] });
    grantProviderSecrets(execute, record.stage);
    this.executeAction = execute;

    const reconcile = new EntryFunction(this, 'actions/reconcile-action', {
      record,
      failures: 'synchronous',
      timeout,
      environment: {
        ...common,
        ...lag,
        ...overrides.loopback,
        CREDENTIALS_TABLE: tables.credentials.tableName,
      },
    });
    grantTable(reconcile, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(reconcile, tables.credentials, { items: ['GetItem'] });
    grantArtifacts(reconcile, artifacts, { read: ['dry-runs'] });
    grantProviderSecrets(reconcile, record.stage);
    this.reconcileAction = reconcile;
  }
}
