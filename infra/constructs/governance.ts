import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantArtifacts, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

/** The gates of the path, and the changes of a project's policy and settings. */
export class Governance extends Construct {
  readonly evaluateGates: IFunction;
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, { record, tables, artifacts }: Surroundings) {
    super(scope, id);
    const common = {
      AUTOPACK_ENV: record.stage,
      REGISTRY_TABLE: tables.registry.tableName,
      CREDENTIALS_TABLE: tables.credentials.tableName,
    };

    const gates = new EntryFunction(this, 'governance/evaluate-gates', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(30),
      memoryMb: 1024,
      environment: {
        ...common,
        ACTIONS_TABLE: tables.actions.tableName,
        POLICIES_TABLE: tables.policies.tableName,
        ARTIFACTS_BUCKET: artifacts.bucketName,
        APPROVALS_TABLE: tables.approvals.tableName,
      },
    });
    grantTable(gates, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(gates, tables.approvals, { items: ['GetItem', 'PutItem'] });
    grantTable(gates, tables.registry, { items: ['GetItem'] });
    grantTable(gates, tables.credentials, { items: ['BatchGetItem'] });
    grantTable(gates, tables.policies, { items: ['BatchGetItem'] });
    grantArtifacts(gates, artifacts, { read: ['dry-runs'] });
    this.evaluateGates = gates;

    const change = new EntryFunction(this, 'governance/change-project', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(29),
      memoryMb: 1024,
      environment: common,
    });
    grantTable(change, tables.registry, { items: ['GetItem', 'BatchGetItem', 'PutItem'], query: ['byKind'] });
    grantTable(change, tables.credentials, { items: ['BatchGetItem', 'PutItem'] });

    this.functions = { 'governance/change-project': change };
  }
}
