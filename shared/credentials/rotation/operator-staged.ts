import type { Credential } from '../credential.ts';
import { SecretDocument } from '../secret.ts';
import { secretFits } from '../secret-fields.ts';
import { documentOf } from './keyring-document.ts';
import { type RotationKind, RotationError, type TestVerdict } from './kind.ts';
import { type ReadVersion, type RemoveStage, STAGED } from './versions.ts';

/** What the provider says to a value: whether it lets it in, and as whom. */
export interface ProbeAnswer {
  readonly verdict: TestVerdict;
  /** The account in the provider's own words; null where it has none or did not say. */
  readonly account: string | null;
}

/** Asks the provider with a value that need not be the current one. Reads only; never throws for what it answers. */
export type ProbeValue = (credential: Credential, value: SecretDocument) => Promise<ProbeAnswer>;

export interface OperatorStagedDeps {
  readonly readVersion: ReadVersion;
  readonly removeStage: RemoveStage;
  readonly probe: ProbeValue;
  /** The account that the provider named when the current value was last looked at. */
  readonly knownAccount: (credential: Credential) => Promise<string | null>;
}

/** Fields that say where or for whom a value is good; a rotation never changes them. */
const FIXED_FIELDS = ['account', 'baseUrl', 'clientId', 'host', 'shop'] as const;

const parsed = (text: string): SecretDocument | undefined => SecretDocument.safeParse(documentOf(text)).data;

/**
 * A provider that has no way to renew a key by itself: a person fetched the new value and staged it. It is tried at the
 * provider before it is promoted; the one before it stays `AWSPREVIOUS`, and at the provider until a person deletes it.
 */
export const operatorStagedKind = (credential: Credential, deps: OperatorStagedDeps): RotationKind => ({
  async create({ secretId }, current) {
    const staged = await deps.readVersion(secretId, { stage: STAGED });
    if (staged === undefined || staged.value === current)
      throw new RotationError(
        'NEEDS_STAGED_VALUE',
        `fetch a new value from ${credential.provider} and hand it in with "autopack credentials stage"; nothing was changed`,
      );
    const document = parsed(staged.value);
    if (document === undefined || !secretFits(credential.provider, document))
      throw new RotationError(
        'VALUE_DOES_NOT_FIT',
        `the staged value lacks the fields that ${credential.provider} needs; stage it again`,
      );
    return staged.value;
  },
  set: async () => undefined,
  async test(value) {
    const document = parsed(value);
    if (document === undefined || !secretFits(credential.provider, document)) return 'refused';
    return (await deps.probe(credential, document)).verdict;
  },
  async sameAccount(current, pending) {
    const before = parsed(current);
    const after = parsed(pending);
    if (before === undefined || after === undefined) return 'cannot-tell';
    if (FIXED_FIELDS.some((field) => before[field] !== after[field])) return 'different';
    const known = (await deps.probe(credential, before)).account ?? (await deps.knownAccount(credential));
    // Nobody ever said whose the current one is: the provider has no accounts to tell apart.
    if (known === null) return 'same';
    const { account, verdict } = await deps.probe(credential, after);
    if (verdict === 'refused') return 'refused';
    if (account === null) return 'cannot-tell';
    return account === known ? 'same' : 'different';
  },
  /** What was promoted waits no more. A value that was staged meanwhile stays for the next rotation. */
  async finish({ secretId }, promoted) {
    const staged = await deps.readVersion(secretId, { stage: STAGED });
    if (staged?.value !== promoted) return;
    await deps.removeStage(secretId, { stage: STAGED, from: staged.versionId });
  },
});
