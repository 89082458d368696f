import { RemovalPolicy } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { pin } from './pin.ts';

export interface HouseSecretsProps {
  readonly stage: string;
}

/**
 * Secrets that Autopack makes itself. What a deployment puts in is a seed that Secrets Manager makes up, so that
 * no template holds a value; the first key is derived from it, and the first rotation replaces it. Their names are not
 * under the prefix of provider secrets: whoever may read those reads none of these.
 */
export class HouseSecrets extends Construct {
  /** HMAC keys of whatever is signed for a while. */
  readonly keyring: Secret;
  /** Ed25519 keys of receipts. */
  readonly signingKeys: Secret;

  constructor(scope: Construct, id: string, { stage }: HouseSecretsProps) {
    super(scope, id);
    const secret = (name: string, file: string, description: string): Secret => {
      const made = new Secret(this, name, {
        secretName: `autopack-house/${stage}/${file}`,
        description,
        generateSecretString: {
          secretStringTemplate: '{"v":0}',
          generateStringKey: 'seed',
          passwordLength: 64,
          excludePunctuation: true,
        },
        removalPolicy: RemovalPolicy.RETAIN,
      });
      pin(made, `${name}Secret`);
      acknowledge(made, {
        'AwsSolutions-SMG4':
          'Its rotation schedule is in the other stack, beside the function that rotates it.',
      });
      return made;
    };
    this.keyring = secret('Keyring', 'keyring', 'Autopack: ring of HMAC keys');
    this.signingKeys = secret('SigningKeys', 'signing-keys', 'Autopack: keys that receipts are signed with');
  }
}
