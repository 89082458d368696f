import type { Credential, ListCredentials } from '../credential.ts';
import { type RotationKind, RotationError, type RotationTarget } from './kind.ts';
import type { SecretDescription } from './versions.ts';

export interface TargetDeps {
  readonly listCredentials: ListCredentials;
  /** The secrets of the stack itself, by ARN. */
  readonly house: Readonly<Record<string, RotationKind>>;
  readonly operatorStaged: (credential: Credential) => RotationKind;
}

/** Whether a grant's reference (a name, an ARN, or an ARN without the suffix of AWS) is this secret. */
export const namesSecret = (secretId: string, { arn, name }: { arn: string; name: string }): boolean =>
  secretId === name || secretId === arn || secretId === arn.replace(/-[A-Za-z0-9]{6}$/, '');

const notHere = (detail: string): RotationError => new RotationError('NOT_ROTATED_HERE', detail);

/**
 * What a secret is to us. One that several credentials name is theirs together, as long as it is one account of one
 * provider; a secret that nobody registered is never touched.
 * @throws RotationError NOT_ROTATED_HERE
 */
export const targetOf =
  ({ listCredentials, house, operatorStaged }: TargetDeps) =>
  async (secret: Pick<SecretDescription, 'arn' | 'name'>): Promise<RotationTarget> => {
    const ours = Object.hasOwn(house, secret.arn) ? house[secret.arn] : undefined;
    if (ours !== undefined) return { kind: ours, grants: [] };
    const grants = (await listCredentials()).filter(
      ({ retired, secretId }) => !retired && namesSecret(secretId, secret),
    );
    const [first] = grants;
    if (first === undefined)
      throw notHere('no credential that is in use names this secret; register it first');
    const apart = grants.some(
      (grant) =>
        grant.provider !== first.provider ||
        grant.account !== first.account ||
        grant.environment !== first.environment ||
        grant.kind !== first.kind ||
        grant.standIn !== first.standIn,
    );
    if (apart) throw notHere('credentials of several accounts name this secret; give each its own');
    if (first.kind !== 'operator-staged')
      throw notHere(`a credential of kind "${first.kind}" is renewed elsewhere`);
    return { kind: operatorStaged(first), grants };
  };
