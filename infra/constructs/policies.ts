import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { EntryFunction } from './function.ts';
import { grantPolicyBodies, grantSending, grantTable } from './grants.ts';
import type { Surroundings } from './surroundings.ts';

export interface PoliciesProps extends Surroundings {
  readonly sender: EmailIdentity;
}

/** The policy monitor: what is due, the look at a page, the comparison, and what people are told. */
export class Policies extends Construct {
  readonly listDueSources: IFunction;
  readonly fetchSource: IFunction;
  readonly compareSource: IFunction;
  readonly tellPeople: IFunction;
  readonly weeklyDigest: IFunction;

  constructor(scope: Construct, id: string, props: PoliciesProps) {
    super(scope, id);
    const { record, tables, artifacts, deadLetters, publicUrl, overrides, sender } = props;
    const common = { AUTOPACK_ENV: record.stage, POLICIES_TABLE: tables.policies.tableName };
    const bodies = { ARTIFACTS_BUCKET: artifacts.bucketName };
    const mail = {
      REGISTRY_TABLE: tables.registry.tableName,
      SENDER_ADDRESS: record.senderAddress,
      PUBLIC_URL: publicUrl,
    };

    const list = new EntryFunction(this, 'policies/list-due-sources', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(60),
      environment: common,
    });
    grantTable(list, tables.policies, { items: ['BatchGetItem', 'PutItem'], query: ['byKind'] });
    this.listDueSources = list;

    const fetch = new EntryFunction(this, 'policies/fetch-source', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(60),
      memoryMb: 1024,
      environment: {
        ...common,
        ...bodies,
        POLICY_CONTACT: record.policies.contact ?? record.senderAddress,
        ...overrides.loopback,
      },
    });
    grantTable(fetch, tables.policies, { items: ['GetItem'] });
    grantPolicyBodies(fetch, artifacts, { read: ['captures'], write: ['captures', 'raw'] });
    this.fetchSource = fetch;

    const compare = new EntryFunction(this, 'policies/compare-source', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(120),
      memoryMb: 1024,
      environment: {
        ...common,
        ...bodies,
        POLICY_CONFIRM_SECONDS: String(record.policies.confirmSeconds),
      },
    });
    grantTable(compare, tables.policies, { items: ['GetItem', 'PutItem', 'UpdateItem'] });
    grantPolicyBodies(compare, artifacts, {
      read: ['captures', 'content', 'raw'],
      write: ['captures', 'content', 'diffs'],
    });
    this.compareSource = compare;

    const tell = new EntryFunction(this, 'policies/tell-people', {
      record,
      failures: 'synchronous',
      timeout: Duration.seconds(60),
      environment: { ...common, ...mail },
    });
    grantTable(tell, tables.policies, { items: ['GetItem', 'BatchGetItem', 'PutItem'] });
    grantTable(tell, tables.registry, { items: ['BatchGetItem'], query: ['byKind'] });
    grantSending(tell, sender);
    this.tellPeople = tell;

    const digest = new EntryFunction(this, 'policies/weekly-digest', {
      record,
      failures: deadLetters,
      timeout: Duration.seconds(120),
      environment: { ...common, ...mail },
    });
    grantTable(digest, tables.policies, { items: ['BatchGetItem', 'PutItem'], query: ['byKind'] });
    grantTable(digest, tables.registry, { items: ['BatchGetItem'], query: ['byKind'] });
    grantSending(digest, sender);
    this.weeklyDigest = digest;
  }
}
