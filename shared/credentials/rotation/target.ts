import type { Credential, ListCredentials } from '../credential.ts';
import type { Renewal } from '../renewal.ts';
import { type RotationKind, RotationError, type RotationTarget } from './kind.ts';
import type { SecretDescription } from './versions.ts';

export interface TargetDeps {
  readonly listCredentials: ListCredentials;
  /** The secrets of the stack itself, by ARN. */
  readonly house: Readonly<Record<string, RotationKind>>;
  readonly operatorStaged: (credential: Credential) => RotationKind;
  readonly apiKey: (credential: Credential, renewal: Renewal) => RotationKind;
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
  ({ listCredentials, house, operatorStaged, apiKey }: TargetDeps) =>
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
    // A key would go to whatever host one of them names: they have to agree about it.
    const renewals = new Set(grants.map(({ renewal }) => JSON.stringify(renewal)));
    if (renewals.size > 1)
      throw notHere('credentials that name this secret say differently how it is renewed; make them agree');
    if (first.kind === 'api-key' && first.renewal !== undefined)
      return { kind: apiKey(first, first.renewal), grants };
    if (first.kind !== 'operator-staged')
      throw notHere(`a credential of kind "${first.kind}" is renewed elsewhere`);
    return { kind: operatorStaged(first), grants };
  };
