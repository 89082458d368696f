import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  type CfnGlobalTable,
  ProjectionType,
  TableEncryptionV2,
  TableV2,
  type GlobalSecondaryIndexPropsV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { pin } from './pin.ts';

export interface TablesProps {
  readonly dataKey: IKey;
}

/** Keys only: a reader fetches the rows strongly, so an index never shows an older status than the row has. */
const index = (indexName: string, partition: string, sort: string): GlobalSecondaryIndexPropsV2 => ({
  indexName,
  partitionKey: { name: partition, type: AttributeType.STRING },
  sortKey: { name: sort, type: AttributeType.STRING },
  projectionType: ProjectionType.KEYS_ONLY,
});

/**
 * A table on demand, recoverable to any second, protected against deletion, encrypted with a customer key.
 * `TableEncryptionV2.customerManagedKey` wants to know the region when it synthesizes; these stacks go anywhere,
 * so the key is set on the resource.
 */
export class ProtectedTable extends TableV2 {
  readonly dataKey: IKey;

  constructor(scope: Construct, name: string, { dataKey, indexes = [], timeToLiveAttribute }: TableOptions) {
    super(scope, name, {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      globalSecondaryIndexes: [...indexes],
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(timeToLiveAttribute === undefined ? {} : { timeToLiveAttribute }),
    });
    this.dataKey = dataKey;
    const resource = this.node.defaultChild as CfnGlobalTable;
    resource.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: dataKey.keyArn });
    pin(this, `${name}Table`);
  }
}

interface TableOptions {
  readonly dataKey: IKey;
  readonly indexes?: readonly GlobalSecondaryIndexPropsV2[];
  readonly timeToLiveAttribute?: string;
}

/** The tables of docs/architecture.md. */
export class Tables extends Construct {
  readonly actions: ProtectedTable;
  readonly approvals: ProtectedTable;
  readonly policies: ProtectedTable;
  readonly credentials: ProtectedTable;
  readonly controls: ProtectedTable;
  readonly registry: ProtectedTable;
  readonly runs: ProtectedTable;

  constructor(scope: Construct, id: string, { dataKey }: TablesProps) {
    super(scope, id);
    const table = (name: string, ...indexes: readonly GlobalSecondaryIndexPropsV2[]): ProtectedTable =>
      new ProtectedTable(this, name, { dataKey, indexes });
    this.actions = table(
      'Actions',
      index('byTime', 'project', 'timeKey'),
      index('byRun', 'runKey', 'timeKey'),
      index('attention', 'attention', 'attentionAt'),
    );
    this.approvals = table(
      'Approvals',
      index('byProject', 'project', 'createdAt'),
      index('open', 'open', 'createdAt'),
    );
    this.policies = table('Policies', index('byKind', 'kind', 'sortKey'));
    this.credentials = table('Credentials', index('byKind', 'rowKind', 'sortKey'));
    this.controls = new ProtectedTable(this, 'Controls', { dataKey, timeToLiveAttribute: 'expiresAtEpoch' });
    this.registry = new ProtectedTable(this, 'Registry', {
      dataKey,
      indexes: [index('byKind', 'kind', 'sortKey')],
      // Sessions and used sign-ins; no other row has the attribute.
      timeToLiveAttribute: 'expiresAtEpoch',
    });
    this.runs = table('Runs');
  }
}
