import { RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { pin } from './pin.ts';

/** The two customer keys. They rotate every year and are never deleted with the stack. */
export class Keys extends Construct {
  /** Tables and artifacts. */
  readonly data: Key;
  /** Task tokens and the history of executions: what could answer a wait. */
  readonly token: Key;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const key = (name: string, description: string): Key => {
      const made = new Key(this, name, {
        description,
        enableKeyRotation: true,
        removalPolicy: RemovalPolicy.RETAIN,
      });
      pin(made, `${name}Key`);
      return made;
    };
    this.data = key('Data', 'Autopack: tables and artifacts');
    this.token = key('Token', 'Autopack: task tokens and execution history');
  }
}
