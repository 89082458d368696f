import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantArtifacts, grantHouseSecrets, grantKey, grantSending, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

export interface ApprovalsProps extends Surroundings {
  readonly sender: EmailIdentity;
}

/** The wait for a person: asking, closing, deciding, and the pages. */
export class Approvals extends Construct {
  readonly requestApproval: IFunction;
  readonly closeApproval: IFunction;
  readonly decideApproval: IFunction;
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(scope: Construct, id: string, props: ApprovalsProps) {
    super(scope, id);
    const { record, tables, artifacts, tokenKey, publicUrl, house } = props;
    const common = { AUTOPACK_ENV: record.stage, APPROVALS_TABLE: tables.approvals.tableName };

    const request = new EntryFunction(this, 'approvals/request-approval', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(30),
      environment: {
        ...common,
        ACTIONS_TABLE: tables.actions.tableName,
        REGISTRY_TABLE: tables.registry.tableName,
        POLICIES_TABLE: tables.policies.tableName,
        ARTIFACTS_BUCKET: artifacts.bucketName,
        TOKEN_KEY_ARN: tokenKey.keyArn,
        SENDER_ADDRESS: record.senderAddress,
        PUBLIC_URL: publicUrl,
      },
    });
    grantTable(request, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(request, tables.approvals, { items: ['GetItem', 'PutItem'] });
    grantTable(request, tables.registry, { items: ['GetItem', 'BatchGetItem'], query: ['byKind'] });
    grantTable(request, tables.policies, { items: ['BatchGetItem'] });
    grantArtifacts(request, artifacts, { read: ['dry-runs'] });
    grantKey(request, tokenKey, 'Encrypt');
    grantSending(request, props.sender);
    this.requestApproval = request;

    const close = new EntryFunction(this, 'approvals/close-approval', {
      record,
      failures: 'synchronous',
      environment: { ...common, ACTIONS_TABLE: tables.actions.tableName },
    });
    grantTable(close, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(close, tables.approvals, { items: ['GetItem', 'PutItem'] });
    this.closeApproval = close;

    const read = new EntryFunction(this, 'approvals/read-approvals', {
      record,
      failures: 'synchronous',
      environment: { ...common, ARTIFACTS_BUCKET: artifacts.bucketName },
    });
    grantTable(read, tables.approvals, { items: ['GetItem', 'BatchGetItem'], query: ['byProject'] });
    grantArtifacts(read, artifacts, { read: ['dry-runs'] });

    const decide = new EntryFunction(this, 'approvals/decide-approval', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(29),
      memoryMb: 1024,
      environment: {
        ...common,
        REGISTRY_TABLE: tables.registry.tableName,
        CONTROLS_TABLE: tables.controls.tableName,
        ARTIFACTS_BUCKET: artifacts.bucketName,
        TOKEN_KEY_ARN: tokenKey.keyArn,
        KEYRING_SECRET_ARN: house.keyring.secretArn,
      },
    });
    grantHouseSecrets(decide, [house.keyring], ['GetSecretValue']);
    grantTable(decide, tables.approvals, { items: ['GetItem', 'PutItem'] });
    grantTable(decide, tables.registry, { items: ['GetItem', 'UpdateItem'] });
    grantTable(decide, tables.controls, { items: ['UpdateItem'] });
    grantArtifacts(decide, artifacts, { read: ['dry-runs'] });
    grantKey(decide, tokenKey, 'Decrypt');
    this.decideApproval = decide;

    const pages = new EntryFunction(this, 'approvals/show-pages', {
      record,
      failures: 'synchronous',
      environment: {
        ...common,
        REGISTRY_TABLE: tables.registry.tableName,
        CONTROLS_TABLE: tables.controls.tableName,
        POLICIES_TABLE: tables.policies.tableName,
        CREDENTIALS_TABLE: tables.credentials.tableName,
        ARTIFACTS_BUCKET: artifacts.bucketName,
        KEYRING_SECRET_ARN: house.keyring.secretArn,
      },
    });
    grantHouseSecrets(pages, [house.keyring], ['GetSecretValue']);
    grantTable(pages, tables.approvals, { items: ['GetItem', 'BatchGetItem'], query: ['byProject'] });
    grantTable(pages, tables.registry, { items: ['GetItem', 'UpdateItem'] });
    grantTable(pages, tables.controls, { items: ['UpdateItem'] });
    grantTable(pages, tables.policies, { items: ['BatchGetItem'], query: ['byKind'] });
    grantTable(pages, tables.credentials, { items: ['GetItem', 'BatchGetItem'], query: ['byKind'] });
    grantArtifacts(pages, artifacts, { read: ['dry-runs'] });

    this.functions = {
      'approvals/read-approvals': read,
      'approvals/decide-approval': decide,
      'approvals/show-pages': pages,
    };
  }
}
