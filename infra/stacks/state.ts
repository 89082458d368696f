import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Artifacts } from '../constructs/artifacts.ts';
import { HouseSecrets } from '../constructs/house-secrets.ts';
import { Keys } from '../constructs/keys.ts';
import { People } from '../constructs/people.ts';
import { Tables } from '../constructs/tables.ts';
import type { StageRecord } from '../stages.ts';

export interface StateStackProps extends StackProps {
  readonly record: StageRecord;
}

/**
 * Everything that must outlive a deployment: keys, tables, artifacts, the user pool and the secrets of the stack. All of it is retained and
 * has a pinned logical id, since a renamed construct would replace the thing and lose what is in it.
 */
export class StateStack extends Stack {
  readonly keys: Keys;
  readonly tables: Tables;
  readonly artifacts: Artifacts;
  readonly people: People;
  readonly house: HouseSecrets;

  constructor(scope: Construct, id: string, { record, ...props }: StateStackProps) {
    super(scope, id, props);
    this.keys = new Keys(this, 'Keys');
    this.tables = new Tables(this, 'Tables', { dataKey: this.keys.data });
    this.artifacts = new Artifacts(this, 'Artifacts', { dataKey: this.keys.data });
    this.people = new People(this, 'People', { record });
    this.house = new HouseSecrets(this, 'House', { stage: record.stage });
  }
}
