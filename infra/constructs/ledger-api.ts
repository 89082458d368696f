import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantArtifacts, grantExecutions, grantKey, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

export interface LedgerApiProps extends Surroundings {
  readonly path: StateMachine;
}

/** The functions behind `/projects/{project}/actions`. */
export class LedgerApi extends Construct {
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, { record, tables, artifacts, tokenKey, path }: LedgerApiProps) {
    super(scope, id);
    const common = { AUTOPACK_ENV: record.stage, ACTIONS_TABLE: tables.actions.tableName };
    const machine = { ACTION_STATE_MACHINE_ARN: path.stateMachineArn };

    const propose = new EntryFunction(this, 'actions/propose-action', {
      record,
      failures: 'synchronous',
      environment: {
        ...common,
        ...machine,
        REGISTRY_TABLE: tables.registry.tableName,
        ARTIFACTS_BUCKET: artifacts.bucketName,
      },
    });
    grantTable(propose, tables.actions, { items: ['PutItem'] });
    grantTable(propose, tables.registry, { items: ['GetItem'] });
    grantArtifacts(propose, artifacts, { write: ['payloads'] });
    grantExecutions(propose, path, 'start');

    const submit = new EntryFunction(this, 'actions/submit-action', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...machine },
    });
    grantTable(submit, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantExecutions(submit, path, 'start');

    const cancel = new EntryFunction(this, 'actions/cancel-action', {
      record,
      failures: 'synchronous',
      environment: { ...common, APPROVALS_TABLE: tables.approvals.tableName, TOKEN_KEY_ARN: tokenKey.keyArn },
    });
    grantTable(cancel, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(cancel, tables.approvals, { items: ['GetItem', 'PutItem'] });
    grantKey(cancel, tokenKey, 'Decrypt');
    grantExecutions(cancel, path, 'succeedTask');

    const resolve = new EntryFunction(this, 'actions/resolve-action', {
      record,
      failures: 'synchronous',
      environment: { ...common, ...machine },
    });
    grantTable(resolve, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantExecutions(resolve, path, 'start');

    const read = new EntryFunction(this, 'actions/read-actions', {
      record,
      failures: 'synchronous',
      environment: {
        ...common,
        ARTIFACTS_BUCKET: artifacts.bucketName,
        APPROVALS_TABLE: tables.approvals.tableName,
      },
    });
    grantTable(read, tables.actions, {
      items: ['GetItem', 'BatchGetItem'],
      query: ['byTime', 'byRun', 'attention'],
    });
    grantTable(read, tables.approvals, { items: ['GetItem'] });
    grantArtifacts(read, artifacts, { read: ['dry-runs'] });

    this.functions = {
      'actions/propose-action': propose,
      'actions/submit-action': submit,
      'actions/cancel-action': cancel,
      'actions/resolve-action': resolve,
      'actions/read-actions': read,
    };
  }
}
