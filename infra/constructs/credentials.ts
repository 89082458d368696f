import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantKey, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

/** The wait for a usable credential. */
export class Credentials extends Construct {
  readonly waitForCredential: IFunction;

  constructor(scope: Construct, id: string, { record, tables, tokenKey }: Surroundings) {
    super(scope, id);
    const wait = new EntryFunction(this, 'credentials/wait-for-credential', {
      record,
      failures: 'synchronous',
      environment: {
        AUTOPACK_ENV: record.stage,
        ACTIONS_TABLE: tables.actions.tableName,
        CREDENTIALS_TABLE: tables.credentials.tableName,
        TOKEN_KEY_ARN: tokenKey.keyArn,
      },
    });
    grantTable(wait, tables.actions, { items: ['GetItem', 'PutItem'] });
    grantTable(wait, tables.credentials, { items: ['GetItem', 'PutItem'] });
    grantKey(wait, tokenKey, 'Encrypt');
    this.waitForCredential = wait;
  }
}
