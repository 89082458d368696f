import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantArtifacts, grantKey, grantProviderSecrets, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

/** The wait for a usable credential. */
export class Credentials extends Construct {
  readonly waitForCredential: IFunction;

  constructor(scope: Construct, id: string, { record, tables, artifacts, tokenKey }: Surroundings) {
    super(scope, id);
    const wait = new EntryFunction(this, 'credentials/wait-for-credential', {
      record,
      failures: 'synchronous',
      environment: {
        AUTOPACK_ENV: record.stage,
        ACTIONS_TABLE: tables.actions.tableName,
        CREDENTIALS_TABLE: tables.credentials.tableName,
        ARTIFACTS_BUCKET: artifacts.bucketName,
        TOKEN_KEY_ARN: tokenKey.keyArn,
      },
    });
    grantTable(wait, tables.actions, { items: ['GetItem'] });
    grantTable(wait, tables.credentials, {
      items: ['GetItem', 'BatchGetItem', 'PutItem'],
      writeRows: ['reauth#', 'wait#'],
    });
    grantArtifacts(wait, artifacts, { read: ['dry-runs'] });
    grantProviderSecrets(wait, record.stage);
    grantKey(wait, tokenKey, 'Encrypt');
    this.waitForCredential = wait;
  }
}
